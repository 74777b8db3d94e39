"""What people say of a project, in their own words."""

from datetime import datetime

from sqlalchemy import ColumnElement, ForeignKey, Index, LargeBinary, String, Text, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from service.domain.testimonies import Publication, TestimonyState
from service.models.associations import Officer
from service.models.base import Base, Id, stored
from service.models.diaspora import Contact
from service.models.needs import Need


class Testimony(Base):
    """One person's words on a project, by an officer or witness of the village, or a contact of its partner.

    `decided_by` is the actor who published it or set it aside for a `reason`, `user:3`.
    What was withdrawn has no words, and what was spoken none but its recording.
    """

    __tablename__ = "testimonies"
    __table_args__ = (Index(None, "state", "written_at"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    need_id: Mapped[int] = mapped_column(ForeignKey("needs.id"), index=True)
    officer_id: Mapped[int | None] = mapped_column(ForeignKey("officers.id"))
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contacts.id"))
    text: Mapped[str] = mapped_column(Text)
    language: Mapped[str] = mapped_column(String(8))
    publication: Mapped[Publication] = mapped_column(stored(Publication))
    written_at: Mapped[datetime]
    state: Mapped[TestimonyState] = mapped_column(stored(TestimonyState), default=TestimonyState.GIVEN)
    reason: Mapped[str] = mapped_column(String(200), default="")
    decided_by: Mapped[str] = mapped_column(String(60), default="")
    decided_at: Mapped[datetime | None]

    need: Mapped[Need] = relationship()
    officer: Mapped[Officer | None] = relationship()
    contact: Mapped[Contact | None] = relationship()
    recording: Mapped["Recording | None"] = relationship(back_populates="testimony")

    @property
    def unread(self) -> bool:
        """Whether it may be published and nobody has decided."""
        return self.state is TestimonyState.GIVEN and self.publication is not Publication.PRIVATE


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

    testimony: Mapped[Testimony] = relationship(back_populates="recording")


def is_unread() -> ColumnElement[bool]:
    """Tell, of a testimony, whether it may be published and nobody has decided."""
    return (Testimony.state == TestimonyState.GIVEN) & (Testimony.publication != Publication.PRIVATE)


def testimonies_by(session: Session, author: Officer | Contact) -> list[Testimony]:
    """Return what a person said from this phone for the association it speaks for today, the newest first."""
    entity = Officer if isinstance(author, Officer) else Contact
    column = Testimony.officer_id if entity is Officer else Testimony.contact_id
    mine = select(entity.id).where(entity.phone == author.phone, entity.association_id == author.association_id)
    found = select(Testimony).where(column.in_(mine), Testimony.state != TestimonyState.WITHDRAWN)
    return list(session.scalars(found.order_by(Testimony.id.desc())))


def published_testimonies(session: Session, need_id: int) -> list[Testimony]:
    """Return what may be read by everybody of a project, the oldest first."""
    found = select(Testimony).where(Testimony.need_id == need_id, Testimony.state == TestimonyState.PUBLISHED)
    return list(session.scalars(found.order_by(Testimony.id)))
