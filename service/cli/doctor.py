"""`tiwizi doctor`: what is wrong with this installation, in plain words."""

import json
import shutil
import socket
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from urllib.parse import urlsplit

import click
from requests.utils import get_environ_proxies, select_proxy

from service.container import Container
from service.gateways.registry import ADDRESSES
from service.usecases.checkup import Finding, check_database, check_service, check_settings

CONNECT_WITHIN = 3.0  # seconds
LEAST_FREE = 500_000_000  # bytes: a month of a busy service, and room for SQLite to tidy up
MEGABYTE = 1_000_000
PORTS = {"https": 443, "http": 80}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print what is wrong as one JSON array.")
@click.pass_obj
def doctor(container: Container, *, as_json: bool) -> None:
    """Say what is wrong with this installation and what to do, a line each; exit status 1 when something is."""
    findings = examine(container)
    if as_json:
        click.echo(json.dumps([asdict(one) for one in findings]))
    else:
        click.echo("\n".join(f"{one.wrong}: {one.repair}." for one in findings) or "Nothing is wrong.")
    sys.exit(1 if findings else 0)


def examine(container: Container) -> list[Finding]:
    """Return all that is wrong. Sends nothing: of a gateway it is only seen whether its provider answers."""
    settings = container.settings
    found = [*check_settings(settings), *check_disk(container), *check_reach(container)]
    broken = check_database(container.engine.execution_options(tiwizi_readonly=True))
    return [*broken, *found] if broken else [*found, *check_service(container.engine, settings, container.clock())]


def check_disk(container: Container, least: int = LEAST_FREE) -> Iterator[Finding]:
    """Find a file system that will soon have no room for SQLite's file; `least` is bytes."""
    file = container.engine.url.database
    if container.engine.dialect.name != "sqlite" or not file:
        return
    free = shutil.disk_usage(Path(file).parent).free
    if free < least:
        wrong = f"The disk of the database has {free // MEGABYTE} MB left"
        yield Finding("disk", wrong, "make room, or move the database")


def check_reach(container: Container) -> Iterator[Finding]:
    """Find gateways whose provider cannot be reached from here."""
    settings = container.settings
    for name in sorted(settings.used_gateways & ADDRESSES.keys()):
        url = ADDRESSES[name](settings)
        reason = unreachable(select_proxy(url, get_environ_proxies(url)) or url)
        if reason:
            wrong = f"{name} cannot be reached at {urlsplit(url).hostname} ({reason})"
            yield Finding("reach", wrong, "check this machine's network and the gateway's settings")


def unreachable(url: str) -> str:
    """Return why no connection to a URL's host and port can be made, nothing when one can; says nothing over it."""
    address = urlsplit(url)
    try:
        port = address.port or PORTS[address.scheme]
        socket.create_connection((address.hostname or "", port), timeout=CONNECT_WITHIN).close()
    except OSError as error:
        return error.strerror or str(error) or type(error).__name__
    return ""
