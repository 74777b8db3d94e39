"""What villages need."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, false, select
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from service.domain.needs import Agreement, CostBasis, Funder, LandStatus, WaterRight
from service.domain.sectors import Sector, Urgency
from service.domain.states import NeedState
from service.models.associations import Officer, VillageAssociation
from service.models.base import Base, Id, folded_from, stored


class Need(Base):
    """A need as an officer reported it. Money is in centimes of a dirham; the title is kept as written.

    `unasked` tells, of a verified one, that the last round of the matching, or the last no since, found nobody to ask:
    no association wants its sector, or all that do were asked.
    """

    __tablename__ = "needs"
    # What waits is listed first, and lists are put in order by these.
    __table_args__ = (
        Index(None, "state", "verified_at"),
        Index(None, "state", "reported_at"),
        Index(None, "state", "id"),
        Index(None, "reported_at"),
        Index(None, "cost"),
        Index(None, "households"),
        # Few, and looked at on the first page.
        Index(
            "ix_needs_unasked",
            "verified_at",
            "id",
            sqlite_where=sql("unasked = 1"),
            postgresql_where=sql("unasked"),
        ),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    reference: Mapped[str] = mapped_column(String(8), unique=True)
    association_id: Mapped[int] = mapped_column(ForeignKey("village_associations.id"), index=True)
    reported_by: Mapped[int] = mapped_column(ForeignKey("officers.id"))
    sector: Mapped[Sector] = mapped_column(stored(Sector))
    households: Mapped[int]
    cost: Mapped[int] = mapped_column(Id)
    village_share: Mapped[int] = mapped_column(Id)
    title: Mapped[str] = mapped_column(Text)
    title_language: Mapped[str] = mapped_column(String(8))
    urgency: Mapped[Urgency] = mapped_column(stored(Urgency), default=Urgency.NORMAL)
    state: Mapped[NeedState] = mapped_column(stored(NeedState))
    state_reason: Mapped[str] = mapped_column(String(200), default="")
    reported_at: Mapped[datetime]
    verified_at: Mapped[datetime | None]
    unasked: Mapped[bool] = mapped_column(default=False, server_default=false())
    search: Mapped[str] = folded_from("title")

    association: Mapped[VillageAssociation] = relationship()
    reporter: Mapped[Officer] = relationship()
    details: Mapped["NeedDetails | None"] = relationship()


class NeedDetails(Base):
    """What the village adds to a need when it can; None is not said. Shares are in centimes of a dirham."""

    __tablename__ = "need_details"

    need_id: Mapped[int] = mapped_column(ForeignKey("needs.id"), primary_key=True)
    permanent_population: Mapped[int | None]
    summer_population: Mapped[int | None]
    cost_basis: Mapped[CostBasis | None] = mapped_column(stored(CostBasis))
    share_cash: Mapped[int | None] = mapped_column(Id)
    share_labour: Mapped[int | None] = mapped_column(Id)
    share_materials: Mapped[int | None] = mapped_column(Id)
    share_land: Mapped[int | None] = mapped_column(Id)
    funder_asked: Mapped[Funder | None] = mapped_column(stored(Funder))
    commune_agreement: Mapped[Agreement | None] = mapped_column(stored(Agreement))
    land_status: Mapped[LandStatus | None] = mapped_column(stored(LandStatus))
    water_right: Mapped[WaterRight | None] = mapped_column(stored(WaterRight))
    declared_by: Mapped[int] = mapped_column(ForeignKey("officers.id"))
    declared_at: Mapped[datetime]


def need_by_reference(session: Session, reference: str) -> Need | None:
    """Return the need of a reference code."""
    return session.scalar(select(Need).where(Need.reference == reference))


def needs_of(session: Session, association_id: int, limit: int = 20) -> list[Need]:
    """Return an association's needs, the newest first."""
    found = select(Need).where(Need.association_id == association_id).order_by(Need.id.desc()).limit(limit)
    return list(session.scalars(found))


def projects_of(session: Session, association_id: int, limit: int = 20) -> list[Need]:
    """Return an association's needs that have a partner, the newest first."""
    found = select(Need).where(Need.association_id == association_id, Need.state == NeedState.INTRODUCED)
    return list(session.scalars(found.order_by(Need.id.desc()).limit(limit)))


def waiting_needs(session: Session, limit: int = 20) -> list[Need]:
    """Return the needs that wait to be verified, the oldest first."""
    found = select(Need).where(Need.state == NeedState.REPORTED).order_by(Need.reported_at, Need.id)
    return list(session.scalars(found.limit(limit)))
