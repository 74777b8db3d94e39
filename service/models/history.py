"""What happened around something: what is kept in the audit trail, in messages and in texts that came."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, literal, not_, or_, select, union_all
from sqlalchemy.orm import Session

from service.domain.history import ABOUT, HistoryKind, kind_of
from service.domain.kinds import Kind
from service.models.associations import Officer
from service.models.audit import AuditEntry
from service.models.contributions import Arrival, Contribution
from service.models.diaspora import Contact
from service.models.inbound import InboundEvent, may_be_read
from service.models.messages import Message
from service.models.needs import Need
from service.models.officers import OfficerChange
from service.models.pledges import Pledge
from service.models.progress import ProgressReport
from service.models.proposals import Proposal
from service.models.spotchecks import TEMPLATES, SpotCheck
from service.models.testimonies import Testimony

# Answers may hold a code that proves something, and what protects a person is nobody else's.
PRIVATE = (Kind.REPLY, Kind.SECURITY)
SMS = "sms"
# An association abroad that was shown more than this has a history that nobody reads to its end.
MOST_RELATED = 1_000
OF_A_NEED: Mapping[str, Any] = {
    "proposal": Proposal,
    "report": ProgressReport,
    "arrival": Arrival,
    "contribution": Contribution,
    "pledge": Pledge,
    "testimony": Testimony,
    "spot_check": SpotCheck,
}


@dataclass(frozen=True)
class Around:
    """What belongs to a history: subjects as the audit trail names them, `need:5`.

    `actors` are those whose own acts belong to it, `phones` those whose texts do. Messages are those about the
    subjects, or those to the phones where that is what one looks at (`told`).
    """

    subjects: Collection[str]
    actors: Collection[str] = ()
    phones: Collection[str] = ()
    told: bool = False


@dataclass(frozen=True)
class Kept:
    """One thing that happened. `action` is an audit entry's, a message's template, or nothing for a text that came.

    `phone` is whom a message is for, or whom a text is from.
    """

    at: datetime
    kind: HistoryKind
    action: str
    subject: str
    actor: str
    data: Mapping[str, Any]
    text: str = ""
    state: str = ""
    phone: str = ""


def around_need(session: Session, need_id: int) -> Around:
    """Return what belongs to a need and to its project."""
    return Around({f"need:{need_id}", *_of_needs(session, [need_id])})


def around_association(session: Session, association_id: int) -> Around:
    """Return what belongs to a village association: its needs, its people and what they write."""
    needs = session.scalars(select(Need.id).where(Need.association_id == association_id).limit(MOST_RELATED)).all()
    people = session.execute(select(Officer.id, Officer.phone).where(Officer.association_id == association_id)).all()
    changes = session.scalars(select(OfficerChange.id).where(OfficerChange.association_id == association_id)).all()
    subjects = {
        f"association:{association_id}",
        *(f"need:{need}" for need in needs),
        *_of_needs(session, needs),
        *(f"officer:{officer.id}" for officer in people),
        *(f"change:{change}" for change in changes),
    }
    return Around(subjects, phones=[officer.phone for officer in people])


def around_diaspora(session: Session, diaspora_id: int) -> Around:
    """Return what belongs to an association of emigrants: what it was shown and promised, its people, their texts.

    Its messages are all that its people were sent: what becomes of a project is told them about the need.
    """
    its: Mapping[str, Any] = {"proposal": Proposal, "pledge": Pledge, "contribution": Contribution}
    found = {
        f"{kind}:{number}"
        for kind, entity in its.items()
        for number in session.scalars(
            select(entity.id).where(entity.diaspora_id == diaspora_id).order_by(entity.id.desc()).limit(MOST_RELATED)
        )
    }
    people = session.execute(select(Contact.id, Contact.phone).where(Contact.association_id == diaspora_id)).all()
    subjects = {f"diaspora:{diaspora_id}", *found, *(f"contact:{contact.id}" for contact in people)}
    return Around(subjects, phones=[contact.phone for contact in people], told=True)


def around_person(person: Officer | Contact) -> Around:
    """Return what belongs to a person: what they did, what was done about them, what they were told and wrote."""
    name = f"officer:{person.id}" if isinstance(person, Officer) else f"contact:{person.id}"
    return Around({name}, actors=[name], phones=[person.phone], told=True)


def needs_behind(session: Session, subjects: Collection[str]) -> dict[str, int]:
    """Return the id of the need that each of these subjects belongs to; those that belong to none are left out."""
    ids: dict[str, list[int]] = {}
    for kind, _, number in (subject.partition(":") for subject in subjects):
        if number.isdigit():
            ids.setdefault(kind, []).append(int(number))
    behind = {f"need:{number}": number for number in ids.get("need", ())}
    asked = [_named(kind, entity).where(entity.id.in_(ids[kind])) for kind, entity in OF_A_NEED.items() if kind in ids]
    rows = session.execute(union_all(*asked)) if asked else ()
    return {**behind, **{f"{kind}:{number}": need for kind, number, need in rows}}


def kept(session: Session, around: Around, kind: HistoryKind | None, limit: int) -> list[Kept]:
    """Return the newest things that happened, of one kind or of all: at most `limit`, the newest first."""
    found = [
        *(_acts(session, around, kind, limit) if kind not in {HistoryKind.MESSAGES, HistoryKind.TEXTS} else ()),
        *(_messages(session, around, limit) if kind in {None, HistoryKind.MESSAGES} else ()),
        *(_texts(session, around, limit) if kind in {None, HistoryKind.TEXTS} and around.phones else ()),
    ]
    # What one transaction wrote has one moment: first the act, then who was told of it, read from below.
    return sorted(found, key=lambda one: one.at, reverse=True)[:limit]


def _named(kind: str, entity: Any) -> Select[str, int, int]:
    return select(literal(kind).label("kind"), entity.id.label("id"), entity.need_id.label("need"))


def _of_needs(session: Session, needs: Collection[int]) -> list[str]:
    asked = [_named(kind, entity).where(entity.need_id.in_(needs)) for kind, entity in OF_A_NEED.items()]
    return [f"{kind}:{number}" for kind, number, _ in session.execute(union_all(*asked))] if needs else []


def _acts(session: Session, around: Around, kind: HistoryKind | None, limit: int) -> list[Kept]:
    which: ColumnElement[bool] = AuditEntry.subject.in_(around.subjects)
    if around.actors:
        which = or_(which, AuditEntry.actor.in_(around.actors))
    found = select(AuditEntry).where(which, *_about(kind)).order_by(AuditEntry.id.desc()).limit(limit)
    return [
        Kept(one.at, kind_of(one.action), one.action, one.subject, one.actor, one.data)
        for one in session.scalars(found)
    ]


def _about(kind: HistoryKind | None) -> list[ColumnElement[bool]]:
    if kind is None:
        return []
    words = [word for word, about in ABOUT.items() if kind in {about, HistoryKind.FACTS}]
    some = or_(*(AuditEntry.action.startswith(f"{word}.") for word in words))
    return [not_(some) if kind is HistoryKind.FACTS else some]


def _messages(session: Session, around: Around, limit: int) -> list[Kept]:
    which = Message.phone.in_(around.phones) if around.told else Message.subject.in_(around.subjects)
    columns = (Message.created_at, Message.template, Message.subject, Message.text, Message.state, Message.phone)
    others = (Message.kind.not_in(PRIVATE), Message.template.not_in(TEMPLATES))
    found = select(*columns).where(which, *others).order_by(Message.id.desc()).limit(limit)
    return [
        Kept(at, HistoryKind.MESSAGES, template, subject or "", "", {}, text, state, phone)
        for at, template, subject, text, state, phone in session.execute(found)
    ]


def _texts(session: Session, around: Around, limit: int) -> list[Kept]:
    texts = (InboundEvent.phone.in_(around.phones), InboundEvent.kind == SMS, may_be_read())
    came = select(InboundEvent).where(*texts)
    return [
        Kept(one.received_at, HistoryKind.TEXTS, "", "", "", {}, str(one.payload.get("text", "")), phone=one.phone)
        for one in session.scalars(came.order_by(InboundEvent.id.desc()).limit(limit))
    ]
