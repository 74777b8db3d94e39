"""Who did what, when."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import render_template, request
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from service.domain.money import Currency
from service.domain.phone import show_phone
from service.domain.text import clean
from service.models import AuditEntry, Contact, DiasporaAssociation, Need, Officer, User, VillageAssociation
from service.models.audit import actions, entries
from service.models.contributions import Arrival
from service.models.conversations import Conversation
from service.models.diaspora import places_named
from service.models.history import OF_A_NEED
from service.models.officers import OfficerChange
from service.models.session import reading
from service.usecases.staff import list_users
from service.web.access import access
from service.web.admin.asked import asked_number
from service.web.admin.audited import ORIGINS, Known, details, meant
from service.web.admin.deeds import deed, job, kind
from service.web.admin.queries import PER_PAGE
from service.web.current import container

# By what each kind of person or thing is known: its name, its association's, the reference of its need.
KNOWN: Mapping[str, Select[int, Any]] = {
    "user": select(User.id, User.name),
    "officer": select(Officer.id, VillageAssociation.name).join(Officer.association),
    "contact": select(Contact.id, Contact.name),
    "association": select(VillageAssociation.id, VillageAssociation.name),
    "diaspora": select(DiasporaAssociation.id, DiasporaAssociation.name),
    "need": select(Need.id, Need.reference),
    "conversation": select(Conversation.id, Conversation.phone),
    "change": select(OfficerChange.id, VillageAssociation.name).join(
        VillageAssociation, VillageAssociation.id == OfficerChange.association_id
    ),
    **{
        kind: select(entity.id, Need.reference).join(Need, Need.id == entity.need_id)
        for kind, entity in OF_A_NEED.items()
    },
}


@access("admin")
def show() -> str:
    """Show the newest entries, of one person and action if asked; `?before=` goes on with older ones."""
    actor, action = clean(request.args.get("who", "")), clean(request.args.get("action", ""))
    with reading(container().engine) as session:
        found = entries(session, actor=actor, action=action, before=asked_number("before"), most=PER_PAGE + 1)
        known = Known(_names(session, found), _currencies(session, found), _places(session, found))
        return render_template(
            "admin/audit.html",
            entries=[(one, details(one, known)) for one in found[:PER_PAGE]],
            older=found[PER_PAGE - 1].id if len(found) > PER_PAGE else None,
            names=known.names,
            people=list_users(session),
            actions=actions(session),
            asked={"who": actor, "action": action},
            kind=kind,
            deed=deed,
            job=job,
        )


def _names(session: Session, found: Sequence[AuditEntry]) -> dict[str, str]:
    """Return what is known by a name or a reference of all that entries are by or about, by `user:3`."""
    named = {who for one in found for who in (one.actor, one.subject, *meant(one))}
    numbers: dict[str, set[int]] = {}
    for what, _, number in (who.partition(":") for who in named):
        if what in KNOWN and number.isdecimal():
            numbers.setdefault(what, set()).add(int(number))
    return {
        f"{what}:{number}": show_phone(name) if what == "conversation" else name
        for what, ids in numbers.items()
        for number, name in session.execute(KNOWN[what].where(KNOWN[what].selected_columns.id.in_(ids)))
    }


def _currencies(session: Session, found: Sequence[AuditEntry]) -> dict[str, Currency]:
    """Return in what was counted what arrived, by `arrival:3`."""
    numbers = [int(one.subject.partition(":")[2]) for one in found if one.subject.startswith("arrival:")]
    rows = session.execute(select(Arrival.id, Arrival.currency).where(Arrival.id.in_(numbers)))
    return {f"arrival:{number}": currency for number, currency in rows}


def _places(session: Session, found: Sequence[AuditEntry]) -> Mapping[str, object]:
    """Return the places by their census codes: where emigrants say they are from, whom a broadcast is for."""
    origins = {code for one in found if one.action == ORIGINS for code in one.data["value"]}
    return places_named(session, origins | {one.data["audience"]["place"] for one in found if "audience" in one.data})
