"""What an audit entry adds to who did what: each key and each value of it in words."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from service.domain.broadcasts import Who
from service.domain.kinds import Pace
from service.domain.ledger import ArrivalState
from service.domain.money import Currency, Money
from service.domain.projects import ProjectState
from service.domain.roles import ChangeKind, OfficerRole, UserRole
from service.domain.sectors import Sector
from service.domain.states import AssociationState, MessageState, NeedState, ProposalState
from service.domain.testimonies import Publication, TestimonyState
from service.locales import Language
from service.messaging.phrases import Country
from service.models import AuditEntry
from service.usecases.history import REASONS
from service.web.admin.deeds import KINDS, deed, kind
from service.web.current import voice
from service.web.showing import NAMES

ORIGINS = "diaspora.origins_changed"
# Keys with a name of their own, and those that are called as the column of a list is.
NAMED = (
    *("before", "after", "earlier", "note", "now", "counted", "version", "agreed", "to", "channel", "publication"),
    *("answers", "yes", "by_sms", "asked", "told", "value", "declared", "more", "paper", "into", "new", "scopes"),
    *("until", "days", "rows", "text", "url", "delivery", "field", "why", "how", "codes_left"),
)
COLUMNS = (
    *("kind", "role", "language", "name", "rate", "source", "reason", "amount", "reference", "association"),
    *("dirhams", "events", "message", "audience", "need", "phone"),
)
# What states the acts about something lead from and to.
STATES: Mapping[str, type[StrEnum]] = {
    "association": AssociationState,
    "diaspora": AssociationState,
    "need": NeedState,
    "project": ProjectState,
    "proposal": ProposalState,
    "message": MessageState,
    "arrival": ArrivalState,
    "testimony": TestimonyState,
    "user": UserRole,
}
MOVES = frozenset({"before", "after"})
WORDED: Mapping[str, Sequence[type[StrEnum]]] = {
    "role": (OfficerRole, UserRole),
    "publication": (Publication,),
    "kind": (ChangeKind,),
    "value": (Pace, Sector),
    "who": (Who,),
    "sector": (Sector,),
    "state": (AssociationState,),
}
# Words that are written down for programs, each in a family of texts.
FAMILIES = {
    "channel": "web.audit.channel",
    "why": "web.audit.why",
    "told": "web.audit.told",
    "how": "web.audit.how",
    "kind": "web.exports.kind",
}
# What is read before it is said.
READ: Mapping[str, Callable[[str], object]] = {
    "reason": lambda reason: REASONS.get(reason, reason),
    "language": lambda language: NAMES[Language(language)],
    "country": Country,
    "until": date.fromisoformat,
    "events": deed,
}
# What an entry names by a number, under another word.
MEANT = {
    ("conversation.assigned", "to"): "user",
    ("contact.moved", "association"): "diaspora",
    ("proposal.moved", "before"): "diaspora",
    ("proposal.moved", "now"): "diaspora",
    ("association.merged", "into"): "association",
    ("association.split", "new"): "association",
    ("diaspora.merged", "into"): "diaspora",
    ("diaspora.split", "new"): "diaspora",
}
# Centimes, of what was said where it arrived, and else of a dirham.
CENTIMES = frozenset({"before", "now", "dirhams", "more", "declared", "counted"})
OF_MONEY = ("contribution.", "arrival.")
CAPACITY = "diaspora.capacity_changed"


@dataclass(frozen=True)
class Known:
    """Names by `user:3`, currencies by `arrival:3`, places by their census codes: those of the entries shown."""

    names: Mapping[str, str]
    currencies: Mapping[str, Currency]
    places: Mapping[str, object]


def meant(one: AuditEntry) -> list[str]:
    """Return whom and what an entry names in what it adds, as `user:3`."""
    return [_meant(one, key, value) for key, value in one.data.items() if isinstance(value, int) or key == "told"]


def details(one: AuditEntry, known: Known) -> list[tuple[str, object]]:
    """Return what an entry adds, each beside what it is called, without what was left empty."""
    return [
        (called(key), _said(one, key, value, known)) for key, value in one.data.items() if value not in (None, "", [])
    ]


def called(key: str) -> str:
    """Return what a key is called; one without a word is shown as it is written down."""
    if key in NAMED:
        return voice().say(f"web.audit.data.{key}")
    if key in COLUMNS:
        return voice().say(f"web.column.{key}")
    return kind(key) if key in KINDS else key


def _meant(one: AuditEntry, key: str, value: object) -> str:
    if key == "told":
        # Whom a silence was told to, and for which time: `officer:5:0`.
        return ":".join(str(value).split(":")[:2])
    return f"{MEANT.get((one.action, key), key)}:{value}"


def _said(one: AuditEntry, key: str, value: Any, known: Known) -> object:
    match value:
        case bool():
            return voice().say("web.audit.yes" if value else "web.audit.no")
        case int():
            return _number(one, key, value, known)
        case [int() as minor, str() as code] if code in set(Currency):
            return Money(minor, Currency(code))
        case list():
            return [known.places.get(part) or _word(one, key, part) for part in value]
        case dict():
            return [known.places.get(part) or _word(one, field, part) for field, part in value.items() if part]
        case _:
            return (key == "told" and known.names.get(_meant(one, key, value))) or _word(one, key, value)


def _number(one: AuditEntry, key: str, value: int, known: Known) -> object:
    if one.action == CAPACITY or (key in CENTIMES and one.action.startswith(OF_MONEY)):
        return Money(value, known.currencies.get(one.subject, Currency.MAD))
    return known.names.get(_meant(one, key, value), value)


def _word(one: AuditEntry, key: str, value: str) -> object:
    """Return a state, a role, a reason, a language or a day that has words; else what was written down."""
    states = [STATES.get(one.action.partition(".")[0])] if key in MOVES else [*WORDED.get(key, ())]
    found = next((kinds(value) for kinds in states if kinds and value in set(kinds)), None)
    if found is not None:
        return found
    if key in FAMILIES and voice().knows(f"{FAMILIES[key]}.{value}"):
        return voice().say(f"{FAMILIES[key]}.{value}")
    return READ[key](value) if key in READ else value
