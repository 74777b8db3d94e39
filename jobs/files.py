"""Files that somebody asked for: made one after the other, and deleted after a week."""

import os
import socket
from threading import Event

from service.container import Container
from service.usecases.exports import delete_outlived, make_next


def make_exports(container: Container, stopping: Event) -> int:
    """Make what waits, until this process is to leave; returns how many files."""
    owner = f"{socket.gethostname()}:{os.getpid()}"[:80]
    delete_outlived(container.engine, container.settings, container.clock())
    made = 0
    while not stopping.is_set() and make_next(container.engine, container.settings, container.clock, owner, stopping):
        made += 1
    return made
