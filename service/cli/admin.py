"""`tiwizi admin`: people of the admin view; what an operator does when nobody can help from within."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import click
from sqlalchemy.orm import Session

from service.cli.database import migrated
from service.container import Container
from service.domain.errors import NotAllowedError, NotFoundError
from service.domain.phone import show_phone
from service.domain.roles import UserRole
from service.models import User
from service.models.session import reading, transaction
from service.usecases import users
from service.usecases.second_factor import NoFactorError, turn_off
from service.usecases.staff import list_users
from service.usecases.users import NameNeededError, NameTakenError, PhoneTakenError, create_user, set_phone

AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print name, role and password as one JSON object.")


@click.group()
def admin() -> None:
    """Manage the people of the admin view."""


@admin.command()
@click.argument("name")
@click.option("--role", type=click.Choice([role.value for role in UserRole]), default="admin", show_default=True)
@AS_JSON
@click.pass_obj
def create(container: Container, *, name: str, role: str, as_json: bool) -> None:
    """Create a user called NAME and print a one-time password: it is shown now and kept nowhere."""
    try:
        with migrated(container), transaction(container.engine) as session:
            user, password = create_user(session, container.clock(), name=name, role=UserRole(role))
    except NameTakenError as error:
        raise click.ClickException(f"A user named {error.values['name']!r} exists already.") from error
    except NameNeededError as error:
        raise click.ClickException(f"A name has 1 to {error.values['longest']} characters.") from error
    _say_password(user, password, as_json=as_json)


@admin.command()
@click.argument("name")
@AS_JSON
@click.pass_obj
def password(container: Container, *, name: str, as_json: bool) -> None:
    """Print a new one-time password for the user called NAME, and let them in again if they were locked or blocked."""
    with _changing(container, name) as session:
        user, given = users.give_password(session, container.clock(), name=name)
    _say_password(user, given, as_json=as_json)


@admin.command("second-factor")
@click.argument("name")
@click.pass_obj
def second_factor(container: Container, *, name: str) -> None:
    """Turn off the second factor of the user called NAME, who lost the telephone and the recovery codes."""
    try:
        with _changing(container, name) as session:
            user = users.find_user(session, name)
            if user is None:
                raise NotFoundError
            turn_off(session, container.clock(), actor="operator", user_id=user.id)
    except NoFactorError as error:
        raise click.ClickException(f"{name} has no second factor.") from error
    click.echo(f"{user.name} signs in with the password alone now.")


@admin.command("list")
@click.pass_obj
def list_all(container: Container) -> None:
    """Print everyone, a line each: name, role, whether blocked, whether with a second factor, last sign-in."""
    with migrated(container), reading(container.engine) as session:
        for user in list_users(session):
            state = "blocked" if user.blocked_at else "active" if user.password_hash else "invited"
            last = f"{user.signed_in_at:%Y-%m-%d %H:%M} UTC" if user.signed_in_at else "never"
            click.echo("\t".join([user.name, user.role, state, "second factor" if user.has_factor else "-", last]))


@admin.command()
@click.argument("name")
@click.argument("number", required=False)
@click.pass_obj
def phone(container: Container, *, name: str, number: str | None) -> None:
    """Let the user called NAME work by phone from NUMBER, who then chooses a PIN there; without NUMBER, from none.

    Done again with the same number, it lets who forgot their PIN choose another.
    """
    try:
        with _changing(container, name) as session:
            user = set_phone(session, container.clock(), name=name, number=number)
    except NotAllowedError as error:
        raise click.ClickException(f"{name} is blocked: `tiwizi admin password` lets them in again.") from error
    except PhoneTakenError as error:
        raise click.ClickException(f"{number} is another user's, or speaks for an association.") from error
    except ValueError as error:
        raise click.ClickException(f"{number!r} is not a phone number; write it as +212612345678.") from error
    click.echo(f"{user.name} dials from {show_phone(user.phone)}." if user.phone else f"{user.name} has no phone now.")


@contextmanager
def _changing(container: Container, name: str) -> Iterator[Session]:
    try:
        with migrated(container), transaction(container.engine) as session:
            yield session
    except NotFoundError as error:
        raise click.ClickException(f"No user is named {name!r}.") from error


def _say_password(user: User, password: str, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"name": user.name, "role": user.role, "password": password}))
    else:
        click.echo(f"{user.name} may sign in as {user.role} with the one-time password {password} (shown only now).")
