"""Who did what, when."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from flask import render_template, request
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from service.domain.ledger import ArrivalState
from service.domain.money import Currency, Money
from service.domain.projects import ProjectState
from service.domain.roles import OfficerRole, UserRole
from service.domain.states import AssociationState, MessageState, NeedState
from service.domain.testimonies import Publication, TestimonyState
from service.domain.text import clean
from service.models import AuditEntry, Contact, DiasporaAssociation, Need, Officer, User, VillageAssociation
from service.models.audit import actions, entries
from service.models.contributions import Arrival
from service.models.history import OF_A_NEED
from service.models.officers import OfficerChange
from service.models.session import reading
from service.usecases.history import REASONS
from service.usecases.staff import list_users
from service.web.access import access
from service.web.admin.asked import asked_number
from service.web.admin.deeds import KINDS, deed, kind
from service.web.admin.queries import PER_PAGE
from service.web.current import container, voice

# By what each kind of person or thing is known: its name, its association's, the reference of its need.
KNOWN: Mapping[str, Select[int, Any]] = {
    "user": select(User.id, User.name),
    "officer": select(Officer.id, VillageAssociation.name).join(Officer.association),
    "contact": select(Contact.id, Contact.name),
    "association": select(VillageAssociation.id, VillageAssociation.name),
    "diaspora": select(DiasporaAssociation.id, DiasporaAssociation.name),
    "need": select(Need.id, Need.reference),
    "change": select(OfficerChange.id, VillageAssociation.name).join(
        VillageAssociation, VillageAssociation.id == OfficerChange.association_id
    ),
    **{
        kind: select(entity.id, Need.reference).join(Need, Need.id == entity.need_id)
        for kind, entity in OF_A_NEED.items()
    },
}
# What states the acts about something lead from and to.
STATES: Mapping[str, type[StrEnum]] = {
    "association": AssociationState,
    "diaspora": AssociationState,
    "need": NeedState,
    "project": ProjectState,
    "message": MessageState,
    "arrival": ArrivalState,
    "testimony": TestimonyState,
}
# What an entry names by a number, under another word.
MEANT = {"to": "user"}
MOVES = frozenset({"before", "after"})
WORDED: Mapping[str, Sequence[type[StrEnum]]] = {"role": (OfficerRole, UserRole), "publication": (Publication,)}
# Centimes, of what was said where it arrived, and else of a dirham.
CENTIMES = frozenset({"before", "now", "dirhams", "more", "declared", "counted"})
OF_MONEY = ("contribution.", "arrival.")


@access("admin")
def show() -> str:
    """Show the newest entries, of one person and action if asked; `?before=` goes on with older ones."""
    actor, action = clean(request.args.get("who", "")), clean(request.args.get("action", ""))
    with reading(container().engine) as session:
        found = entries(session, actor=actor, action=action, before=asked_number("before"), most=PER_PAGE + 1)
        names, currencies = _names(session, found), _currencies(session, found)
        return render_template(
            "admin/audit.html",
            entries=[(one, _details(one, names, currencies)) for one in found[:PER_PAGE]],
            older=found[PER_PAGE - 1].id if len(found) > PER_PAGE else None,
            names=names,
            people=list_users(session),
            actions=actions(session),
            asked={"who": actor, "action": action},
            kind=kind,
            deed=deed,
        )


def _names(session: Session, found: Sequence[AuditEntry]) -> dict[str, str]:
    """Return what is known by a name or a reference of all that entries are by or about, by `user:3`."""
    named = {who for one in found for who in (one.actor, one.subject, *_meant(one))}
    numbers: dict[str, set[int]] = {}
    for what, _, number in (who.partition(":") for who in named):
        if what in KNOWN and number.isdecimal():
            numbers.setdefault(what, set()).add(int(number))
    return {
        f"{what}:{number}": name
        for what, ids in numbers.items()
        for number, name in session.execute(KNOWN[what].where(KNOWN[what].selected_columns.id.in_(ids)))
    }


def _meant(one: AuditEntry) -> list[str]:
    return [f"{MEANT.get(what, what)}:{number}" for what, number in one.data.items() if isinstance(number, int)]


def _currencies(session: Session, found: Sequence[AuditEntry]) -> dict[str, Currency]:
    """Return in what was counted what arrived, by `arrival:3`."""
    numbers = [int(one.subject.partition(":")[2]) for one in found if one.subject.startswith("arrival:")]
    rows = session.execute(select(Arrival.id, Arrival.currency).where(Arrival.id.in_(numbers)))
    return {f"arrival:{number}": currency for number, currency in rows}


def _details(one: AuditEntry, names: Mapping[str, str], currencies: Mapping[str, Currency]) -> list[tuple[str, object]]:
    """Return what an entry adds, each beside what it is called, without what was left empty."""
    return [
        (_called(key), _said(one, key, value, names, currencies.get(one.subject, Currency.MAD)))
        for key, value in one.data.items()
        if value not in (None, "", [])
    ]


def _called(key: str) -> str:
    texts = (one for one in (f"web.audit.data.{key}", f"web.column.{key}") if voice().knows(one))
    text = next(texts, "")
    if text:
        return voice().say(text)
    return kind(key) if key in KINDS else key


def _said(one: AuditEntry, key: str, value: Any, names: Mapping[str, str], currency: Currency) -> object:
    match value:
        case bool():
            return voice().say("web.audit.yes" if value else "web.audit.no")
        case int() if key in CENTIMES and one.action.startswith(OF_MONEY):
            return Money(value, currency)
        case int():
            return names.get(f"{MEANT.get(key, key)}:{value}", value)
        case [int() as minor, str() as code] if code in set(Currency):
            return Money(minor, Currency(code))
        case str():
            return _word(one, key, value)
        case _:
            return value


def _word(one: AuditEntry, key: str, value: str) -> object:
    """Return a state, a role or a reason that has words; else what was written down."""
    states = [STATES.get(one.action.partition(".")[0])] if key in MOVES else [*WORDED.get(key, ())]
    found = (kinds(value) for kinds in states if kinds and value in set(kinds))
    return next(found, REASONS.get(value, value) if key == "reason" else value)
