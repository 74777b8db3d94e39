"""Broadcasts and who of their audience got what."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from service.domain.broadcasts import BroadcastState, LeftOut
from service.models.base import Base, Id, stored


class Broadcast(Base):
    """One text (in `texts` by language) for an `audience`. `form` is that of the form, so that one form writes one.

    `cursor` is the last number that was seen to: those after it are still to be written to.
    """

    __tablename__ = "broadcasts"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    form: Mapped[str] = mapped_column(String(40), unique=True)
    audience: Mapped[dict[str, Any]]
    texts: Mapped[dict[str, Any]]
    state: Mapped[BroadcastState] = mapped_column(stored(BroadcastState), index=True)
    cursor: Mapped[str] = mapped_column(String(16), default="")
    written_by: Mapped[int] = mapped_column(ForeignKey("users.id"))
    written_at: Mapped[datetime]
    approved_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    approved_at: Mapped[datetime | None]


class BroadcastReceiver(Base):
    """Someone of the audience, with their message, or why they get none."""

    __tablename__ = "broadcast_receivers"
    __table_args__ = (Index(None, "phone", "at"),)

    broadcast_id: Mapped[int] = mapped_column(ForeignKey("broadcasts.id"), primary_key=True)
    phone: Mapped[str] = mapped_column(String(16), primary_key=True)
    message_id: Mapped[int | None] = mapped_column(ForeignKey("messages.id"))
    left_out: Mapped[LeftOut | None] = mapped_column(stored(LeftOut))
    at: Mapped[datetime]
