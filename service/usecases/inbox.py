"""The inbox: what people wrote that no keyword understood is answered by a person."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, case, func, literal, select
from sqlalchemy.orm import Session, joinedload

from service.domain.errors import NotAllowedError, NotFoundError, TiwiziError
from service.domain.kinds import Kind
from service.domain.phone import parse_phone
from service.domain.roles import OfficerRole, UserRole
from service.messaging.once import INSERT, add_once
from service.messaging.opening import with_sender
from service.messaging.outbox import write
from service.messaging.outlook import estimate, outlook
from service.messaging.receipts import lock_phones
from service.models import (
    AuditEntry,
    Contact,
    Conversation,
    DiasporaAssociation,
    InboundEvent,
    JournalRow,
    Message,
    Officer,
    Phone,
    Resident,
    User,
    VillageAssociation,
)
from service.models.audit import record
from service.models.base import table_of
from service.models.inbound import may_be_read
from service.models.spotchecks import TEMPLATES
from service.models.users import comes_in
from service.settings import Settings

# Who was written to by a person writes back to that person, whatever word it is, for so long.
BACK_AND_FORTH = timedelta(days=3)
ANSWER, SMS = "answer", "sms"
# What may hold a code that proves something, or another question's secret: told that it was sent, not what.
PRIVATE = "dialogue"
# What a page opens with, so that the answer stands right below, and what each page of older lines has.
LATEST, ENTRIES = 6, 60


class CannotWriteError(TiwiziError):
    """Nothing can be written to this number, or not so much."""

    key = "error.cannot_write"
    status = 409


class Folder(StrEnum):
    """Which conversations are listed."""

    OPEN = "open"
    MINE = "mine"
    ALL = "all"


@dataclass(frozen=True)
class Someone:
    """Who is behind a number, as far as it is known.

    `person` and `side` say the kind and the id of them, and of the association they speak for, or whose village they
    live in: a resident speaks for none.
    """

    association: str = ""
    role: OfficerRole | None = None
    name: str = ""
    douar: str = ""
    person: tuple[str, int] | None = None
    side: tuple[str, int] | None = None
    lives_there: bool = False


@dataclass(frozen=True)
class Row:
    """A conversation in the list, with the last text they sent."""

    conversation: Conversation
    who: Someone
    text: str
    assigned: str


@dataclass(frozen=True)
class Entry:
    """One line of a conversation: what they wrote (`heard`), what was sent, or that they dialled.

    `text` is None where it may not be shown. `message` is the row of what was sent.
    """

    at: datetime
    how: str
    text: str | None
    message: Message | None = None


def note_text(session: Session, now: datetime, phone: str, *, understood: bool, plain: bool = False) -> None:
    """Note that a number wrote; what was not understood waits for a person, and so does what answers one.

    A `plain` word of command answers nobody.
    """
    table = table_of(Conversation)
    waits = None if understood else now
    row = INSERT[session.get_bind().dialect.name](table).values(
        phone=phone, heard_at=now, waiting_since=waits, resolved_at=now if understood else None
    )
    concerns = table.c.answered_at > now - BACK_AND_FORTH if understood else row.excluded.waiting_since.is_not(None)
    first = func.coalesce(table.c.waiting_since, literal(now, table.c.waiting_since.type))
    waiting = {
        "waiting_since": case((concerns, first), else_=table.c.waiting_since),
        "resolved_at": case((concerns, None), else_=table.c.resolved_at),
    }
    news = {"heard_at": now, **({} if plain else waiting)}
    session.execute(row.on_conflict_do_update(index_elements=(table.c.phone,), set_=news))


def list_conversations(
    session: Session, folder: Folder, user_id: int, number: int, most: int
) -> tuple[Sequence[Row], int, int]:
    """Return a page of conversations, who waits longest first, with its number and how many there are."""
    which = _in(folder, user_id)
    count = session.scalar(select(func.count()).select_from(Conversation).where(which)) or 0
    pages = max(1, -(-count // most))
    page = min(max(number, 1), pages)
    longest = (Conversation.waiting_since.is_(None), Conversation.waiting_since)
    order = (*(() if folder is Folder.ALL else longest), Conversation.heard_at.desc(), Conversation.id.desc())
    query = select(Conversation, User.name).outerjoin(User, User.id == Conversation.assigned_to).where(which)
    found = session.execute(query.order_by(*order).limit(most).offset((page - 1) * most)).all()
    heard = heard_from(session, [one.phone for one, _ in found])
    return [Row(one, *heard[one.phone], name or "") for one, name in found], page, pages


def _in(folder: Folder, user_id: int) -> ColumnElement[bool]:
    opened = Conversation.resolved_at.is_(None)
    match folder:
        case Folder.OPEN:
            return opened
        case Folder.MINE:
            return opened & (Conversation.assigned_to == user_id)
        case Folder.ALL:
            return Conversation.id.is_not(None)


def someone_at(session: Session, phones: Collection[str]) -> Mapping[str, Someone]:
    """Return who is behind each of these numbers, of those that are known."""
    users = session.execute(select(User.phone, User.name).where(User.phone.in_(phones)))
    found = {str(phone): Someone(name=name) for phone, name in users}
    living = (Resident.phone.in_(phones), Resident.left_at.is_(None))
    for lives in session.scalars(select(Resident).where(*living).options(joinedload(Resident.association))):
        side, village = ("association", lives.association_id), lives.association
        found[lives.phone] = Someone(village.name, douar=village.douar, side=side, lives_there=True)
    contacts = select(Contact, DiasporaAssociation.name).join(Contact.association)
    for one, association in session.execute(contacts.where(Contact.phone.in_(phones), Contact.left_at.is_(None))):
        side = ("diaspora_association", one.association_id)
        found[one.phone] = Someone(association, name=one.name, person=("contact", one.id), side=side)
    officers = select(Officer, VillageAssociation.name, VillageAssociation.douar).join(Officer.association)
    for officer, association, douar in session.execute(
        officers.where(Officer.phone.in_(phones), Officer.left_at.is_(None))
    ):
        person, side = ("officer", officer.id), ("association", officer.association_id)
        found[officer.phone] = Someone(association, officer.role, douar=douar, person=person, side=side)
    return found


def heard_from(session: Session, phones: Collection[str]) -> Mapping[str, tuple[Someone, str]]:
    """Return who is behind each of these numbers, and the last text they sent."""
    people, texts = someone_at(session, phones), _last_texts(session, phones)
    return {phone: (people.get(phone, Someone()), texts.get(phone, "")) for phone in phones}


def _last_texts(session: Session, phones: Collection[str]) -> Mapping[str, str]:
    texts = (InboundEvent.phone.in_(phones), InboundEvent.kind == SMS, may_be_read())
    last = select(func.max(InboundEvent.id)).where(*texts)
    events = session.scalars(select(InboundEvent).where(InboundEvent.id.in_(last.group_by(InboundEvent.phone))))
    return {event.phone: event.payload.get("text", "") for event in events}


def conversation_of(session: Session, conversation_id: int) -> Conversation:
    """Return a conversation.

    Raises NotFoundError, also when the person has left since.
    """
    conversation = session.get(Conversation, conversation_id)
    if conversation is None:
        raise NotFoundError
    return conversation


def entries_of(session: Session, phone: str, until: datetime | None = None) -> Sequence[Entry]:
    """Return what was said, the newest last: the latest lines of texts, messages and the last dial.

    With `until`, up to sixty till that very moment: who goes back sees a line twice rather than none.
    """
    most = ENTRIES if until else LATEST
    of_them = (InboundEvent.phone == phone, InboundEvent.kind.in_((SMS, "ussd-end")), may_be_read())
    heard = select(InboundEvent).where(*of_them)
    sent = select(Message).where(Message.phone == phone, Message.template.not_in(TEMPLATES))
    if until:
        heard, sent = heard.where(InboundEvent.received_at <= until), sent.where(Message.created_at <= until)
    lines = [
        Entry(one.received_at, "heard" if one.kind == SMS else "dialled", one.payload.get("text", ""))
        for one in session.scalars(heard.order_by(InboundEvent.received_at.desc()).limit(most))
    ]
    lines += [
        Entry(one.created_at, "sent", _shown(one), one)
        for one in session.scalars(sent.order_by(Message.created_at.desc()).limit(most))
    ]
    dialled = session.get(JournalRow, phone)
    if dialled and dialled.session != SMS and not (until and dialled.touched_at > until):
        lines.append(Entry(dialled.touched_at, "dialled", ""))
    return sorted(lines, key=lambda line: line.at)[-most:]


def authors_of(session: Session, conversation: Conversation) -> Mapping[int, str]:
    """Return who of the coordination wrote each answer of a conversation, by the message's id."""
    answered = select(AuditEntry).where(
        AuditEntry.subject == f"conversation:{conversation.id}", AuditEntry.action == "conversation.answered"
    )
    wrote = {entry.data["message"]: entry.actor for entry in session.scalars(answered)}
    names = {user.subject: user.name for user in session.scalars(select(User))} if wrote else {}
    return {message: names.get(actor, "") for message, actor in wrote.items()}


