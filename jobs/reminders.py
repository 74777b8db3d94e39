"""Reminders: who has not answered is asked once more."""

from datetime import timedelta

from service.container import Container
from service.models.session import transaction
from service.usecases.proposals import remind


def send_reminders(container: Container) -> str:
    """Remind associations of needs they have not answered; returns how many wait."""
    after = timedelta(days=container.settings.reminder_days)
    with transaction(container.engine) as session:
        return f"{remind(session, container.clock(), after=after)} wait"
