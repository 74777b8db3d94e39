"""Village associations: registered by a phone, verified by a coordinator."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.domain.errors import MoveError, NotFoundError
from service.domain.phone import parse_phone
from service.domain.roles import OfficerRole
from service.domain.states import ASSOCIATION_MOVES, AssociationState, move
from service.domain.text import clean
from service.locales import Language
from service.messaging.outbox import tell
from service.models.associations import Officer, VillageAssociation, active_officer
from service.models.audit import record
from service.models.diaspora import active_contact
from service.models.needs import Need
from service.usecases.communes import meant_commune
from service.usecases.phones import know_phone, leave_village, record_consent
from service.usecases.proposals import close_proposals

LONGEST_NAME = 80  # characters


def register_association(
    session: Session, now: datetime, *, phone: str, role: OfficerRole, commune_code: str, douar: str, name: str
) -> VillageAssociation:
    """Register an association with its first officer, whose phone must be known; a coordinator then verifies it.

    Raises MoveError when the phone already speaks for an association that was not turned away, or for emigrants.
    """
    if active_contact(session, phone):
        raise MoveError(before="contact", after="officer")
    before = active_officer(session, phone)
    if before and before.association.state is not AssociationState.REJECTED:
        raise MoveError(before="officer", after="officer")
    if before:
        # Turned away, it may be registered again, with what was wrong put right.
        before.left_at = now
        session.flush()
    leave_village(session, now, phone)
    association = VillageAssociation(
        name=name, douar=douar, commune_code=commune_code, state=AssociationState.PENDING, registered_at=now
    )
    association.officers = [Officer(phone=phone, role=role, joined_at=now)]
    session.add(association)
    session.flush()
    officer = association.officers[0]
    record(session, now, f"officer:{officer.id}", "association.registered", f"association:{association.id}")
    tell(
        session,
        now,
        event=f"association:{association.id}:registered",
        phone=phone,
        template="association_saved",
        name=name,
    )
    return association


def enter_association(
    session: Session,
    now: datetime,
    *,
    name: str,
    douar: str,
    commune: str,
    phone: str,
    role: OfficerRole,
    language: Language,
    channel: str,
    actor: str,
) -> VillageAssociation | None:
    """Register an association for others, who have its first officer's consent on paper; None when it is there already.

    That is its name, in its commune, a census code or a name that only one has; `channel` is where it was entered.
    Raises ValueError with one sentence for the first value that cannot be, MoveError as `register_association`.
    """
    name, douar = _text("name", name), _text("douar", douar)
    place = meant_commune(session, commune)
    number = _phone(phone)
    same = (VillageAssociation.name == name, VillageAssociation.commune_code == place.code)
    if session.scalars(select(VillageAssociation.id).where(*same)).first() is not None:
        return None
    officer = active_officer(session, number)
    if officer:
        raise ValueError(f"the phone already speaks for {officer.association.name!r}")
    if know_phone(session, now, number, language).stopped_at:
        raise ValueError("the phone said STOP, and only who holds it can take that back")
    record_consent(session, now, number, channel)
    association = register_association(
        session, now, phone=number, role=role, commune_code=place.code, douar=douar, name=name
    )
    record(session, now, actor, "association.entered", f"association:{association.id}")
    return association


def _text(what: str, written: str) -> str:
    written = clean(written)
    if not 0 < len(written) <= LONGEST_NAME:
        raise ValueError(f"{what} needs 1 to {LONGEST_NAME} characters")
    return written


def _phone(written: str) -> str:
    try:
        return parse_phone(written)
    except ValueError as error:
        raise ValueError(f"phone {written!r} is not a phone number") from error


def verify_association(
    session: Session, now: datetime, *, actor: str, association_id: int, code: str
) -> VillageAssociation:
    """Let the association take part, and tell its officers; `code` is the USSD code.

    Raises NotFoundError or MoveError.
    """
    return _decide(session, now, actor, association_id, AssociationState.VERIFIED, "", code)


def reject_association(
    session: Session, now: datetime, *, actor: str, association_id: int, reason: str
) -> VillageAssociation:
    """Turn the association away, and tell its officers why; what was open under its needs is closed.

    Raises NotFoundError or MoveError.
    """
    its_needs = session.scalars(select(Need.id).where(Need.association_id == association_id)).all()
    close_proposals(session, now, actor=actor, need_ids=its_needs)
    return _decide(session, now, actor, association_id, AssociationState.REJECTED, reason)


def _decide(
    session: Session,
    now: datetime,
    actor: str,
    association_id: int,
    state: AssociationState,
    reason: str,
    code: str = "",
) -> VillageAssociation:
    association = session.get(
        VillageAssociation, association_id, with_for_update={"of": VillageAssociation}, populate_existing=True
    )
    if not association:
        raise NotFoundError
    before = {"before": association.state, "earlier": association.state_reason}
    association.state = move(ASSOCIATION_MOVES, association.state, state)
    association.state_reason, association.decided_at = reason, now
    record(session, now, actor, f"association.{state}", f"association:{association.id}", reason=reason, **before)
    for officer in association.active_officers:
        tell(
            session,
            now,
            event=f"association:{association.id}:{state}:{now.isoformat()}",
            phone=officer.phone,
            template=f"association_{state}",
            name=association.name,
            reason=reason,
            code=code,
        )
    return association
