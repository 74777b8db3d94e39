"""Who speaks for a village association: one officer asks for a change, a second agrees, a newcomer joins."""

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.domain.errors import MoveError, NotAllowedError, NotFoundError
from service.domain.phone import mask_phone, show_phone
from service.domain.roles import OFFICERS, ChangeKind, OfficerRole
from service.domain.states import CHANGE_MOVES, AssociationState, ChangeState, move
from service.messaging.outbox import tell
from service.messaging.receivers import receiver
from service.models.associations import Officer, VillageAssociation, active_officer
from service.models.audit import record
from service.models.diaspora import active_contact
from service.models.officers import OfficerChange, deciders, open_invitations, waiting_changes
from service.models.phones import Phone
from service.models.users import user_at
from service.security import keyed_hash
from service.usecases.phones import leave_village, switch_off
from service.usecases.pins import clear_pin

INVITATION_DIGITS = 6


def may_be_added(session: Session, phone: str) -> bool:
    """Tell whether a number can be invited: it speaks for nobody yet, and did not say STOP."""
    known = session.get(Phone, phone)
    taken = active_officer(session, phone) or active_contact(session, phone) or user_at(session, phone)
    return not (taken or (known and known.stopped_at))


def hash_invitation(pepper: str, phone: str, code: str) -> str:
    """Return the keyed hash of an invitation's code: all that is kept of it, and what `join` compares."""
    return keyed_hash(pepper, "invitation", phone, code)


def ask_change(
    session: Session,
    now: datetime,
    *,
    officer: Officer,
    kind: ChangeKind,
    role: OfficerRole | None = None,
    phone: str | None = None,
    about: int | None = None,
    dial: str,
    pepper: str,
) -> OfficerChange:
    """Ask the other officers for a change; `dial` is the USSD code they may dial.

    ADD takes `role` and `phone`, HAND_OVER `about` (an officer's id) and `phone`, REMOVE `about`; UNLOCK is about
    oneself. A newcomer is invited at once when there is nobody who could agree (then the change returned is AGREED).
    What was asked before of the same kind, about the same person, lapses.

    Raises NotAllowedError for who may not ask, or when nobody could agree; NotFoundError for someone who is not an
    officer of the same association; MoveError for a number that cannot be added.
    """
    association = _locked(session, officer)
    concerned = officer if kind is ChangeKind.UNLOCK else _colleague(session, officer, about)
    others = deciders(session, officer, concerned.id if concerned else None)
    _check_may_ask(association, officer, kind, others)
    if phone:
        receiver(session, phone, receiver(session, officer.phone).language)
        _check_free(session, phone)
    change = OfficerChange(
        association_id=association.id,
        kind=kind,
        role=role or (concerned or officer).role,
        officer_id=concerned.id if concerned else None,
        phone=phone,
        state=ChangeState.ASKED,
        asked_by=officer.id,
        asked_at=now,
    )
    _replace_earlier(session, now, officer, change)
    session.add(change)
    session.flush()
    _note(session, now, officer, change)
    for other in others:
        _tell(session, now, change, other.phone, f"officer_{kind}_asked", "asked", code=dial)
    if not others:
        _invite(session, now, officer, change, dial, pepper)
        _note(session, now, officer, change)
    return change


def agree_to_change(
    session: Session, now: datetime, *, officer: Officer, change_id: int, dial: str, pepper: str
) -> OfficerChange:
    """Say yes: a newcomer is invited, who leaves or hands over is switched off at once, a forgotten PIN is cleared.

    Raises NotAllowedError for a witness, MoveError when the change waits for this officer's answer no more.
    """
    change = session.get_one(OfficerChange, change_id)
    if change.officer:
        # Before the association is locked, as whoever chooses a first PIN on the way to a change locks them too.
        clear_pin(session, change.officer.phone)
    change = _waiting(session, now, officer, change_id)
    change.decided_by, change.decided_at = officer.id, now
    if change.officer and change.kind in {ChangeKind.REMOVE, ChangeKind.HAND_OVER}:
        change.officer.left_at = now
        session.flush()
        switch_off(session, now, change.officer.phone)
        _tell(session, now, change, change.officer.phone, "officer_switched_off", "left")
    if change.phone:
        _check_free(session, change.phone)
        _invite(session, now, officer, change, dial, pepper)
    else:
        change.state = move(CHANGE_MOVES, change.state, ChangeState.DONE)
    _note(session, now, officer, change)
    if change.asker.left_at is None:
        _tell(session, now, change, change.asker.phone, f"officer_{change.kind}_agreed", "agreed")
    return change


def refuse_change(session: Session, now: datetime, *, officer: Officer, change_id: int) -> OfficerChange:
    """Say no, and tell the asker.

    Raises NotAllowedError for a witness, MoveError when the change waits for this officer's answer no more.
    """
    change = _waiting(session, now, officer, change_id)
    change.state = move(CHANGE_MOVES, change.state, ChangeState.REFUSED)
    change.decided_by, change.decided_at = officer.id, now
    _note(session, now, officer, change)
    _tell(session, now, change, change.asker.phone, "officer_change_refused", "refused")
    return change


