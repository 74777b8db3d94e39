"""Messages of which nobody can tell whether they left."""

from service.container import Container
from service.messaging.unknown import adopt_late_receipts, resend_unknown
from service.models.session import transaction


def adopt(container: Container) -> str:
    """Match late receipts with messages; returns how many messages."""
    with transaction(container.engine) as session:
        return f"{adopt_late_receipts(session)} looked at"


def resend(container: Container) -> str:
    """Send once more what is in doubt for long; returns how many."""
    with transaction(container.engine) as session:
        return f"{resend_unknown(session, container.clock())} queued again"
