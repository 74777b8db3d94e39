"""Needs shown to diaspora associations."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, ForeignKey, Index, UniqueConstraint, and_, exists, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from service.domain.states import AssociationState, ProposalState
from service.models.associations import VillageAssociation
from service.models.base import Base, Id, stored
from service.models.diaspora import DiasporaAssociation
from service.models.needs import Need


class Proposal(Base):
    """One need shown once to one diaspora association, with the reasons it was told (catalogue keys and values)."""

    __tablename__ = "proposals"
    __table_args__ = (
        UniqueConstraint("need_id", "diaspora_id"),
        Index(None, "state", "proposed_at"),
        # What waits for one side is asked at every dial.
        Index(None, "need_id", "state"),
        Index(None, "diaspora_id", "state", "proposed_at"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    need_id: Mapped[int] = mapped_column(ForeignKey("needs.id"))
    diaspora_id: Mapped[int] = mapped_column(ForeignKey("diaspora_associations.id"))
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


def waiting_interests(session: Session, association_id: int) -> list[Proposal]:
    """Return the interests that wait for this village association's answer, the oldest first."""
    return list(
        session.scalars(
            select(Proposal)
            # Not joined: SQLite would look through the interests of all villages.
            .where(
                Proposal.need_id.in_(select(Need.id).where(Need.association_id == association_id)),
                Proposal.state == ProposalState.INTERESTED,
            )
            .order_by(Proposal.answered_at, Proposal.id)
        )
    )


def proposal_of(session: Session, reference: str, diaspora_id: int) -> Proposal | None:
    """Return what was shown to a diaspora association under this reference."""
    return session.scalar(
        select(Proposal)
        .join(Proposal.need)
        .where(Need.reference == reference, Proposal.diaspora_id == diaspora_id)
        .with_for_update(of=Proposal)
        # What was read before the lock may have changed while waiting for it.
        .execution_options(populate_existing=True)
    )


def open_proposals(session: Session, diaspora_id: int) -> list[Proposal]:
    """Return the proposals that wait for this diaspora association's answer, the oldest first."""
    return list(
        session.scalars(
            select(Proposal)
            .where(Proposal.diaspora_id == diaspora_id, Proposal.state == ProposalState.PROPOSED)
            .order_by(Proposal.proposed_at, Proposal.id)
        )
    )


# The ones whose answer is awaited: they take a place beside the need.
OPEN = (ProposalState.PROPOSED, ProposalState.INTERESTED)


def is_unasked() -> ColumnElement[bool]:
    """Tell, of a need, whether it is verified and nobody was found to ask about it.

    Its state is not looked at, which `unasked` follows: SQLite would take the index of all that are verified.
    """
    awaited = exists().where(Proposal.need_id == Need.id, Proposal.state.in_(OPEN))
    verified = Need.association.has(VillageAssociation.state == AssociationState.VERIFIED)
    return and_(Need.unasked, verified, ~awaited)


def open_to(session: Session, diaspora_id: int) -> list[Proposal]:
    """Return what a diaspora association was shown and whose answer, its own or the village's, is awaited."""
    found = select(Proposal).where(Proposal.diaspora_id == diaspora_id, Proposal.state.in_(OPEN))
    return list(session.scalars(found.order_by(Proposal.id)))


def unanswered(session: Session, which: ColumnElement[bool]) -> list[Proposal]:
    """Return those of some proposals that nobody answered, the oldest first, locked."""
    return list(
        session.scalars(
            select(Proposal)
            .where(Proposal.state == ProposalState.PROPOSED, which)
            .order_by(Proposal.proposed_at, Proposal.id)
            .with_for_update(of=Proposal)
            .execution_options(populate_existing=True)
        )
    )


def introduced_to(session: Session, diaspora_id: int) -> list[Proposal]:
    """Return what a diaspora association is a partner of, the newest first."""
    return list(
        session.scalars(
            select(Proposal)
            .where(Proposal.diaspora_id == diaspora_id, Proposal.state == ProposalState.INTRODUCED)
            .order_by(Proposal.id.desc())
        )
    )


def partners_of(session: Session, need_id: int) -> list[Proposal]:
    """Return the proposals of a need whose associations are its partners, in the order they were shown."""
    found = select(Proposal).where(Proposal.need_id == need_id, Proposal.state == ProposalState.INTRODUCED)
    return list(session.scalars(found.order_by(Proposal.id)))
