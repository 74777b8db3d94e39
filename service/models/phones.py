"""Phone numbers that wrote to us or that we may write to, with what holds for the number itself."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, Session, mapped_column

from service.domain.dormancy import is_dormant
from service.domain.kinds import Pace
from service.domain.phone import mask_phone
from service.locales import Language
from service.models.audit import record
from service.models.base import Base, Id, stored


class Phone(Base):
    """A number, its language, and whether it said STOP. A number is not a person: SIMs change hands.

    `zone` is IANA's name of where its owner lives, None for where the number is from. Since `doubted_at` it may be
    another person's; at `vouch_asked_at` whoever holds it asked to be vouched for, and at `vouched_at` somebody did.
    """

    __tablename__ = "phones"

    number: Mapped[str] = mapped_column(String(16), primary_key=True)
    language: Mapped[Language] = mapped_column(stored(Language))
    stopped_at: Mapped[datetime | None]
    seen_at: Mapped[datetime | None]
    zone: Mapped[str | None] = mapped_column(String(40))
    pace: Mapped[Pace] = mapped_column(stored(Pace), default=Pace.AT_ONCE, server_default=Pace.AT_ONCE.value)
    doubted_at: Mapped[datetime | None] = mapped_column(index=True)
    vouch_asked_at: Mapped[datetime | None]
    vouched_at: Mapped[datetime | None]

    @property
    def signs(self) -> Iterable[datetime | None]:
        """When its owner was last heard of, and when somebody last said that it is theirs."""
        return self.seen_at, self.vouched_at


def doubt(session: Session, now: datetime, phone: Phone, why: str) -> None:
    """Note that a number may be another person's from now on (`why`: silent, inactive), until somebody vouches."""
    if phone.doubted_at is None:
        # An audit entry outlives the person's data, so it holds the number masked.
        who = f"phone:{mask_phone(phone.number)}"
        record(session, now, who, "phone.doubted", who, why=why)
    phone.doubted_at = now


def doubt_after_silence(session: Session, now: datetime, phone: Phone) -> None:
    """Doubt a number of which something is heard now, and was not for long."""
    if phone.seen_at and is_dormant(now, phone.signs):
        doubt(session, now, phone, "silent")


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
