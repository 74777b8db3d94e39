"""Needs shown to diaspora associations."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from service.domain.states import ProposalState
from service.models.base import Base, Id, stored
from service.models.diaspora import DiasporaAssociation
from service.models.needs import Need


class Proposal(Base):
    """One need shown once to one diaspora association, with the reasons it was told (catalogue keys and values)."""

    __tablename__ = "proposals"
    __table_args__ = (UniqueConstraint("need_id", "diaspora_id"), Index(None, "state", "proposed_at"))

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    need_id: Mapped[int] = mapped_column(ForeignKey("needs.id"))
    diaspora_id: Mapped[int] = mapped_column(ForeignKey("diaspora_associations.id"), index=True)
    state: Mapped[ProposalState] = mapped_column(stored(ProposalState))
    score: Mapped[float]
    reasons: Mapped[list[Any]]
    answer_reason: Mapped[str] = mapped_column(default="")
    answered_by: Mapped[int | None] = mapped_column(ForeignKey("contacts.id"))
    accepted_by: Mapped[int | None] = mapped_column(ForeignKey("officers.id"))
    proposed_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    decided_at: Mapped[datetime | None]

    need: Mapped[Need] = relationship()
    diaspora: Mapped[DiasporaAssociation] = relationship()
