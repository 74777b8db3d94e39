"""`tiwizi web`: the application under granian."""

import os
import socket
import threading
import time
from functools import partial
from importlib import import_module
from typing import Any

import click
from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

from service.cli.database import migrated
from service.container import Container
from service.memory import keep_what_is_loaded
from service.settings import Settings

# Turns hold the interpreter, not the disk: more threads than this only wait for each other (docs/benchmarks.md).
THREADS = 4
# Callbacks are answered in milliseconds; a proxy or a carrier keeps at most a few hundred waiting.
BACKLOG = 1024
# Seconds for what is being answered at SIGTERM; a supervisor gives 30 in all.
GRACE = 20


def serve(container: Container) -> None:
    """Serve `wsgi:app` until SIGTERM. One process on SQLite, where a second writer only waits; else one a core.

    Raises ClickException when the database is not ready for this program or something else has the port.
    """
    with migrated(container):
        address = free_address(container.settings)
    # The workers are forks, and an open SQLite file must not be carried through a fork.
    container.engine.dispose()
    settings = container.settings
    workers = 1 if settings.database_url.startswith("sqlite") else os.cpu_count() or 1
    Granian(
        "wsgi:app",
        address=address,
        port=settings.port,
        interface=Interfaces.WSGI,
        workers=workers,
        blocking_threads=THREADS,
        backlog=BACKLOG,
        log_level=LogLevels.error,  # its warnings are about the number of threads, which is meant
        respawn_failed_workers=True,
        workers_kill_timeout=GRACE,
    ).serve(target_loader=partial(_load, os.getpid()), wrap_loader=False)


def free_address(settings: Settings) -> str:
    """Return the IP address to listen on, when nothing else has the port.

    Granian shares its port with whoever asks for it, so two services would answer in turn; this one would not notice.
    Raises ClickException.
    """
    with socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as a server that starts again soon
        try:
            probe.bind((settings.host, settings.port))
            return str(probe.getsockname()[0])
        except OSError as error:
            raise click.ClickException(
                f"Cannot listen on {settings.host} port {settings.port} ({error.strerror}): "
                "stop what runs there, or set TIWIZI_HOST and TIWIZI_PORT."
            ) from error


def _load(parent: int) -> Any:
    """Load the application in a worker, which leaves when the process that started it is gone."""
    threading.Thread(target=_leave_with, args=(parent,), daemon=True).start()
    app = import_module("wsgi").app
    keep_what_is_loaded()
    return app


def _leave_with(parent: int) -> None:
    # A worker left behind by a killed parent would go on answering, beside those of the next start.
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)
