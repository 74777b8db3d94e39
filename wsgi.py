"""The one door: settings -> container -> application; also the `tiwizi` command."""

import sys
from typing import Any

import click
from flask import Blueprint, Flask

from jobs.commands import job, worker
from jobs.exports import report
from service.app import create_app
from service.cli import COMMANDS
from service.cli.export import export
from service.cli.serve import serve
from service.container import Container, make_container
from service.logs import set_up_logs
from service.settings import SettingsError, load_settings
from service.web.phone import phone_blueprint
from service.web.receipts import receipts_blueprint
from service.web.voice import voice_blueprint
from ussd.commands import smpp
from ussd.hooks import android_blueprint, hooks_blueprint
from ussd.sessions import Conversations


def make_app(container: Container) -> Flask:
    """Return the whole web application."""
    return create_app(container, doors(Conversations(container)))


def doors(conversations: Conversations) -> list[Blueprint]:
    """Return the ways in that the house's shell does not know of."""
    container = conversations.container
    return [
        hooks_blueprint(conversations),
        receipts_blueprint(container),
        voice_blueprint(container),
        android_blueprint(conversations),
        phone_blueprint(container),
    ]


def __getattr__(name: str) -> Any:
    # The application a WSGI server asks for as `wsgi:app`, made when it asks: the command alone needs none.
    if name != "app":
        raise AttributeError(name)
    set_up_logs()
    return make_app(make_container(load_settings()))


@click.group()
@click.pass_context
def main(context: click.Context) -> None:
    """Tiwizi: villages say what they need, associations of emigrants answer."""
    set_up_logs()
    try:
        context.obj = make_container(load_settings())
    except SettingsError as error:
        print(error, file=sys.stderr)  # noqa: T201  # the sentence an operator reads
        sys.exit(2)


@main.command()
@click.pass_obj
def web(container: Container) -> None:
    """Serve the hooks, the admin view and the public pages."""
    serve(container)


for command in (*COMMANDS, worker, job, smpp):
    main.add_command(command)
export.add_command(report)

if __name__ == "__main__":
    main()
