"""Files that are made for somebody who asked for them, while they do something else."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Index, String, and_, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from service.models.base import Base, Id, stored

KEPT = timedelta(days=7)
# A worker says that it is at it at least this often; silent for three times as long, it is taken to be gone.
BEAT = timedelta(seconds=20)
GONE_AFTER = 3 * BEAT


class ExportState(StrEnum):
    """How far an export is."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    DELETED = "deleted"


class Export(Base):
    """One file asked for: `done` of `total` rows are written. `file` is its name within the folder of exports.

    `owner` is the worker that makes it, which says in `alive_at` that it still does; `attempts` were begun in all.
    """

    __tablename__ = "exports"
    __table_args__ = (Index(None, "state", "asked_at"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    arguments: Mapped[dict[str, Any]]
    asked_by: Mapped[str] = mapped_column(String(60))
    asked_at: Mapped[datetime]
    state: Mapped[ExportState] = mapped_column(stored(ExportState))
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    file: Mapped[str] = mapped_column(String(80), default="")
    attempts: Mapped[int] = mapped_column(default=0)
    owner: Mapped[str] = mapped_column(String(80), default="")
    alive_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


def is_waiting(now: datetime) -> ColumnElement[bool]:
    """Tell, of an export, whether somebody should make it: nobody has begun, or who began is gone."""
    left = and_(Export.state == ExportState.RUNNING, Export.alive_at < now - GONE_AFTER)
    return or_(Export.state == ExportState.QUEUED, left)


def next_export(session: Session, now: datetime) -> Export | None:
    """Return the export that waits longest to be made, locked."""
    waiting = select(Export).where(is_waiting(now)).order_by(Export.id).limit(1)
    return session.scalar(waiting.with_for_update(skip_locked=True))


def newest_exports(session: Session, limit: int = 50) -> list[Export]:
    """Return the exports that were asked for last."""
    return list(session.scalars(select(Export).order_by(Export.id.desc()).limit(limit)))


def outlived(session: Session, now: datetime) -> list[Export]:
    """Return the exports whose files are older than a week."""
    old = select(Export).where(Export.state == ExportState.DONE, Export.ended_at < now - KEPT)
    return list(session.scalars(old.order_by(Export.id)))
