"""The outbox: messages to people, written in the transaction of the fact that causes them."""

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from service.domain.kinds import Kind
from service.domain.states import MessageState
from service.models.base import Base, Id, stored


class Message(Base):
    """An SMS on its way. `key` is the business key (event, receiver, template): the same fact is never told twice.

    `gateway` is None until a due message is routed. `line` is what a digest says of it, `digest_id` the digest that
    did. `cost` is what is reserved for it on `cost_day`, in thousandths of the caps' currency.
    """

    __tablename__ = "messages"
    __table_args__ = (Index(None, "state", "gateway", "priority", "next_at"), Index(None, "gateway", "provider_id"))

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    key: Mapped[str] = mapped_column(String(120), unique=True)
    phone: Mapped[str] = mapped_column(ForeignKey("phones.number"), index=True)
    template: Mapped[str] = mapped_column(String(60))
    kind: Mapped[Kind] = mapped_column(stored(Kind))
    priority: Mapped[int]
    language: Mapped[str] = mapped_column(String(8))
    text: Mapped[str] = mapped_column(Text)
    line: Mapped[str] = mapped_column(String(160), default="")
    parts: Mapped[int]
    state: Mapped[MessageState] = mapped_column(stored(MessageState))
    gateway: Mapped[str | None] = mapped_column(String(20))
    provider_id: Mapped[str | None] = mapped_column(String(120))
    attempts: Mapped[int] = mapped_column(default=0)
    attempt_id: Mapped[str | None] = mapped_column(String(40))
    lease_until: Mapped[datetime | None]
    resent: Mapped[int] = mapped_column(default=0)
    cost: Mapped[int] = mapped_column(default=0)
    cost_day: Mapped[date | None]
    digest_id: Mapped[int | None] = mapped_column(Id, index=True)
    next_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    reason: Mapped[str] = mapped_column(String(200), default="")
    created_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    final_at: Mapped[datetime | None]


class Attempt(Base):
    """One call to a gateway for one message, as it ended; `cost` in the gateway's words."""

    __tablename__ = "attempts"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    message_id: Mapped[int] = mapped_column(ForeignKey("messages.id"), index=True)
    gateway: Mapped[str] = mapped_column(String(20))
    begun_at: Mapped[datetime]
    ended_at: Mapped[datetime]
    outcome: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str] = mapped_column(String(200), default="")
    cost: Mapped[str] = mapped_column(String(20), default="")


class Receipt(Base):
    """A delivery receipt as it came, matched or not."""

    __tablename__ = "receipts"
    __table_args__ = (Index(None, "gateway", "provider_id"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    gateway: Mapped[str] = mapped_column(String(20))
    provider_id: Mapped[str] = mapped_column(String(120))
    phone: Mapped[str] = mapped_column(String(16))
    status: Mapped[str] = mapped_column(String(40))
    reason: Mapped[str] = mapped_column(String(60), default="")
    message_id: Mapped[int | None] = mapped_column(ForeignKey("messages.id"))
    received_at: Mapped[datetime]
