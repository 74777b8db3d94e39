"""Phone numbers that wrote to us or that we may write to, with what holds for the number itself."""

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, Session, mapped_column

from service.domain.kinds import Pace
from service.locales import Language
from service.models.base import Base, Id, stored


class Phone(Base):
    """A number, its language, and whether it said STOP. A number is not a person: SIMs change hands.

    `zone` is IANA's name of where its owner lives, None for where the number is from.
    """

    __tablename__ = "phones"

    number: Mapped[str] = mapped_column(String(16), primary_key=True)
    language: Mapped[Language] = mapped_column(stored(Language))
    stopped_at: Mapped[datetime | None]
    seen_at: Mapped[datetime | None]
    zone: Mapped[str | None] = mapped_column(String(40))
    pace: Mapped[Pace] = mapped_column(stored(Pace), default=Pace.AT_ONCE, server_default=Pace.AT_ONCE.value)


def stopped_since(session: Session, number: str, moment: datetime | None) -> bool:
    """Tell whether a number said STOP at that moment or later, and holds to it."""
    phone = session.get(Phone, number)
    return bool(moment and phone and phone.stopped_at and phone.stopped_at >= moment)


class Consent(Base):
    """What a person agreed to: the text's version, when and over which channel. Withdrawn, never deleted."""

    __tablename__ = "consents"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    phone: Mapped[str] = mapped_column(ForeignKey("phones.number"), index=True)
    text_version: Mapped[str] = mapped_column(String(20))
    language: Mapped[Language] = mapped_column(stored(Language))
    channel: Mapped[str] = mapped_column(String(20))
    given_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]
