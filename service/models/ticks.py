"""Which due times of which job have been taken."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from service.models.base import Base


class JobTick(Base):
    """Whoever inserts the row runs the job, so each due time runs once however many processes there are.

    While it runs, its owner says so in `alive_at`.
    """

    __tablename__ = "job_ticks"

    job: Mapped[str] = mapped_column(String(40), primary_key=True)
    due_at: Mapped[datetime] = mapped_column(primary_key=True)
    owner: Mapped[str] = mapped_column(String(80))
    alive_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    outcome: Mapped[str] = mapped_column(String(200), default="")
