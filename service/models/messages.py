"""The outbox: messages to people, written in the transaction of the fact that causes them."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from service.domain.states import MessageState
from service.models.base import Base, Id, stored


class Message(Base):
    """An SMS on its way. `key` is the business key (event, receiver, template): the same fact is never told twice."""

    __tablename__ = "messages"
    __table_args__ = (Index(None, "state", "next_at"), Index(None, "gateway", "provider_id"))

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    key: Mapped[str] = mapped_column(String(120), unique=True)
    phone: Mapped[str] = mapped_column(ForeignKey("phones.number"), index=True)
    template: Mapped[str] = mapped_column(String(60))
    language: Mapped[str] = mapped_column(String(8))
    text: Mapped[str] = mapped_column(Text)
    parts: Mapped[int]
    state: Mapped[MessageState] = mapped_column(stored(MessageState))
    gateway: Mapped[str | None] = mapped_column(String(20))
    provider_id: Mapped[str | None] = mapped_column(String(120))
    attempts: Mapped[int] = mapped_column(default=0)
    attempt_id: Mapped[str | None] = mapped_column(String(40))
    lease_until: Mapped[datetime | None]
    next_at: Mapped[datetime]
    reason: Mapped[str] = mapped_column(String(200), default="")
    created_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    final_at: Mapped[datetime | None]


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
