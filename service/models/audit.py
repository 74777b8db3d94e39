"""Who did what, when."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, String, insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from service.models.base import Base, Id, table_of


class AuditEntry(Base):
    """One act that matters, never changed. `actor` is `user:3`, `officer:5`, `contact:2`, `job:match`."""

    __tablename__ = "audit_entries"
    __table_args__ = (Index(None, "subject"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(60))
    action: Mapped[str] = mapped_column(String(60))
    subject: Mapped[str] = mapped_column(String(60))
    data: Mapped[dict[str, Any]]


# Nobody asks for its number.
WRITE = insert(table_of(AuditEntry)).inline()


def record(session: Session, at: datetime, actor: str, action: str, subject: str, **data: Any) -> None:
    """Write an audit entry in the caller's transaction."""
    entry = {"at": at, "actor": actor, "action": action, "subject": subject, "data": data}
    session.connection().execute(WRITE, entry)
