"""`tiwizi android`: the phone that sends and receives texts is told where to tell what happens."""

import json
from collections.abc import Sequence

import click

from service.container import Container
from service.gateways.android.api import Api
from service.gateways.android.webhooks import EVENTS, PhoneError, Webhook, register, registered
from service.settings import Settings

NEEDED = ("android_url", "android_user", "android_password")
# The app calls nobody else without encryption.
ALLOWED = ("https://", "http://127.0.0.1")


@click.group()
def android() -> None:
    """Set up an Android phone as a gateway; docs/android.md says how."""


@android.command("register")
@click.option("--json", "as_json", is_flag=True, help="Print what is registered as a JSON list.")
@click.pass_obj
def register_command(container: Container, *, as_json: bool) -> None:
    """Have the phone tell this service what it receives and what became of what it sent; then list what it tells."""
    settings = container.settings
    if not settings.public_url.startswith(ALLOWED):
        raise click.ClickException("TIWIZI_PUBLIC_URL: the phone needs an address that begins with https://.")
    api = _api(settings)
    try:
        register(api, _address(settings))
        _list(settings, registered(api), as_json=as_json)
    except PhoneError as error:
        raise click.ClickException(f"{error}.") from error


@android.command()
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list.")
@click.pass_obj
def webhooks(container: Container, *, as_json: bool) -> None:
    """List what the phone tells, and where; fails when something is not told to this service."""
    try:
        told = registered(_api(container.settings))
    except PhoneError as error:
        raise click.ClickException(f"{error}.") from error
    _list(container.settings, told, as_json=as_json)
    here = {one.event for one in told if one.url == _address(container.settings)}
    missing = [event for event in EVENTS if event not in here]
    if missing:
        raise click.ClickException(f"Not told here: {', '.join(missing)}. Run `tiwizi android register`.")


def _api(settings: Settings) -> Api:
    for name in NEEDED:
        if not getattr(settings, name):
            raise click.ClickException(f"TIWIZI_{name.upper()}: is missing; docs/android.md says where to find it.")
    return Api(settings)


def _address(settings: Settings) -> str:
    return f"{settings.url}/hooks/android/{settings.hook_tokens[0]}/event"


def _list(settings: Settings, told: Sequence[Webhook], *, as_json: bool) -> None:
    rows = [(one.event, "here" if one.url == _address(settings) else _hidden(settings, one.url)) for one in told]
    if as_json:
        click.echo(json.dumps([{"event": event, "told": where} for event, where in rows]))
        return
    for event, where in sorted(rows):
        click.echo(f"{event:<16} {where}")


def _hidden(settings: Settings, url: str) -> str:
    """Return an address without the tokens that open our hooks."""
    for token in settings.hook_tokens:
        url = url.replace(token, "•••")
    return url
