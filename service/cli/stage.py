"""Where the demo story is played: the service that runs here, or one started for it in a temporary place."""

import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import requests

from service.cli.database import migrated
from service.cli.migrate import bring_up_to_date
from service.cli.parts import is_ready, running_parts, wait_ready
from service.container import Container, make_container
from service.settings import Settings, load_settings

LOG_SHOWN = 3000  # letters of the end of a log


@contextmanager
def stage(container: Container) -> Iterator[Container]:
    """Give a service that may be played with.

    Raises ClickException when the one that runs here may not, or none can be had.
    """
    if is_ready(container.settings.url_here):
        _refuse_real_phones(container.settings)
        with migrated(container):
            yield container
        return
    with tempfile.TemporaryDirectory() as folder, _own_service(Path(folder)) as own:
        yield own


def only_simulated(settings: Settings) -> bool:
    """Tell whether all phones that these settings reach are the simulator's."""
    return settings.simulator_on and settings.used_gateways == {"console"}


def _refuse_real_phones(settings: Settings) -> None:
    # What this command's settings say is not always what the running service was started with: ask it as well.
    if not only_simulated(settings) or not requests.get(f"{settings.url_here}/phone", timeout=15).ok:
        raise click.ClickException(
            f"The service at {settings.url_here} has real gateways, or keeps its phone simulator off: "
            "the demo would write to real phones, or could not read what they get."
        )


@contextmanager
def _own_service(folder: Path) -> Iterator[Container]:
    own = {
        "database_url": f"sqlite:///{folder}/demo.db",
        "host": "127.0.0.1",
        "port": str(_free_port()),
        "public_url": "",
        "hook_addresses": "",
        "sms_routes": "*=console",
        "simulator": "true",
    }
    container = make_container(load_settings(**own))
    bring_up_to_date(container)
    environment = {f"TIWIZI_{name.upper()}": value for name, value in own.items()}
    log = folder / "log"
    try:
        with log.open("wb") as output, running_parts(environment, output) as parts:
            wait_ready(container.settings.url_here, parts)
            yield container
    except Exception:  # whatever broke the story, the log says more; it is raised again
        click.echo(log.read_text()[-LOG_SHOWN:], err=True)
        raise
    finally:
        container.engine.dispose()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
