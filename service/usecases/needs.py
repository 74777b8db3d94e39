"""Needs: declared by an officer, verified by a coordinator."""

from datetime import datetime

from sqlalchemy.orm import Session

from service.domain.errors import NotAllowedError, NotFoundError
from service.domain.money import Money
from service.domain.reference import new_reference
from service.domain.roles import OFFICERS
from service.domain.sectors import Sector, Urgency
from service.domain.states import NEED_MOVES, AssociationState, NeedState, move
from service.messaging.outbox import tell
from service.models.associations import Officer
from service.models.audit import record
from service.models.needs import Need, need_by_reference
from service.models.phones import Phone
from service.usecases.proposals import close_proposals


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
) -> Need:
    """Write down what an officer reports, and send the reference. Amounts are in dirhams.

    Raises NotAllowedError for a witness.
    """
    if officer.role not in OFFICERS:
        raise NotAllowedError
    need = Need(
        reference=_free_reference(session),
        association_id=officer.association_id,
        reported_by=officer.id,
        sector=sector,
        households=households,
        cost=cost.minor,
        village_share=village_share.minor,
        title=title,
        title_language=session.get_one(Phone, officer.phone).language,
        state=NeedState.REPORTED,
        reported_at=now,
    )
    session.add(need)
    session.flush()
    record(session, now, f"officer:{officer.id}", "need.reported", f"need:{need.id}")
    tell(
        session,
        now,
        event=f"need:{need.id}:reported",
        phone=officer.phone,
        template="need_saved",
        reference=need.reference,
    )
    return need


def verify_need(session: Session, now: datetime, *, actor: str, need_id: int, urgency: Urgency) -> Need:
    """Open the need to matching, and tell the village.

    Raises NotFoundError, MoveError when it is decided already, NotAllowedError while its association is not verified.
    """
    need = _locked(session, need_id)
    if need.association.state is not AssociationState.VERIFIED:
        raise NotAllowedError
    need.urgency, need.verified_at = urgency, now
    return _decide(session, now, actor, need, NeedState.VERIFIED, "")


def reject_need(session: Session, now: datetime, *, actor: str, need_id: int, reason: str) -> Need:
    """Turn the need away, and tell the village why; what was open under it is closed.

    Raises NotFoundError or MoveError.
    """
    close_proposals(session, now, actor=actor, need_ids=[need_id])
    return _decide(session, now, actor, _locked(session, need_id), NeedState.REJECTED, reason)


def _locked(session: Session, need_id: int) -> Need:
    need = session.get(Need, need_id, with_for_update={"of": Need})
    if not need:
        raise NotFoundError
    return need


def _decide(session: Session, now: datetime, actor: str, need: Need, state: NeedState, reason: str) -> Need:
    need.state, need.state_reason = move(NEED_MOVES, need.state, state), reason
    record(session, now, actor, f"need.{state}", f"need:{need.id}", reason=reason)
    for officer in need.association.active_officers:
        tell(
            session,
            now,
            event=f"need:{need.id}:{state}:{now.isoformat()}",
            phone=officer.phone,
            template=f"need_{state}",
            reference=need.reference,
            reason=reason,
        )
    return need


def _free_reference(session: Session) -> str:
    while need_by_reference(session, reference := new_reference()):
        pass
    return reference
