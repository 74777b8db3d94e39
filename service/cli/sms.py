"""`tiwizi sms`: stop and start sending, and see to the messages that did not leave."""

import json

import click

from service.cli.database import migrated
from service.container import Container
from service.domain.errors import MoveError, NotFoundError
from service.domain.phone import mask_phone
from service.logs import masked
from service.messaging.health import start_gateway, stop_gateway
from service.models.gateways import ALL
from service.models.session import reading, transaction
from service.settings import KNOWN_GATEWAYS
from service.usecases.messages import Letter, dead_letters, replay

ACTOR = "cli"
MOST = 100
GATEWAY = click.argument("gateway", type=click.Choice([*KNOWN_GATEWAYS, ALL]), default=ALL)


@click.group()
def sms() -> None:
    """Stop and start sending; list and send again what did not leave."""


@sms.command()
@GATEWAY
@click.pass_obj
def stop(container: Container, *, gateway: str) -> None:
    """Send nothing more through GATEWAY; without it, through any. Messages wait, or go through another."""
    with migrated(container), transaction(container.engine) as session:
        stop_gateway(session, container.clock(), gateway, ACTOR)
    click.echo(f"Nothing more is sent{_through(gateway)}. `tiwizi sms start` goes on.")


@sms.command()
@GATEWAY
@click.pass_obj
def start(container: Container, *, gateway: str) -> None:
    """Send through GATEWAY again; without it, through all that were not stopped one by one."""
    with migrated(container), transaction(container.engine) as session:
        start_gateway(session, container.clock(), gateway, ACTOR)
    click.echo(f"Messages are sent again{_through(gateway)}.")


@sms.command()
@click.option("--most", default=MOST, show_default=True, type=click.IntRange(min=1), help="How many at most.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
@click.pass_obj
def dead(container: Container, *, most: int, as_json: bool) -> None:
    """List the messages that did not leave and will not by themselves, the newest first."""
    with migrated(container), reading(container.engine) as session:
        letters = dead_letters(session, most)
    for letter in letters:
        row = _row(letter)
        click.echo(json.dumps(row) if as_json else "  ".join(str(value) for value in row.values()))
    if not letters and not as_json:
        click.echo("No message is left behind.")


@sms.command("replay")
@click.argument("ids", metavar="ID...", type=click.IntRange(min=1, max=2**63 - 1), nargs=-1, required=True)
@click.pass_obj
def replay_command(container: Container, *, ids: tuple[int, ...]) -> None:
    """Send again the messages with these numbers, as `tiwizi sms dead` shows them; each by itself."""
    with migrated(container):
        kept = [number for number in ids if not _replayed(container, number)]
    if kept:
        raise click.ClickException(f"{len(kept)} of {len(ids)} messages stay as they are.")


def _replayed(container: Container, number: int) -> bool:
    try:
        with transaction(container.engine) as session:
            replay(session, container.clock(), actor=ACTOR, message_id=number)
    except NotFoundError:
        click.echo(f"{number}: there is no such message.", err=True)
        return False
    except MoveError as error:
        why = f"it is {error.values['before']}, or its reader said STOP or is gone"
        click.echo(f"{number}: cannot be sent again ({why}).", err=True)
        return False
    click.echo(f"{number}: waits to be sent.")
    return True


def _row(letter: Letter) -> dict[str, object]:
    return {
        "id": letter.id,
        "written": letter.written_at.isoformat(),
        "phone": mask_phone(letter.phone),
        "kind": letter.kind.value,
        "state": letter.state.value,
        "reason": masked(letter.reason),
        "attempts": letter.attempts,
        "gateway": letter.last.gateway if letter.last else None,
    }


def _through(gateway: str) -> str:
    return "" if gateway == ALL else f" through {gateway}"
