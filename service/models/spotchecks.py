"""Spot checks: when works are said to be done, a handful of villagers who agreed to it are asked whether it is so."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, func, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from service.domain.spotchecks import Candidate
from service.models.associations import Officer, VillageAssociation
from service.models.base import Base, Id, stored
from service.models.diaspora import Contact
from service.models.needs import Need
from service.models.phones import Phone

# The texts of a check. Whom they were sent to, and so who answered, is shown to nobody.
TEMPLATES = ("spot_question", "spot_noted", "spot_kept")


class SpotAnswer(StrEnum):
    """What a villager answers."""

    YES = "yes"
    NO = "no"


class Resident(Base):
    """A villager who agreed to be asked. A number stands for one village at a time, and for none that it speaks for."""

    __tablename__ = "residents"
    __table_args__ = (
        Index(
            "uq_residents_active_phone",
            "phone",
            unique=True,
            sqlite_where=text("left_at IS NULL"),
            postgresql_where=text("left_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    association_id: Mapped[int] = mapped_column(ForeignKey("village_associations.id"), index=True)
    phone: Mapped[str] = mapped_column(ForeignKey("phones.number"))
    joined_at: Mapped[datetime]
    left_at: Mapped[datetime | None]

    association: Mapped[VillageAssociation] = relationship()


class SpotCheck(Base):
    """One round of questions about a project."""

    __tablename__ = "spot_checks"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    need_id: Mapped[int] = mapped_column(ForeignKey("needs.id"), index=True)
    asked_at: Mapped[datetime]
    told_at: Mapped[datetime | None] = mapped_column(index=True)

    need: Mapped[Need] = relationship()
    questions: Mapped[list["SpotQuestion"]] = relationship(back_populates="check", order_by="SpotQuestion.id")


class SpotQuestion(Base):
    """One villager who was asked, and the answer: one each. `channel` is the answer's, empty where it was not kept."""

    __tablename__ = "spot_questions"
    __table_args__ = (UniqueConstraint("check_id", "resident_id"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    check_id: Mapped[int] = mapped_column(ForeignKey("spot_checks.id"))
    resident_id: Mapped[int] = mapped_column(ForeignKey("residents.id"), index=True)
    answer: Mapped[SpotAnswer | None] = mapped_column(stored(SpotAnswer))
    answered_at: Mapped[datetime | None]
    channel: Mapped[str] = mapped_column(String(20), default="", server_default="")

    check: Mapped[SpotCheck] = relationship(back_populates="questions")
    resident: Mapped[Resident] = relationship()


def active_resident(session: Session, phone: str) -> Resident | None:
    """Return the resident who may be asked at this phone today."""
    return session.scalar(select(Resident).where(Resident.phone == phone, Resident.left_at.is_(None)))


def candidates(session: Session, association_id: int) -> list[Candidate]:
    """Return the residents of a village who can be asked, with when they were last: nobody who speaks for anyone."""
    speaks = [select(entity.phone).where(entity.left_at.is_(None)) for entity in (Officer, Contact)]
    found = (
        select(Resident.id, func.max(SpotCheck.asked_at))
        .join(Phone, Phone.number == Resident.phone)
        .outerjoin(SpotQuestion, SpotQuestion.resident_id == Resident.id)
        .outerjoin(SpotQuestion.check)
        .where(Resident.association_id == association_id, Resident.left_at.is_(None), Phone.stopped_at.is_(None))
        .where(*(Resident.phone.not_in(numbers) for numbers in speaks))
        .group_by(Resident.id)
    )
    return [Candidate(its_id, asked_at) for its_id, asked_at in session.execute(found)]


def asked_of(session: Session, phone: str) -> list[SpotQuestion]:
    """Return what was asked at this phone and is not told yet, answered or not, the oldest first."""
    return list(
        session.scalars(
            select(SpotQuestion)
            .join(SpotQuestion.check)
            .join(SpotQuestion.resident)
            .where(Resident.phone == phone, Resident.left_at.is_(None), SpotCheck.told_at.is_(None))
            .order_by(SpotQuestion.id)
        )
    )


def was_asked(session: Session, phone: str) -> bool:
    """Tell whether anything was ever asked at this phone."""
    asked = select(SpotQuestion.id).join(SpotQuestion.resident).where(Resident.phone == phone)
    return session.scalar(asked.limit(1)) is not None


def open_checks(session: Session, need_id: int | None = None) -> list[SpotCheck]:
    """Return the rounds, of one project or of all, whose outcome is not told yet, the oldest first, locked."""
    found = select(SpotCheck).where(SpotCheck.told_at.is_(None))
    if need_id is not None:
        found = found.where(SpotCheck.need_id == need_id)
    found = found.order_by(SpotCheck.id).with_for_update(of=SpotCheck)
    return list(session.scalars(found.execution_options(populate_existing=True)))
