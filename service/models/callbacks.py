"""People who asked to be called."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from service.models.base import Base, Id


class Callback(Base):
    """Someone wants to be called back. `done_by` is the actor who called, `user:3`."""

    __tablename__ = "callbacks"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    phone: Mapped[str] = mapped_column(ForeignKey("phones.number"), index=True)
    channel: Mapped[str] = mapped_column(String(20))
    asked_at: Mapped[datetime]
    done_at: Mapped[datetime | None] = mapped_column(index=True)
    done_by: Mapped[str] = mapped_column(String(60), default="")


def waiting_callbacks(session: Session, limit: int = 50) -> list[Callback]:
    """Return who waits to be called, the longest first."""
    waiting = select(Callback).where(Callback.done_at.is_(None)).order_by(Callback.asked_at, Callback.id)
    return list(session.scalars(waiting.limit(limit)))
