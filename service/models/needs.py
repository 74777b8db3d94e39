"""What villages need."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from service.domain.sectors import Sector, Urgency
from service.domain.states import NeedState
from service.models.associations import VillageAssociation
from service.models.base import Base, Id, stored


class Need(Base):
    """A need as an officer reported it. Money is in centimes of a dirham. The title is kept as written, with its language."""

    __tablename__ = "needs"
    __table_args__ = (Index(None, "state", "verified_at"),)

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

    association: Mapped[VillageAssociation] = relationship()
