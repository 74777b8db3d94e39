"""Experience sheets (*fiches d'expérience*): what others can learn from a project."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from service.domain.testimonies import SheetState
from service.models.base import Base, stored
from service.models.needs import Need


class ExperienceSheet(Base):
    """A project's sheet in one language: drafted from the record, completed by a coordinator, published with consent.

    `facts` is what the record said when it was drafted (dates, actors, money, steps); the words are the coordinator's.
    """

    __tablename__ = "experience_sheets"

    need_id: Mapped[int] = mapped_column(ForeignKey("needs.id"), primary_key=True)
    language: Mapped[str] = mapped_column(String(8), primary_key=True)
    state: Mapped[SheetState] = mapped_column(stored(SheetState))
    title: Mapped[str] = mapped_column(String(120))
    summary: Mapped[str] = mapped_column(Text, default="")
    difficulties: Mapped[str] = mapped_column(Text, default="")
    lessons: Mapped[str] = mapped_column(Text, default="")
    facts: Mapped[dict[str, Any]]
    works_began_on: Mapped[date | None]
    works_ended_on: Mapped[date | None]
    drafted_at: Mapped[datetime]
    completed_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    published_at: Mapped[datetime | None]

    need: Mapped[Need] = relationship()
