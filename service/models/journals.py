"""Dialogue journals: where each phone is in its conversation."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from service.models.base import Base


class JournalRow(Base):
    """One phone's conversation: `state` is the engine's journal, `replies` this session's turns (`{turn key: reply}`).

    The carrier's cumulative `text` is kept as a length and a keyed hash only: it may hold a secret.
    """

    __tablename__ = "journals"

    phone: Mapped[str] = mapped_column(String(16), primary_key=True)
    session: Mapped[str] = mapped_column(String(120))
    state: Mapped[dict[str, Any]]
    ended: Mapped[bool]
    text_length: Mapped[int]
    text_hash: Mapped[str] = mapped_column(String(44))
    replies: Mapped[dict[str, Any]]
    touched_at: Mapped[datetime]


class AnsweredTurn(Base):
    """A turn that changed a fact, with its reply, written in the same transaction: it is never played twice."""

    __tablename__ = "answered_turns"
    __table_args__ = (Index(None, "answered_at"),)

    key: Mapped[str] = mapped_column(String(44), primary_key=True)
    reply: Mapped[str] = mapped_column(Text)
    answered_at: Mapped[datetime]
