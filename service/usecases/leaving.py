"""Leaving and being forgotten: the ledger of projects stays, and nothing in it leads to the person any more."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, String, Update, cast, delete, func, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from service.domain.phone import digits_of, gone_phone
from service.domain.projects import UNDER_WAY, Party, ProjectState, Withdrawal
from service.domain.roles import OFFICERS
from service.domain.states import CHANGE_MOVES, PROPOSAL_MOVES, WAITING, ChangeState, MessageState, ProposalState, move
from service.domain.testimonies import TestimonyState
from service.locales import DEFAULT_LANGUAGE
from service.messaging.outbox import tell
from service.models.associations import Officer, active_officer
from service.models.audit import record
from service.models.broadcasts import BroadcastReceiver
from service.models.callbacks import Callback
from service.models.conversations import Conversation
from service.models.diaspora import Contact, DiasporaAssociation, active_contact
from service.models.inbound import InboundEvent
from service.models.journals import AnsweredTurn, JournalRow
from service.models.messages import Message, Receipt
from service.models.officers import OfficerChange
from service.models.phones import Consent, Phone
from service.models.projects import project_of
from service.models.proposals import OPEN, Proposal
from service.models.secrets import Secret
from service.models.spending import Spending
from service.models.spotchecks import Resident
from service.models.testimonies import Recording, Testimony
from service.models.users import User
from service.usecases.contributions import release_promise
from service.usecases.phones import leave_village
from service.usecases.withdrawals import end_partnership

# What a turn is answered whose reply told the number: the session ends.
EMPTIED = "END "


def forget(session: Session, now: datetime, *, phone: str) -> None:
    """Let whoever holds the phone leave their association, and forget the number; once done, it is nobody's.

    Fellow officers are told, the partner is not. What must outlive the person (needs they reported, what they agreed
    to, that a message went out) points to a number that is none, to which nothing is sent.
    The conversation that asked for this must not write its journal again (`Work.forgets` in `ussd`).
    """
    if contact := active_contact(session, phone):
        _leave_diaspora(session, now, contact)
    if officer := active_officer(session, phone):
        _leave_village(session, now, officer)
    leave_village(session, now, phone)
    session.flush()
    _erase(session, now, phone)


def _leave_village(session: Session, now: datetime, officer: Officer) -> None:
    officer.left_at = now
    association = officer.association
    actor, subject = f"officer:{officer.id}", f"association:{association.id}"
    record(session, now, actor, "officer.left", subject, role=officer.role)
    asked = select(OfficerChange).where(OfficerChange.state == ChangeState.ASKED)
    involved = or_(OfficerChange.asked_by == officer.id, OfficerChange.officer_id == officer.id)
    _lapse(session, now, session.scalars(asked.where(involved)).all())
    for other in association.active_officers:
        tell(
            session,
            now,
            event=f"officer:{officer.id}:left",
            phone=other.phone,
            template="officer_left",
            name=association.name,
            role=officer.role,
        )
    if not any(other.role in OFFICERS for other in association.active_officers):
        record(session, now, actor, "association.unattended", subject)


def _leave_diaspora(session: Session, now: datetime, contact: Contact) -> None:
    association = contact.association
    # Proposals are locked before anything else, as a matching round does.
    waiting = _open_to(session, association) if association.active_contacts == [contact] else []
    contact.left_at = now
    actor = f"contact:{contact.id}"
    record(session, now, actor, "contact.left", f"diaspora:{association.id}")
    if association.active_contacts:
        return
    association.left_at = now
    record(session, now, actor, "diaspora.left", f"diaspora:{association.id}")
    for proposal in waiting:
        if proposal.state is ProposalState.INTRODUCED:
            if _under_way(session, proposal):
                end_partnership(session, now, proposal, actor=actor, reason=Withdrawal.NO_LONGER)
            continue
        interested = proposal.state is ProposalState.INTERESTED
        after = ProposalState.DECLINED if interested else ProposalState.EXPIRED
        proposal.state = move(PROPOSAL_MOVES, proposal.state, after)
        record(session, now, actor, f"proposal.{after}", f"proposal:{proposal.id}")
        release_promise(session, now, proposal, party=Party.DIASPORA, actor=actor)


def _open_to(session: Session, diaspora: DiasporaAssociation) -> list[Proposal]:
    concerned = (*OPEN, ProposalState.INTRODUCED)
    found = select(Proposal).where(Proposal.diaspora_id == diaspora.id, Proposal.state.in_(concerned))
    return list(session.scalars(found.order_by(Proposal.id).with_for_update(of=Proposal)))


def _under_way(session: Session, proposal: Proposal) -> bool:
    """Tell whether a partner is still counted on: what is done stays what both did."""
    project = project_of(session, proposal.need_id)
    return project is not None and project.state in UNDER_WAY | {ProjectState.DISPUTED}


def _lapse(session: Session, now: datetime, changes: Any) -> None:
    for change in changes:
        change.state, change.decided_at = move(CHANGE_MOVES, change.state, ChangeState.EXPIRED), now
        record(session, now, "job:leaving", "change.expired", f"change:{change.id}")


def _erase(session: Session, now: datetime, phone: str) -> None:
    """Put a number that is none in the place of this one, and delete what has no place without it."""
    # Locked last: whoever writes to this phone holds a proposal or a need, and then comes here.
    old = session.get(Phone, phone, with_for_update=True, populate_existing=True)
    gone = gone_phone()
    session.add(Phone(number=gone, language=DEFAULT_LANGUAGE, stopped_at=now))
    session.flush()
    _erase_messages(session, now, phone, gone)
    invited = select(OfficerChange).where(
        OfficerChange.phone == phone, OfficerChange.state.in_((ChangeState.ASKED, ChangeState.AGREED))
    )
    _lapse(session, now, session.scalars(invited).all())
    session.flush()
    on_screen = _mention(phone, JournalRow.state, JournalRow.replies)
    for statement in (
        update(Officer).where(Officer.phone == phone).values(phone=gone),
        update(Contact).where(Contact.phone == phone).values(phone=gone, name="", search=""),
        *_silenced(gone),
        # A number that is none still tells that one person had the role before and after.
        update(OfficerChange).where(OfficerChange.phone == phone).values(phone=gone),
        update(Resident).where(Resident.phone == phone).values(phone=gone),
        update(User).where(User.phone == phone).values(phone=None),
        # The gateway's own id stays: it may tell the same event again.
        update(InboundEvent).where(InboundEvent.phone == phone).values(phone=gone, payload={}),
        delete(Consent).where(Consent.phone == phone),
        delete(Secret).where(Secret.phone == phone),
        delete(Callback).where(Callback.phone == phone),
        delete(Conversation).where(Conversation.phone == phone),
        update(BroadcastReceiver).where(BroadcastReceiver.phone == phone).values(phone=gone),
        delete(Spending).where(Spending.scope == f"phone:{phone}"),
        # Another's conversation may have had the number on its screen.
        delete(JournalRow).where(or_(JournalRow.phone == phone, *on_screen)),
        update(AnsweredTurn).where(*_mention(phone, AnsweredTurn.reply)).values(reply=EMPTIED),
    ):
        session.execute(statement, execution_options={"synchronize_session": False})
    record(session, now, f"phone:{gone}", "phone.forgotten", f"phone:{gone}")
    if old:
        session.delete(old)
    session.flush()
    session.expire_all()


def _silenced(gone: str) -> list[Update]:
    """Return what deletes the voice of who is gone, and their words that nobody may read; others name no person."""
    by = or_(
        Testimony.officer_id.in_(select(Officer.id).where(Officer.phone == gone)),
        Testimony.contact_id.in_(select(Contact.id).where(Contact.phone == gone)),
    )
    mine = select(Testimony.id).where(by)
    unread = update(Testimony).where(by, Testimony.state != TestimonyState.PUBLISHED)
    return [
        update(Recording).where(Recording.testimony_id.in_(mine)).values(sound=None, address=""),
        unread.values(text="", state=TestimonyState.WITHDRAWN),
    ]


def _erase_messages(session: Session, now: datetime, phone: str, gone: str) -> None:
    """Empty the messages to the phone and those that tell others its number; none of them is sent any more."""
    about = or_(Message.phone == phone, *_mention(phone, Message.text))
    unsent = {"state": MessageState.CANCELLED, "final_at": now, "reason": "gone"}
    key = cast("gone:", String).concat(cast(Message.id, String))
    for statement in (
        update(Message).where(about, Message.state.in_(WAITING)).values(**unsent),
        # What comes back from a call, or was in doubt, would else be sent empty.
        update(Message).where(about).values(text="", line="", expires_at=Message.created_at),
        update(Message).where(Message.phone == phone).values(phone=gone, key=key),
        update(Receipt).where(Receipt.phone == phone).values(phone=gone),
    ):
        session.execute(statement, execution_options={"synchronize_session": False})


def _mention(phone: str, *columns: InstrumentedAttribute[Any]) -> list[ColumnElement[bool]]:
    """Return, for each column, whether its text has the number, however it is grouped."""
    unspaced = [func.replace(func.replace(cast(one, String), " ", ""), "-", "") for one in columns]
    return [or_(*(text.contains(digits) for digits in digits_of(phone))) for text in unspaced]