def _shown(message: Message) -> str | None:
    return None if message.template == PRIVATE or message.kind is Kind.SECURITY else message.text


def begin(session: Session, now: datetime, *, actor: str, typed: str) -> Conversation:
    """Return the conversation with a number, begun when there is none.

    Raises NotFoundError for what is no number, or one that never wrote to us nor was vouched for: nobody else is
    written to.
    """
    try:
        phone = parse_phone(typed)
    except ValueError as error:
        raise NotFoundError from error
    if not session.get(Phone, phone):
        raise NotFoundError
    made = add_once(session, Conversation, unique="phone", phone=phone, heard_at=now, resolved_at=now)
    if made:
        record(session, now, actor, "conversation.begun", f"conversation:{made}")
    return session.scalars(select(Conversation).where(Conversation.phone == phone)).one()


def answer(
    session: Session, settings: Settings, now: datetime, *, user: User, conversation_id: int, text: str, form: str
) -> bool:
    """Write to the person, in the language of the text; False when this very form was already sent.

    Who answers what nobody has taken takes it. Raises NotFoundError; CannotWriteError when the person said STOP, the
    country is not allowed, or the text is empty or of more than four parts.
    """
    conversation = _locked(session, conversation_id)
    to = session.get(Phone, conversation.phone)
    said = with_sender(text)
    if not text or not to or estimate(settings, to.number, said).too_long:
        raise CannotWriteError
    if outlook(session, settings, now, to, Kind.ALERT).barred:
        raise CannotWriteError
    message = write(
        session,
        now,
        event=f"{ANSWER}:{form}",
        phone=to.number,
        language=to.language,
        kind=Kind.ALERT,
        template=ANSWER,
        text=said,
    )
    if message is None:
        return False
    conversation.waiting_since, conversation.answered_at, conversation.resolved_at = None, now, None
    conversation.assigned_to = conversation.assigned_to or user.id
    _note(session, now, user, conversation, "answered", message=message)
    return True


