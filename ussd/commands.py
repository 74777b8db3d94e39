"""`tiwizi smpp`."""

import signal
from threading import Event

import click

from service.cli.database import migrated
from service.container import Container
from service.memory import keep_what_is_loaded
from service.settings import missing_of
from ussd.smpp import run


@click.command()
@click.pass_obj
def smpp(container: Container) -> None:
    """Carry SMS and USSD over an operator's SMS centre: one bind, until SIGTERM."""
    if missing := missing_of(container.settings, "smpp"):
        raise click.ClickException(f"{missing}: is missing; see docs/smpp.md.")
    stop = Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda _number, _frame: stop.set())
    with migrated(container):
        keep_what_is_loaded()
        run(container, stop)