def join_association(session: Session, now: datetime, *, phone: str, change_id: int) -> Officer:
    """Let who was invited, and proved it by the code, speak for the association; the others are told.

    Whatever PIN the number had is forgotten: it may be another person's.

    Raises MoveError when the invitation is open no more, or the number meanwhile speaks for someone.
    """
    clear_pin(session, phone)
    change = session.get_one(OfficerChange, change_id)
    session.get_one(VillageAssociation, change.association_id, with_for_update={"of": VillageAssociation})
    if change not in open_invitations(session, now, phone):
        raise MoveError(before=change.state, after=ChangeState.DONE)
    _check_free(session, phone)
    leave_village(session, now, phone)
    newcomer = Officer(association_id=change.association_id, phone=phone, role=change.role, joined_at=now)
    session.add(newcomer)
    change.state = move(CHANGE_MOVES, change.state, ChangeState.DONE)
    session.flush()
    _note(session, now, newcomer, change)
    for other in _colleagues(session, newcomer):
        _tell(session, now, change, other.phone, "officer_joined", "joined")
    return newcomer


def _locked(session: Session, officer: Officer) -> VillageAssociation:
    """Return the officer's association, locked: its changes come one after another.

    Raises NotFoundError when the officer has left meanwhile.
    """
    association = session.get_one(
        VillageAssociation, officer.association_id, with_for_update={"of": VillageAssociation}, populate_existing=True
    )
    session.refresh(officer)
    if officer.left_at:
        raise NotFoundError
    return association


def _check_may_ask(association: VillageAssociation, officer: Officer, kind: ChangeKind, others: list[Officer]) -> None:
    # A stranger's association could send invitations, that is texts of its own, to anyone.
    verified = association.state is AssociationState.VERIFIED
    may = kind is ChangeKind.UNLOCK or (verified and officer.role in OFFICERS)
    if not may or not (others or kind is ChangeKind.ADD):
        raise NotAllowedError


def _check_free(session: Session, phone: str) -> None:
    if not may_be_added(session, phone):
        raise MoveError(before=ChangeState.ASKED, after=ChangeState.AGREED)


def _colleague(session: Session, officer: Officer, about: int | None) -> Officer | None:
    found = session.get(Officer, about, populate_existing=True) if about else None
    if about and not (found and found.association_id == officer.association_id and found.left_at is None):
        raise NotFoundError
    return found


def _colleagues(session: Session, officer: Officer) -> list[Officer]:
    everyone = select(Officer).where(Officer.association_id == officer.association_id, Officer.left_at.is_(None))
    return [other for other in session.scalars(everyone.order_by(Officer.id)) if other is not officer]


def _waiting(session: Session, now: datetime, officer: Officer, change_id: int) -> OfficerChange:
    _locked(session, officer)
    if officer.role not in OFFICERS:
        raise NotAllowedError
    for change in waiting_changes(session, now, officer):
        if change.id == change_id:
            return change
    raise MoveError(before=ChangeState.ASKED, after=ChangeState.AGREED)


def _replace_earlier(session: Session, now: datetime, officer: Officer, change: OfficerChange) -> None:
    same = select(OfficerChange).where(
        OfficerChange.asked_by == change.asked_by,
        OfficerChange.kind == change.kind,
        OfficerChange.state == ChangeState.ASKED,
        OfficerChange.officer_id.is_not_distinct_from(change.officer_id),
    )
    if change.kind is ChangeKind.ADD:
        same = same.where(OfficerChange.phone == change.phone)
    _lapse(session, now, officer, session.scalars(same).all())


def _lapse(session: Session, now: datetime, officer: Officer, changes: Sequence[OfficerChange]) -> None:
    for change in changes:
        change.state = move(CHANGE_MOVES, change.state, ChangeState.EXPIRED)
        _note(session, now, officer, change)


def _invite(session: Session, now: datetime, officer: Officer, change: OfficerChange, dial: str, pepper: str) -> None:
    """Send the code of which only a hash is kept; what invited the number to this association before lapses."""
    assert change.phone  # noqa: S101  # only those with a newcomer are invited
    before = open_invitations(session, now, change.phone)
    _lapse(session, now, officer, [one for one in before if one.association_id == change.association_id])
    code = f"{secrets.randbelow(10**INVITATION_DIGITS):0{INVITATION_DIGITS}}"
    change.code_hash, change.decided_at = hash_invitation(pepper, change.phone, code), now
    change.state = move(CHANGE_MOVES, change.state, ChangeState.AGREED)
    _tell(session, now, change, change.phone, "officer_invited", "invited", code=code, dial=dial)


def _note(session: Session, now: datetime, who: Officer, change: OfficerChange) -> None:
    # An audit entry outlives the person's data, so it holds the number masked.
    data = {"kind": change.kind, "role": change.role, "officer": change.officer_id}
    number = {"phone": mask_phone(change.phone)} if change.phone else {}
    record(session, now, f"officer:{who.id}", f"change.{change.state}", f"change:{change.id}", **data, **number)


def _tell(
    session: Session, now: datetime, change: OfficerChange, phone: str, template: str, what: str, **values: Any
) -> None:
    concerned = change.officer.phone if change.officer else change.phone or ""
    tell(
        session,
        now,
        event=f"officer_change:{change.id}:{what}",
        phone=phone,
        template=template,
        association=change.association.name,
        asker=change.asker.role,
        role=change.role,
        last=concerned[-2:],
        number=show_phone(change.phone) if change.phone else "",
        **values,
    )
