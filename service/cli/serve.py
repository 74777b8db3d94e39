"""`tiwizi web`: the application under granian."""

import os

from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

from service.settings import Settings

THREADS = 32
# Callbacks are answered in milliseconds; a proxy or a carrier keeps at most a few hundred waiting.
BACKLOG = 1024


def serve(settings: Settings) -> None:
    """Serve `wsgi:app` until SIGTERM. One process on SQLite, where a second writer only waits; else one a core."""
    workers = 1 if settings.database_url.startswith("sqlite") else os.cpu_count() or 1
    Granian(
        "wsgi:app",
        address=settings.host,
        port=settings.port,
        interface=Interfaces.WSGI,
        workers=workers,
        blocking_threads=THREADS,
        backlog=BACKLOG,
        log_level=LogLevels.warning,
        respawn_failed_workers=True,
        workers_kill_timeout=30,
    ).serve()
