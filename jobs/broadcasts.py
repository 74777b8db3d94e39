"""Broadcasts that were approved: their messages are written a few at a time, so that no turn waits long."""

from service.container import Container
from service.models.session import reading, transaction
from service.usecases.broadcasts import being_sent, send_some


def send_broadcasts(container: Container) -> str:
    """Write what the outbox has room for, each batch in a transaction of its own; returns how many were seen to."""
    with reading(container.engine) as session:
        sending = being_sent(session)
    return f"{sum(_send(container, one) for one in sending)} seen to"


def _send(container: Container, broadcast_id: int) -> int:
    seen_to = 0
    while True:
        with transaction(container.engine) as session:
            some = send_some(session, container.settings, container.clock(), broadcast_id)
        seen_to += some
        if not some:
            return seen_to
