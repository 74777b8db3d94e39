"""`tiwizi up`: web and worker in one command; with `--first-run`, everything a fresh checkout needs before."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence

import click
import requests
from sqlalchemy import func, select

from service.cli.migrate import bring_up_to_date
from service.container import Container
from service.domain.roles import UserRole
from service.models import User, VillageAssociation
from service.models.session import reading, transaction
from service.settings import Settings
from service.usecases.users import create_user

READY_WITHIN = 60  # seconds
LEAVE_WITHIN = 30  # seconds


@click.command()
@click.option("--first-run", is_flag=True, help="First migrate, load the communes, create an admin, play the demo.")
@click.option("--no-demo", is_flag=True, help="With --first-run: leave an empty database empty.")
@click.pass_obj
def up(container: Container, *, first_run: bool, no_demo: bool) -> None:
    """Start web and worker, and say where everything is."""
    if first_run:
        bring_up_to_date(container)
        password = _first_admin(container)
    running = [start("web"), start("worker")]
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(0))
    try:
        wait_ready(container.settings.url_here)
        if first_run and not no_demo and _empty(container):
            _play_demo()
        _say_where(container.settings)
        if first_run and password:
            click.echo(f"  First sign-in   admin, with the one-time password {password} (shown only now)")
        _watch(running)
    except KeyboardInterrupt:
        click.echo("Stopping.")
    finally:
        stop(running)


def start(*command: str, environment: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
    """Start this program again with another command, and settings of its own."""
    arguments = [sys.executable, "-m", "wsgi", *command]
    return subprocess.Popen(arguments, env=surroundings(environment or {}))  # noqa: S603  # our own program


def surroundings(settings: Mapping[str, str]) -> dict[str, str]:
    """Return this process's environment with other settings."""
    return {**os.environ, **settings}


def stop(running: Sequence[subprocess.Popen[bytes]]) -> None:
    """Ask each to finish, and end those that do not within 30 seconds."""
    for process in running:
        process.terminate()
    for process in running:
        try:
            process.wait(LEAVE_WITHIN)
        except subprocess.TimeoutExpired:
            process.kill()


def wait_ready(url: str) -> None:
    """Return when the service is ready.

    Raises ClickException when it is not within a minute.
    """
    until = time.monotonic() + READY_WITHIN
    while time.monotonic() < until:
        if is_ready(url):
            return
        time.sleep(0.2)
    raise click.ClickException(f"The service did not become ready at {url} within {READY_WITHIN} seconds.")


def is_ready(url: str) -> bool:
    """Tell whether a service answers there and is ready."""
    try:
        return requests.get(f"{url}/readyz", timeout=5).ok
    except requests.ConnectionError:
        return False


def _first_admin(container: Container) -> str:
    with transaction(container.engine) as session:
        if session.scalar(select(func.count()).select_from(User)):
            return ""
        _, password = create_user(session, container.clock(), name="admin", role=UserRole.ADMIN)
        return password


def _empty(container: Container) -> bool:
    with reading(container.engine) as session:
        return not session.scalar(select(func.count()).select_from(VillageAssociation))


def _play_demo() -> None:
    click.echo("The database is empty: playing the demo story (DEMO=0 leaves it out).")
    played = start("demo", "--quiet").wait()
    if played:
        raise click.ClickException("The demo story did not play to its end; see above.")


def _say_where(settings: Settings) -> None:
    click.echo("\nTiwizi is running. Stop it with Ctrl-C.")
    if settings.simulator_on:
        click.echo(f"  Phone simulator {settings.url}/phone")
    click.echo(f"  Admin view      {settings.url}/admin/")
    click.echo(f"  Public pages    {settings.url}/")


def _watch(running: Sequence[subprocess.Popen[bytes]]) -> None:
    while all(process.poll() is None for process in running):
        time.sleep(0.5)
    raise click.ClickException("A part of the service ended by itself; see above.")
