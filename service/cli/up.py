"""`tiwizi up`: all parts in one command; with `--first-run`, everything a fresh checkout needs before."""

import time

import click
from sqlalchemy import func, or_, select

from service.cli.database import migrated
from service.cli.demo import play
from service.cli.migrate import bring_up_to_date
from service.cli.parts import Parts, check_alive, parts_of, running_parts, wait_ready
from service.cli.serve import free_address
from service.cli.stage import only_simulated
from service.container import Container
from service.domain.roles import UserRole
from service.models import User, VillageAssociation
from service.models.session import reading, transaction
from service.settings import Settings
from service.usecases.users import create_user

FIRST_ADMIN = "admin"


@click.command()
@click.option("--first-run", is_flag=True, help="First migrate, load the communes, create an admin, play the demo.")
@click.option("--no-demo", is_flag=True, help="With --first-run: leave an empty database empty.")
@click.pass_obj
def up(container: Container, *, first_run: bool, no_demo: bool) -> None:
    """Start web and worker, and say where everything is."""
    if no_demo and not first_run:
        raise click.UsageError("--no-demo goes with --first-run: only then a demo is played.")
    free_address(container.settings)
    if first_run:
        bring_up_to_date(container)
    try:
        with migrated(container), running_parts(names=parts_of(container.settings)) as parts:
            wait_ready(container.settings.url_here, parts)
            if first_run and not no_demo:
                _play_demo(container)
            _say_where(container.settings)
            if first_run:
                _say_first_admin(container)
            _watch(parts)
    except KeyboardInterrupt:
        click.echo("Stopped.")


def _play_demo(container: Container) -> None:
    """Play the demo story on an empty database, unless real phones would get its texts."""
    if _empty(container) and only_simulated(container.settings):
        click.echo("The database is empty: playing the demo story (DEMO=0 leaves it out).")
        play(container, quiet=True)


def _empty(container: Container) -> bool:
    with reading(container.engine) as session:
        return not session.scalar(select(func.count()).select_from(VillageAssociation))


def _say_where(settings: Settings) -> None:
    click.echo("\nTiwizi is running. Stop it with Ctrl-C.")
    if settings.simulator_on:
        click.echo(f"  Phone simulator {settings.url}/phone")
    click.echo(f"  Admin view      {settings.url}/admin/")
    click.echo(f"  Public pages    {settings.url}/")


def _say_first_admin(container: Container) -> None:
    """Create an admin when there is none; last of all, so that no start that fails takes the password with it."""
    with transaction(container.engine) as session:
        someone = select(User.id).where(or_(User.role == UserRole.ADMIN, User.name == FIRST_ADMIN))
        if session.scalars(someone).first():
            return
        _, password = create_user(session, container.clock(), name=FIRST_ADMIN, role=UserRole.ADMIN)
    click.echo(f"  First sign-in   {FIRST_ADMIN}, with the one-time password {password} (shown only now)")


def _watch(parts: Parts) -> None:
    while True:
        check_alive(parts)
        time.sleep(0.5)
