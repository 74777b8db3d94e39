"""One village association, association abroad, need or person: its facts, its like, what happened, what to do."""

from datetime import timedelta
from functools import partial
from typing import Any

from flask import abort, flash, render_template, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload
from werkzeug.wrappers import Response

from service.domain.errors import NotFoundError
from service.domain.history import ACTIONS, HistoryKind
from service.domain.money import Money
from service.domain.sectors import Urgency
from service.domain.states import NeedState
from service.domain.text import visible
from service.matching.held_back import NOBODY
from service.messaging.phrases import Country, Phrase
from service.models import Contact, DiasporaAssociation, Need, Officer, Phone, Project, Proposal, VillageAssociation
from service.models.contributions import missing_of
from service.models.conversations import Conversation
from service.models.diaspora import place_of
from service.models.history import Around, around_association, around_diaspora, around_need, around_person
from service.models.needs import needs_of
from service.models.session import reading, transaction
from service.usecases.alike import associations_alike, needs_alike, reject_as_same, same_as
from service.usecases.foretelling import KINDS, Decided, foretell
from service.usecases.history import timeline
from service.usecases.matching import said_reason
from service.usecases.standing import standing_of
from service.usecases.undoing import AROUND, take_back, undo_of
from service.web.access import access
from service.web.admin.asked import LONGEST_REASON, asked_number, back_to, sent_number
from service.web.admin.facts import facts_for
from service.web.admin.sure import asks_first, show_first
from service.web.current import container, now, signed_in, voice

# Older lines than this are looked for by their kind.
MOST_PAGES = 100
MOST_PROPOSALS = 50


@access("viewer")
def association(number: int) -> str:
    """Show a village association."""
    with reading(container().engine) as session:
        one = session.get(VillageAssociation, number, options=[selectinload(VillageAssociation.officers)])
        if not one:
            raise NotFoundError
        return render_template(
            "admin/association.html",
            one=one,
            needs=needs_of(session, number),
            alike=associations_alike(session, one),
            **_deciding(session, one),
            facts=facts_for(one.commune, None),
            **_history(session, around_association(session, number)),
        )


@access("viewer")
def diaspora(number: int) -> str:
    """Show an association of emigrants."""
    with reading(container().engine) as session:
        one = session.get(DiasporaAssociation, number)
        if not one:
            raise NotFoundError
        wanted = sorted(one.interests, key=lambda interest: -interest.strength)
        return render_template(
            "admin/diaspora_one.html",
            one=one,
            country=Country(one.country),
            origins=[place_of(session, origin.place_code) for origin in one.origins],
            sectors=[interest.sector for interest in wanted],
            proposals=_proposals(session, Proposal.diaspora_id == number),
            **_deciding(session, one),
            now=now(),
            **_history(session, around_diaspora(session, number)),
        )


@access("viewer")
def need(number: int) -> str:
    """Show a need beside the census, what is like it, and why it waits."""
    with reading(container().engine) as session:
        one = session.get(Need, number)
        if not one:
            raise NotFoundError
        return render_template(
            "admin/need.html",
            one=one,
            project=session.get(Project, number),
            facts=facts_for(one.association.commune, one.sector),
            details=_details(one),
            alike=needs_alike(session, one),
            standing=standing_of(session, now(), one),
            nobody=NOBODY,
            expiry=timedelta(days=container().settings.expiry_days),
            sought=missing_of(session, one),
            proposals=_proposals(session, Proposal.need_id == number),
            urgencies=list(Urgency),
            **_deciding(session, one),
            **_history(session, around_need(session, number)),
        )


@access("viewer")
def officer(number: int) -> str:
    """Show somebody who speaks for a village, or did."""
    return _person(Officer, number)


@access("viewer")
def contact(number: int) -> str:
    """Show somebody who answers for an association abroad, or did."""
    return _person(Contact, number)


# Where each page is, and what it is called.
PAGES = (
    ("associations", "association", association),
    ("diaspora", "diaspora_association", diaspora),
    ("needs", "need", need),
    ("officers", "officer", officer),
    ("contacts", "contact", contact),
)


