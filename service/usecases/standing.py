"""Why a need waits, or why nobody is asked about it: told on its page, from what the database says now."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, Select, case, exists, func, or_, select
from sqlalchemy.orm import Session

from service.domain.sectors import Sector
from service.domain.states import AssociationState, NeedState, ProposalState
from service.matching.held_back import NOBODY, HeldBack
from service.models.contributions import PROMISED, Contribution, LedgerEntry
from service.models.diaspora import Contact, DiasporaAssociation, Interest
from service.models.needs import Need
from service.models.phones import Phone
from service.models.proposals import OPEN, Proposal
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
    PARTNER = "partner"  # that the matching shows it to somebody
    NOBODY = "nobody"  # that there is somebody to show it to


@dataclass(frozen=True)
class Standing:
    """What a need waits for, and since when. The figures are of associations abroad, when it waits for the matching.

    `wanting` want to hear of its sector and can be asked; `shown` of them were asked before; `busy` of the others have
    no place free or nothing left to give this year.
    """

    why: Waits | HeldBack
    since: datetime | None = None
    wanting: int = 0
    shown: int = 0
    busy: int = 0


def standing_of(session: Session, now: datetime, need: Need) -> Standing:
    """Return why a need waits; the reasons of the matching as a round of it would give them."""
    standing = standings(session, now, [need])[need.id]
    return _held_back(session, now, need, standing) if standing.why in {Waits.PARTNER, Waits.NOBODY} else standing


def note_whether_asked(session: Session, now: datetime, need: Need) -> None:
    """Note at a no whether anybody is left to ask about a need: lists need not wait for the next round to tell."""
    need.unasked = standing_of(session, now, need).why in NOBODY


def standings(session: Session, now: datetime, needs: Sequence[Need]) -> Mapping[int, Standing]:
    """Return why each of these needs waits, by their ids, as far as it is cheap to tell: in two statements.

    Nobody to show it to is what the last round of the matching or the last no found, or what the next round will, as
    nobody wants its sector.
    """
    awaited = (
        select(Proposal.need_id, Proposal.state, func.min(Proposal.proposed_at), func.min(Proposal.answered_at))
        .where(Proposal.need_id.in_([need.id for need in needs]), Proposal.state.in_(OPEN))
        .group_by(Proposal.need_id, Proposal.state)
    )
    answers: dict[int, dict[ProposalState, datetime]] = defaultdict(dict)
    for need_id, state, proposed_at, answered_at in session.execute(awaited):
        answers[need_id][state] = answered_at or proposed_at
    wanted = _wanted(session, now, {need.sector for need in needs})
    return {need.id: _standing(need, answers[need.id], wanted) for need in needs}


def _wanted(session: Session, now: datetime, sectors: Collection[Sector]) -> Collection[Sector]:
    """Return those of the sectors that somebody who can be asked wants; each is looked for only until one is found."""
    if not sectors:
        return set()
    found = [
        exists()
        .where(Interest.association_id == DiasporaAssociation.id, Interest.sector == sector, *_can_be_asked(now))
        .label(sector)
        for sector in sectors
    ]
    row = session.execute(select(*found)).one()
    return {sector for sector, one in zip(sectors, row, strict=True) if one}


def _standing(need: Need, answers: Mapping[ProposalState, datetime], wanted: Collection[Sector]) -> Standing:
    association = need.association.state
    waits = (
        (need.state is NeedState.INTRODUCED, Waits.PROJECT, None),
        (need.state is NeedState.REJECTED, Waits.REJECTED, None),
        (association is AssociationState.REJECTED, Waits.ASSOCIATION_REJECTED, None),
        (association is AssociationState.PENDING, Waits.ASSOCIATION, need.reported_at),
        (need.state is NeedState.REPORTED, Waits.VERIFICATION, need.reported_at),
        (ProposalState.INTERESTED in answers, Waits.VILLAGE, answers.get(ProposalState.INTERESTED)),
        (ProposalState.PROPOSED in answers, Waits.ANSWERS, answers.get(ProposalState.PROPOSED)),
        (need.unasked or need.sector not in wanted, Waits.NOBODY, need.verified_at),
    )
    found = ((why, since) for holds, why, since in waits if holds)
    return Standing(*next(found, (Waits.PARTNER, need.verified_at)))


def _held_back(session: Session, now: datetime, need: Need, standing: Standing) -> Standing:
    row = session.execute(_figures(now, need)).one()
    wanting, shown, busy = row.wanting, row.shown or 0, row.busy or 0
    reasons = (
        (wanting == 0, HeldBack.NO_PARTNER_FOR_SECTOR),
        (wanting == shown, HeldBack.ALL_DECLINED),
        (wanting == shown + busy, HeldBack.ALL_BUSY),
    )
    why = next((reason for holds, reason in reasons if holds), HeldBack.OUTBID)
    return replace(standing, why=why, wanting=wanting, shown=shown, busy=busy)


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
    return (
        select(
            func.count().label("wanting"),
            func.sum(case((shown, 1), else_=0)).label("shown"),
            func.sum(case((shown, 0), (busy, 1), else_=0)).label("busy"),
        )
        .select_from(DiasporaAssociation)
        .join(Interest, (Interest.association_id == DiasporaAssociation.id) & (Interest.sector == need.sector))
        .outerjoin(promised, promised.c.diaspora_id == DiasporaAssociation.id)
        .where(*_can_be_asked(now))
    )


def _can_be_asked(now: datetime) -> tuple[ColumnElement[bool], ...]:
    reachable = select(Contact.association_id).join(Phone).where(Contact.left_at.is_(None), Phone.stopped_at.is_(None))
    return (
        DiasporaAssociation.left_at.is_(None),
        DiasporaAssociation.state == AssociationState.VERIFIED,
        or_(DiasporaAssociation.paused_until.is_(None), DiasporaAssociation.paused_until <= now),
        DiasporaAssociation.id.in_(reachable),
    )
