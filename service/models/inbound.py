"""Raw events from gateways, each handled once."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, String, UniqueConstraint
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from service.models.base import Base, Id

# A part of a long text that waits for the others; joined, they are deleted.
SMS_PART = "sms-part"
# What is kept, instead of its words, of a text that answers a spot check: nobody reads who answered.
CONFIDED = "confided"


class InboundEvent(Base):
    """What a gateway told us, under its own id: repeated, it changes nothing. `payload` never holds a secret."""

    __tablename__ = "inbound_events"
    __table_args__ = (UniqueConstraint("gateway", "kind", "external_id"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    gateway: Mapped[str] = mapped_column(String(20))
    kind: Mapped[str] = mapped_column(String(20))
    external_id: Mapped[str] = mapped_column(String(120))
    phone: Mapped[str] = mapped_column(String(16), index=True)
    payload: Mapped[dict[str, Any]]
    received_at: Mapped[datetime]


def first_time(session: Session, **columns: Any) -> bool:
    """Write the event in the caller's transaction; False when the gateway told it before.

    On PostgreSQL it waits for another transaction that is writing the same event.
    """
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    written = insert(InboundEvent).values(**columns).on_conflict_do_nothing().returning(InboundEvent.id)
    return session.execute(written).first() is not None


def may_be_read() -> ColumnElement[bool]:
    """Tell, of an event, whether others may see that it came: not so what was told in confidence."""
    confided: ColumnElement[bool] = InboundEvent.payload[CONFIDED].as_boolean()
    return confided.is_not(True)
