"""Spot checks: when works are said to be done, a handful of villagers who agreed to it are asked whether it is so."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from service.models.associations import VillageAssociation
from service.models.base import Base, Id, stored
from service.models.needs import Need


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
    told_at: Mapped[datetime | None]

    need: Mapped[Need] = relationship()
    questions: Mapped[list["SpotQuestion"]] = relationship(back_populates="check", order_by="SpotQuestion.id")


class SpotQuestion(Base):
    """One villager who was asked, and the answer: one each."""

    __tablename__ = "spot_questions"
    __table_args__ = (UniqueConstraint("check_id", "resident_id"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    check_id: Mapped[int] = mapped_column(ForeignKey("spot_checks.id"))
    resident_id: Mapped[int] = mapped_column(ForeignKey("residents.id"), index=True)
    answer: Mapped[SpotAnswer | None] = mapped_column(stored(SpotAnswer))
    answered_at: Mapped[datetime | None]

    check: Mapped[SpotCheck] = relationship(back_populates="questions")
    resident: Mapped[Resident] = relationship()
