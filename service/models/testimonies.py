"""What people say of a project, in their own words."""

from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from service.domain.testimonies import Publication, TestimonyState
from service.models.base import Base, Id, stored
from service.models.needs import Need


class Testimony(Base):
    """One person's words on a project, by an officer or witness of the village, or a contact of its partner.

    `decided_by` is the actor who published it or set it aside, `user:3`.
    """

    __tablename__ = "testimonies"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    need_id: Mapped[int] = mapped_column(ForeignKey("needs.id"), index=True)
    officer_id: Mapped[int | None] = mapped_column(ForeignKey("officers.id"))
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contacts.id"))
    text: Mapped[str] = mapped_column(Text)
    language: Mapped[str] = mapped_column(String(8))
    publication: Mapped[Publication] = mapped_column(stored(Publication))
    written_at: Mapped[datetime]
    state: Mapped[TestimonyState] = mapped_column(stored(TestimonyState), default=TestimonyState.GIVEN)
    decided_by: Mapped[str] = mapped_column(String(60), default="")
    decided_at: Mapped[datetime | None]

    need: Mapped[Need] = relationship()


class Recording(Base):
    """A testimony spoken on a call; `sound` is None until it was fetched from the gateway, at `address`."""

    __tablename__ = "recordings"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    call_id: Mapped[str] = mapped_column(String(80), unique=True)
    testimony_id: Mapped[int] = mapped_column(ForeignKey("testimonies.id"), index=True)
    address: Mapped[str] = mapped_column(String(400))
    seconds: Mapped[int]
    media_type: Mapped[str] = mapped_column(String(40), default="")
    sound: Mapped[bytes | None] = mapped_column(LargeBinary)
    received_at: Mapped[datetime]

    testimony: Mapped[Testimony] = relationship()
