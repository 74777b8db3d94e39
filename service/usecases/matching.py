"""A round of matching: what is open is read into arrays, solved (`service.matching`), and proposed."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import scipy.sparse
from sqlalchemy.orm import Session

from service.domain.money import Money
from service.domain.sectors import Sector, Urgency
from service.domain.states import NeedState, ProposalState
from service.matching import Problem, solve
from service.matching.candidates import candidates
from service.matching.held_back import NOBODY, HeldBack, held_back
from service.matching.reasons import Reason, reasons
from service.matching.rounds import bonuses
from service.matching.scoring import Weights, score
from service.messaging.outbox import tell
from service.messaging.phrases import Phrase
from service.messaging.sources import need_source
from service.models.audit import record
from service.models.communes import Province
from service.models.diaspora import DiasporaAssociation
from service.models.needs import Need
from service.models.proposals import Proposal
from service.usecases.sides import Sides, read_sides

ACTOR = "job:match"
# What the text has room for; the sector heads it already.
REASONS_TOLD = 2


@dataclass(frozen=True)
class Proposed:
    """A proposal of this round: its score (0 to 1), the reasons it is told with, what is missing."""

    need: Need
    diaspora: DiasporaAssociation
    score: float
    reasons: tuple[Reason, ...]
    missing: Money


@dataclass(frozen=True)
class Round:
    """What a round proposes, and why each need that nobody is asked about got nothing."""

    proposed: list[Proposed]
    held_back: list[tuple[Need, HeldBack]]
    asked: Counter[int]


def plan_round(session: Session, now: datetime, slots: int, weights: Weights) -> Round:
    """Find the best proposals for all open needs, at most `slots` associations a need; writes nothing.

    Locks the needs, so that two rounds at once cannot show one need too often.
    """
    sides = read_sides(session, now, slots)
    if not sides.needs or not sides.partners:
        alone = [need for need in sides.needs if not sides.asked[need.id]]
        return Round([], [(need, HeldBack.NO_PARTNER_FOR_SECTOR) for need in alone], sides.asked)
    rows, cols = candidates(sides.need_side, sides.partner_side, sides.blocked)
    values = score(sides.need_side, sides.partner_side, weights, rows, cols)
    assignment = solve(_problem(sides, rows, cols, values))
    told = reasons(sides.need_side, sides.partner_side, weights, assignment.needs, assignment.partners)
    values_of = dict(zip(zip(rows.tolist(), cols.tolist(), strict=True), values.tolist(), strict=True))
    held = held_back(sides.need_side, sides.partner_side, sides.blocked, assignment)
    chosen = zip(assignment.needs.tolist(), assignment.partners.tolist(), told, strict=True)
    return Round(
        [
            Proposed(sides.needs[row], sides.partners[col], values_of[row, col], why, sides.missing[row])
            for row, col, why in chosen
        ],
        [(sides.needs[row], why) for row, why in held.items() if not sides.asked[sides.needs[row].id]],
        sides.asked,
    )


def match_needs(session: Session, now: datetime, slots: int, weights: Weights) -> Round:
    """Plan a round, write its proposals and which needs nobody can be asked about, and tell the associations."""
    planned = plan_round(session, now, slots, weights)
    asked = planned.asked + Counter(one.need.id for one in planned.proposed)
    for one in planned.proposed:
        one.need.unasked = False
        _propose(session, now, one, others=asked[one.need.id] - 1)
    for need, why in planned.held_back:
        need.unasked = need.state is NeedState.VERIFIED and why in NOBODY
    return planned


def _problem(sides: Sides, rows: np.ndarray[Any, Any], cols: np.ndarray[Any, Any], values: Any) -> Problem:
    shape = (len(sides.needs), len(sides.partners))
    return Problem(
        score=scipy.sparse.csr_array((values, (rows, cols)), shape=shape),
        need_slots=sides.need_slots,
        partner_slots=sides.partner_side.slots,
        bonus=bonuses(sides.need_side.waiting_days, sides.need_slots, sides.partner_side.slots),
    )


def _propose(session: Session, now: datetime, one: Proposed, others: int) -> None:
    proposal = Proposal(
        need_id=one.need.id,
        diaspora_id=one.diaspora.id,
        state=ProposalState.PROPOSED,
        score=one.score,
        reasons=[[reason.key, reason.values] for reason in one.reasons],
        proposed_at=now,
    )
    session.add(proposal)
    session.flush()
    record(session, now, ACTOR, "proposal.proposed", f"proposal:{proposal.id}", need=one.need.id)
    association = one.need.association
    commune = association.commune
    for contact in one.diaspora.active_contacts:
        tell(
            session,
            now,
            event=f"proposal:{proposal.id}:proposed",
            phone=contact.phone,
            template="alert",
            count=others,
            sector=one.need.sector,
            douar=association.douar,
            commune=commune,
            province=Province(commune.province_code, commune.province_fr, commune.province_ar),
            households=one.need.households,
            amount=one.missing,
            source=need_source(one.need),
            reasons=_told(one.reasons),
            reference=one.need.reference,
        )


def _told(why: Sequence[Reason]) -> list[Phrase]:
    beside = [reason for reason in why if reason.key != "reason.sector"] or list(why)
    return [said_reason(reason.key, reason.values) for reason in beside[:REASONS_TOLD]]


def said_reason(key: str, values: dict[str, int]) -> Phrase:
    """Return a reason of a proposal as it is told, also one that was kept with it."""
    return Phrase(key, _spoken(values))


def _spoken(values: dict[str, int]) -> dict[str, object]:
    spoken: dict[str, object] = dict(values)
    if "sector" in values:
        spoken["sector"] = list(Sector)[values["sector"]]
    if "urgency" in values:
        spoken["urgency"] = list(Urgency)[values["urgency"]]
    return spoken