@access("coordinator")
def same(number: int) -> Response | str:
    """Turn a need away as the same as another."""
    reference = request.form.get("reference", "")
    if asks_first():
        return show_first(Need, number, NeedState.REJECTED, "admin.needs", same_as(reference))
    with transaction(container().engine) as session:
        one = reject_as_same(session, now(), actor=f"user:{signed_in().id}", need_id=number, reference=reference)
    flash(voice().say("web.need.rejected", reference=one.reference))
    return back_to(url_for("admin.need", number=number))


@access("coordinator")
def undo(kind: str, number: int) -> Response:
    """Take the last decision back."""
    entry = sent_number("entry")
    if kind not in AROUND or entry is None:
        abort(404)
    with transaction(container().engine) as session:
        actor = f"user:{signed_in().id}"
        one = take_back(session, now(), actor=actor, kind=kind, number=number, entry=entry)
        name = one.reference if isinstance(one, Need) else one.name
    flash(voice().say("web.undone", name=visible(name)))
    return back_to(url_for("admin.home"))


def history_of(session: Session, around: Around) -> dict[str, Any]:
    """Return what the timeline of a page needs; `?kind=` and `?page=` say which part of it."""
    wanted = request.args.get("kind", "")
    kind = HistoryKind(wanted) if wanted in set(HistoryKind) else None
    number = min(max(asked_number("page") or 1, 1), MOST_PAGES)
    return {"history": timeline(session, around, kind, number), "kinds": list(HistoryKind), "act": _act}


def _history(session: Session, around: Around) -> dict[str, Any]:
    return {**history_of(session, around), "dirhams": Money, "longest_reason": LONGEST_REASON}


def _deciding(session: Session, one: Decided) -> dict[str, Any]:
    """Return what the decisions of a page need: what a decision tells, and whether the last can be taken back."""
    return {
        "foretell": partial(foretell, session, container().settings, one),
        "undo": undo_of(session, now(), KINDS[type(one)], one.id),
    }


def _person(entity: type[Officer] | type[Contact], number: int) -> str:
    with reading(container().engine) as session:
        one: Any = session.get(entity, number)
        if not one:
            raise NotFoundError
        return render_template(
            "admin/person.html",
            one=one,
            officer=isinstance(one, Officer),
            line=session.get(Phone, one.phone),
            conversation=session.scalar(select(Conversation.id).where(Conversation.phone == one.phone)),
            **_history(session, around_person(one)),
        )


def _proposals(session: Session, which: Any) -> list[tuple[Proposal, list[Phrase]]]:
    """Return what was shown, the newest first, each with the reasons it was told with."""
    found = select(Proposal).where(which).order_by(Proposal.id.desc()).limit(MOST_PROPOSALS)
    loaded = found.options(selectinload(Proposal.need).joinedload(Need.association), selectinload(Proposal.diaspora))
    return [(one, [said_reason(key, values) for key, values in one.reasons]) for one in session.scalars(loaded)]


def _details(one: Need) -> list[tuple[str, object]]:
    """Return (key, what was said) of what the village added to a need."""
    if not one.details:
        return []
    said = {
        "web.detail.permanent": one.details.permanent_population,
        "web.detail.summer": one.details.summer_population,
        "web.detail.basis": one.details.cost_basis,
        "web.detail.cash": _dirhams(one.details.share_cash),
        "web.detail.labour": _dirhams(one.details.share_labour),
        "web.detail.materials": _dirhams(one.details.share_materials),
        "web.detail.land_share": _dirhams(one.details.share_land),
        "web.detail.funder": one.details.funder_asked,
        "web.detail.agreement": one.details.commune_agreement,
        "web.detail.land": one.details.land_status,
        "web.detail.water": one.details.water_right,
    }
    return [(key, value) for key, value in said.items() if value is not None]


def _dirhams(minor: int | None) -> Money | None:
    return None if minor is None else Money(minor)


def _act(action: str) -> str:
    """Return what an audited action is called; a project's moves as on its page."""
    if action in ACTIONS:
        return voice().say(f"web.act.{action}")
    return voice().say(f"web.project.move.{action.partition('.')[2]}") if action.startswith("project.") else action
