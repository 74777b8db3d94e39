"""Conversations: what people wrote that waits for a person's answer, and the answers that are written often."""

from datetime import datetime

from sqlalchemy import ColumnElement, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from service.locales import Language
from service.models.base import Base, Id, stored


class Conversation(Base):
    """All that one number and the service told each other. It is open while `resolved_at` is None.

    `waiting_since` is when they wrote what nobody has answered yet, `answered_at` when a person last wrote to them.
    What was said stays where it is kept: in the raw events and the outbox.
    """

    __tablename__ = "conversations"
    __table_args__ = (Index(None, "resolved_at", "waiting_since"), Index(None, "assigned_to"))

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    phone: Mapped[str] = mapped_column(String(16), unique=True)
    heard_at: Mapped[datetime] = mapped_column(index=True)
    waiting_since: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    resolved_at: Mapped[datetime | None]
    assigned_to: Mapped[int | None] = mapped_column(ForeignKey("users.id"))


class CannedAnswer(Base):
    """An answer that is written often, in one language, as an admin worded it; empty when it is offered no more."""

    __tablename__ = "canned_answers"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    language: Mapped[Language] = mapped_column(stored(Language), primary_key=True)
    text: Mapped[str] = mapped_column(String(600))


def is_unanswered() -> ColumnElement[bool]:
    """Tell, of a conversation, whether it is open and waits for a person's answer."""
    return Conversation.resolved_at.is_(None) & Conversation.waiting_since.is_not(None)