def assign(session: Session, now: datetime, *, user: User, conversation_id: int, to: int | None) -> None:
    """Give a conversation to somebody who can answer, or to nobody.

    Raises NotFoundError, or NotAllowedError when that one may not answer.
    """
    conversation = _locked(session, conversation_id)
    taker = session.get_one(User, to) if to else None
    if taker and not taker.role.includes(UserRole.COORDINATOR):
        raise NotAllowedError
    conversation.assigned_to = to
    _note(session, now, user, conversation, "assigned", to=to)


def resolve(session: Session, now: datetime, *, user: User, conversation_id: int) -> None:
    """Put a conversation aside: nothing in it waits, until they write what is not understood.

    Done twice, it holds from the first time. Raises NotFoundError.
    """
    conversation = _locked(session, conversation_id)
    if conversation.resolved_at is None:
        conversation.resolved_at, conversation.waiting_since = now, None
        _note(session, now, user, conversation, "resolved")


def reopen(session: Session, now: datetime, *, user: User, conversation_id: int) -> None:
    """Take a conversation up again: their last text waits for an answer.

    Raises NotFoundError.
    """
    conversation = _locked(session, conversation_id)
    if conversation.resolved_at is not None:
        conversation.resolved_at, conversation.waiting_since = None, now
        _note(session, now, user, conversation, "reopened")


def answerers(session: Session) -> Sequence[User]:
    """Return who can answer, by name."""
    users = session.scalars(select(User).where(comes_in()).order_by(User.name)).all()
    return [user for user in users if user.role.includes(UserRole.COORDINATOR)]


def _locked(session: Session, conversation_id: int) -> Conversation:
    # The phone first, as whoever forgets it does.
    lock_phones(session, {conversation_of(session, conversation_id).phone})
    conversation = session.get(Conversation, conversation_id, with_for_update=True, populate_existing=True)
    if conversation is None:
        raise NotFoundError
    return conversation


def _note(session: Session, now: datetime, user: User, conversation: Conversation, deed: str, **data: Any) -> None:
    record(session, now, f"user:{user.id}", f"conversation.{deed}", f"conversation:{conversation.id}", **data)
