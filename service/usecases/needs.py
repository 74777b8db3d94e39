"""Needs: declared by an officer, with details when they have them; verified by a coordinator."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from service.domain.errors import MoveError, NotAllowedError, NotFoundError
from service.domain.money import Money
from service.domain.needs import Agreement, CostBasis, Funder, LandStatus, WaterRight
from service.domain.reference import new_reference
from service.domain.roles import OFFICERS
from service.domain.sectors import Sector, Urgency
from service.domain.states import NEED_MOVES, AssociationState, NeedState, move
from service.messaging.once import add_once
from service.messaging.outbox import tell
from service.models.associations import Officer
from service.models.audit import record
from service.models.needs import Need, NeedDetails, need_by_reference
from service.usecases.proposals import close_proposals


@dataclass(frozen=True)
class Details:
    """What may be known of a need beyond the short form; None is not said. Shares are in dirhams."""

    permanent_population: int | None = None
    summer_population: int | None = None
    cost_basis: CostBasis | None = None
    share_cash: Money | None = None
    share_labour: Money | None = None
    share_materials: Money | None = None
    share_land: Money | None = None
    funder_asked: Funder | None = None
    commune_agreement: Agreement | None = None
    land_status: LandStatus | None = None
    water_right: WaterRight | None = None


def declare_need(
    session: Session,
    now: datetime,
    *,
    officer: Officer,
    sector: Sector,
    households: int,
    cost: Money,
    village_share: Money,
    title: str,
    details: Details | None = None,
) -> str:
    """Write down what an officer reports, send the reference, and return it. Amounts are in dirhams.

    Raises NotAllowedError for a witness, MoveError when the association was turned away.
    """
    if officer.role not in OFFICERS:
        raise NotAllowedError
    if officer.association.state is AssociationState.REJECTED:
        raise MoveError
    values = {
        "association_id": officer.association_id,
        "reported_by": officer.id,
        "sector": sector,
        "households": households,
        "cost": cost.minor,
        "village_share": village_share.minor,
        "title": title,
        "title_language": officer.line.language,
        "state": NeedState.REPORTED,
        "reported_at": now,
    }
    need_id, reference = None, ""
    while not need_id:
        # A code that is taken gives way to a longer one, of which there are enough for every village there is.
        reference = new_reference(longer=bool(reference))
        need_id = add_once(session, Need, unique="reference", reference=reference, **values)
    record(session, now, f"officer:{officer.id}", "need.reported", f"need:{need_id}")
    if details and details != Details():
        _write_details(session, now, officer, need_id, details)
    event = f"need:{need_id}:reported"
    tell(session, now, event=event, phone=officer.phone, template="need_saved", reference=reference)
    return reference


def add_details(session: Session, now: datetime, *, officer: Officer, reference: str, details: Details) -> NeedDetails:
    """Write what an officer adds to a need; what is said now replaces what was said before, the rest stays.

    Raises NotFoundError for another village's need, NotAllowedError for a witness, MoveError when it was turned away.
    """
    need = need_by_reference(session, reference)
    if not need or need.association_id != officer.association_id:
        raise NotFoundError
    if officer.role not in OFFICERS:
        raise NotAllowedError
    need = _locked(session, need.id)
    if need.state is NeedState.REJECTED:
        raise MoveError(before=need.state, after=need.state)
    return _write_details(session, now, officer, need.id, details)


def _write_details(session: Session, now: datetime, officer: Officer, need_id: int, details: Details) -> NeedDetails:
    row = session.get(NeedDetails, need_id, populate_existing=True) or NeedDetails(need_id=need_id)
    for name, value in vars(details).items():
        if value is not None:
            setattr(row, name, value.minor if isinstance(value, Money) else value)
    row.declared_by, row.declared_at = officer.id, now
    session.add(row)
    record(session, now, f"officer:{officer.id}", "need.detailed", f"need:{need_id}")
    return row


def verify_need(session: Session, now: datetime, *, actor: str, need_id: int, urgency: Urgency, note: str = "") -> Need:
    """Open the need to matching, and tell the village; `note` stays with colleagues: whom one called to be sure.

    Raises NotFoundError, MoveError when it is decided already, NotAllowedError while its association is not verified.
    """
    need = _locked(session, need_id)
    if need.association.state is not AssociationState.VERIFIED:
        raise NotAllowedError
    need.urgency, need.verified_at = urgency, now
    return _decide(session, now, actor, need, NeedState.VERIFIED, "", note=note)


def reject_need(session: Session, now: datetime, *, actor: str, need_id: int, reason: str, told: object = None) -> Need:
    """Turn the need away, and tell the village why, in other words when `told` are given; what was open is closed.

    Raises NotFoundError or MoveError.
    """
    close_proposals(session, now, actor=actor, need_ids=[need_id])
    return _decide(session, now, actor, _locked(session, need_id), NeedState.REJECTED, reason, told)


def _locked(session: Session, need_id: int) -> Need:
    need = session.get(Need, need_id, with_for_update={"of": Need}, populate_existing=True)
    if not need:
        raise NotFoundError
    return need


def _decide(
    session: Session,
    now: datetime,
    actor: str,
    need: Need,
    state: NeedState,
    reason: str,
    told: object = None,
    note: str = "",
) -> Need:
    data = {"reason": reason, "note": note, "before": need.state, "earlier": need.state_reason}
    need.state, need.state_reason, need.unasked = move(NEED_MOVES, need.state, state), reason, False
    record(session, now, actor, f"need.{state}", f"need:{need.id}", **data)
    for officer in need.association.active_officers:
        tell(
            session,
            now,
            event=f"need:{need.id}:{state}:{now.isoformat()}",
            phone=officer.phone,
            template=f"need_{state}",
            reference=need.reference,
            reason=told or reason,
        )
    return need
