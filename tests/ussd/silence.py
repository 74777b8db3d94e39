"""Numbers that were silent for long: whose holders may be others by now."""

from datetime import datetime

from sqlalchemy.orm import Session

from service.models import Phone


def doubted(session: Session, at: datetime, *numbers: str) -> None:
    """Let these numbers be doubted from a moment on, and their holders have asked to be vouched for."""
    for number in numbers:
        phone = session.get_one(Phone, number)
        phone.doubted_at = phone.vouch_asked_at = at
