"""Experience sheets: drafted for each project that was handed over."""

from service.container import Container
from service.models.session import transaction
from service.usecases.sheets import draft_missing


def draft_sheets(container: Container) -> str:
    """Draft what has no sheet yet; returns of how many projects."""
    drafted = 0
    while True:
        with transaction(container.engine) as session:
            some = draft_missing(session, container.clock())
        drafted += some
        if not some:
            return f"{drafted} drafted"
