"""Digests, each at nine in the morning of its receiver."""

from service.container import Container
from service.models.session import transaction
from service.usecases.digests import send_digests


def digests(container: Container) -> str:
    """Write the digests that are due; returns how many."""
    written = 0
    while True:
        with transaction(container.engine) as session:
            some = send_digests(session, container.clock(), container.settings.quiet_hours)
        written += some
        if not some:
            return f"{written} written"
