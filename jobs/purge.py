"""What is kept no longer than it may be."""

from service.container import Container
from service.models.session import transaction
from service.usecases.purge import forget_inactive, purge


def purge_old(container: Container) -> str:
    """Delete what is too old, and forget who has gone; returns how much of what."""
    with transaction(container.engine) as session:
        deleted = purge(session, container.clock())
    forgotten = 0
    while True:
        with transaction(container.engine) as session:
            some = forget_inactive(session, container.clock())
        forgotten += some
        if not some:
            break
    return ", ".join(f"{count} {what}" for what, count in {**deleted, "people forgotten": forgotten}.items() if count)
