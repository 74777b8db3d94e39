"""What people say of a project, in their own words."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from service.domain.testimonies import Publication
from service.models.base import Base, Id, stored
from service.models.needs import Need


class Testimony(Base):
    """One person's words on a project, by an officer or witness of the village, or a contact of its partner."""

    __tablename__ = "testimonies"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    need_id: Mapped[int] = mapped_column(ForeignKey("needs.id"), index=True)
    officer_id: Mapped[int | None] = mapped_column(ForeignKey("officers.id"))
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contacts.id"))
    text: Mapped[str] = mapped_column(Text)
    language: Mapped[str] = mapped_column(String(8))
    publication: Mapped[Publication] = mapped_column(stored(Publication))
    written_at: Mapped[datetime]

    need: Mapped[Need] = relationship()
