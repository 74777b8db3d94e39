"""`tiwizi admin`: people of the admin view."""

import json

import click

from service.cli.database import migrated
from service.container import Container
from service.domain.errors import NotFoundError
from service.domain.phone import show_phone
from service.domain.roles import UserRole
from service.models.session import transaction
from service.usecases.users import NameTakenError, PhoneTakenError, create_user, set_phone


@click.group()
def admin() -> None:
    """Manage the people of the admin view."""


@admin.command()
@click.argument("name")
@click.option("--role", type=click.Choice([role.value for role in UserRole]), default="admin", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print name, role and password as one JSON object.")
@click.pass_obj
def create(container: Container, *, name: str, role: str, as_json: bool) -> None:
    """Create a user called NAME and print a one-time password: it is shown now and kept nowhere."""
    try:
        with migrated(container), transaction(container.engine) as session:
            user, password = create_user(session, container.clock(), name=name, role=UserRole(role))
    except NameTakenError as error:
        raise click.ClickException(f"A user named {error.values['name']!r} exists already.") from error
    if as_json:
        click.echo(json.dumps({"name": user.name, "role": role, "password": password}))
    else:
        click.echo(f"{user.name} may sign in as {role} with the one-time password {password} (shown only now).")


@admin.command()
@click.argument("name")
@click.argument("number", required=False)
@click.pass_obj
def phone(container: Container, *, name: str, number: str | None) -> None:
    """Let the user called NAME work by phone from NUMBER, who then chooses a PIN there; without NUMBER, from none.

    Done again with the same number, it lets who forgot their PIN choose another.
    """
    try:
        with migrated(container), transaction(container.engine) as session:
            user = set_phone(session, container.clock(), name=name, number=number)
    except NotFoundError as error:
        raise click.ClickException(f"No user is named {name!r}.") from error
    except PhoneTakenError as error:
        raise click.ClickException(f"{number} is another user's, or speaks for an association.") from error
    except ValueError as error:
        raise click.ClickException(f"{number!r} is not a phone number; write it as +212612345678.") from error
    click.echo(f"{user.name} dials from {show_phone(user.phone)}." if user.phone else f"{user.name} has no phone now.")
