"""Why a need waits, or why nobody is asked about it: told on its page, from what the database says now."""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from sqlalchemy import Select, case, func, or_, select
from sqlalchemy.orm import Session

from service.domain.states import AssociationState, NeedState, ProposalState
from service.matching.held_back import HeldBack
from service.models.contributions import PROMISED, Contribution, LedgerEntry
from service.models.diaspora import Contact, DiasporaAssociation, Interest
from service.models.needs import Need
from service.models.phones import Phone
from service.models.proposals import Proposal
from service.usecases.sides import TYPICAL_CAPACITY


class Waits(StrEnum):
    """What a need waits for, beside the four reasons of the matching."""

    ASSOCIATION = "association"  # that its association is verified
    ASSOCIATION_REJECTED = "association_rejected"
    VERIFICATION = "verification"
    ANSWERS = "answers"  # of the associations that were asked
    VILLAGE = "village"  # that the village answers who is interested
    REJECTED = "rejected"
    PROJECT = "project"  # nothing any more: it has a partner


@dataclass(frozen=True)
class Standing:
    """What a need waits for. The figures are of associations abroad, when it is the matching that it waits for.

    `wanting` want to hear of its sector and can be asked; `shown` of them were asked before; `busy` of the others have
    no place free or nothing left to give this year.
    """

    why: Waits | HeldBack
    wanting: int = 0
    shown: int = 0
    busy: int = 0


def standing_of(session: Session, now: datetime, need: Need) -> Standing:
    """Return why a need waits; the reasons of the matching as a round of it would give them."""
    decided = _undecided(need)
    if decided:
        return Standing(decided)
    states = set(session.scalars(select(Proposal.state).where(Proposal.need_id == need.id)))
    if ProposalState.INTERESTED in states:
        return Standing(Waits.VILLAGE)
    if ProposalState.PROPOSED in states:
        return Standing(Waits.ANSWERS)
    return _held_back(session, now, need)


def _undecided(need: Need) -> Waits | None:
    """Return what a need waits for before the matching sees it, or after; None when it is the matching's."""
    association = need.association.state
    waits = (
        (need.state is NeedState.INTRODUCED, Waits.PROJECT),
        (need.state is NeedState.REJECTED, Waits.REJECTED),
        (association is AssociationState.REJECTED, Waits.ASSOCIATION_REJECTED),
        (association is AssociationState.PENDING, Waits.ASSOCIATION),
        (need.state is NeedState.REPORTED, Waits.VERIFICATION),
    )
    return next((why for holds, why in waits if holds), None)


def _held_back(session: Session, now: datetime, need: Need) -> Standing:
    row = session.execute(_figures(now, need)).one()
    wanting, shown, busy = row.wanting, row.shown or 0, row.busy or 0
    reasons = (
        (wanting == 0, HeldBack.NO_PARTNER_FOR_SECTOR),
        (wanting == shown, HeldBack.ALL_DECLINED),
        (wanting == shown + busy, HeldBack.ALL_BUSY),
    )
    why = next((reason for holds, reason in reasons if holds), HeldBack.OUTBID)
    return Standing(why, wanting, shown, busy)


def _figures(now: datetime, need: Need) -> Select[int, int, int]:
    """Count as service.usecases.sides reads: whoever wants the sector is tied to every place, near or far."""
    proposed = (
        select(func.count())
        .where(Proposal.diaspora_id == DiasporaAssociation.id, Proposal.state == ProposalState.PROPOSED)
        .correlate(DiasporaAssociation)
        .scalar_subquery()
    )
    year = datetime(now.year, 1, 1, tzinfo=UTC)
    promised = (
        select(Contribution.diaspora_id, func.sum(PROMISED).label("amount"))
        .join(Contribution.entries)
        .where(Contribution.diaspora_id.is_not(None), LedgerEntry.at >= year)
        .group_by(Contribution.diaspora_id)
        .subquery()
    )
    means = func.coalesce(func.nullif(DiasporaAssociation.yearly_capacity, 0), TYPICAL_CAPACITY)
    left = means - func.coalesce(promised.c.amount, 0)
    shown = DiasporaAssociation.id.in_(select(Proposal.diaspora_id).where(Proposal.need_id == need.id))
    busy = or_(DiasporaAssociation.attention_slots <= proposed, left <= 0)
    reachable = select(Contact.association_id).join(Phone).where(Contact.left_at.is_(None), Phone.stopped_at.is_(None))
    return (
        select(
            func.count().label("wanting"),
            func.sum(case((shown, 1), else_=0)).label("shown"),
            func.sum(case((shown, 0), (busy, 1), else_=0)).label("busy"),
        )
        .select_from(DiasporaAssociation)
        .join(Interest, (Interest.association_id == DiasporaAssociation.id) & (Interest.sector == need.sector))
        .outerjoin(promised, promised.c.diaspora_id == DiasporaAssociation.id)
        .where(
            DiasporaAssociation.left_at.is_(None),
            DiasporaAssociation.state == AssociationState.VERIFIED,
            or_(DiasporaAssociation.paused_until.is_(None), DiasporaAssociation.paused_until <= now),
            DiasporaAssociation.id.in_(reachable),
        )
    )
