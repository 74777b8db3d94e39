"""Who did what, when."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Index, String, false, func, insert, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from service.domain.events import event_of
from service.models.base import Base, Id, table_of


class AuditEntry(Base):
    """One act that matters, never changed. `actor` is `user:3`, `officer:5`, `contact:2`, `job:match`, `token:4`.

    One that is an event `waits` until it stands on the list of each program that is told of it
    (service.messaging.webhooks): so a fact and that it is to be told are one row.
    """

    __tablename__ = "audit_entries"
    __table_args__ = (
        Index(None, "subject"),
        Index(None, "actor"),
        Index(None, "action"),
        Index("ix_audit_entries_waits", "id", sqlite_where=text("waits"), postgresql_where=text("waits")),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(60))
    action: Mapped[str] = mapped_column(String(60))
    subject: Mapped[str] = mapped_column(String(60))
    data: Mapped[dict[str, Any]]
    waits: Mapped[bool] = mapped_column(default=False, server_default=false())


# Nobody asks for its number.
WRITE = insert(table_of(AuditEntry)).inline()


def record(session: Session, at: datetime, actor: str, action: str, subject: str, **data: Any) -> None:
    """Write an audit entry in the caller's transaction; one that is an event waits to be told to programs."""
    waits = event_of(action) is not None
    entry = {"at": at, "actor": actor, "action": action, "subject": subject, "data": data, "waits": waits}
    session.connection().execute(WRITE, entry)


def entries(session: Session, *, actor: str, action: str, before: int | None, most: int) -> Sequence[AuditEntry]:
    """Return the newest entries, of one actor and action unless these are empty, and older than entry `before`."""
    wanted = [column == asked for column, asked in ((AuditEntry.actor, actor), (AuditEntry.action, action)) if asked]
    if before is not None:
        wanted.append(AuditEntry.id < before)
    return session.scalars(select(AuditEntry).where(*wanted).order_by(AuditEntry.id.desc()).limit(most)).all()


def actions(session: Session) -> Sequence[str]:
    """Return each action that was ever done, in order: the index is asked for the next one, not read through."""
    first = select(func.min(AuditEntry.action).label("action")).cte("actions", recursive=True)
    following = select(func.min(AuditEntry.action)).where(AuditEntry.action > first.c.action).scalar_subquery()
    every = first.union_all(select(following).where(first.c.action.is_not(None)))
    return session.scalars(select(every.c.action).where(every.c.action.is_not(None))).all()
