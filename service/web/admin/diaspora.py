"""Associations of emigrants: see them, verify or reject those that registered by phone."""

from typing import Any, NamedTuple

from flask import flash, url_for
from sqlalchemy import and_, select
from sqlalchemy.orm import Session, selectinload
from werkzeug.wrappers import Response

from service.domain.money import Money
from service.domain.sectors import Sector
from service.domain.states import AssociationState
from service.domain.text import visible
from service.messaging.phrases import Country, Phrase
from service.models import DiasporaAssociation, Interest
from service.models.communes import Province
from service.models.diaspora import places_named
from service.models.listings import ListingConsent, held_listings
from service.models.session import transaction
from service.usecases.enrolment import reject_diaspora, verify_diaspora
from service.usecases.listings import PAPER, agree_to_listing, withdraw_listing
from service.web.access import access
from service.web.admin.asked import LONGEST_REASON, asked_reason, back_to
from service.web.admin.lists import Column, Field, Listing, answer, column
from service.web.admin.lists.cells import Linked, Phone, State, Typed
from service.web.admin.lists.filters import Asked, Filter, Options, choice, number
from service.web.admin.lists.searches import search_diaspora
from service.web.admin.sure import asks_first, show_first
from service.web.current import container, language, now, signed_in, voice
from service.web.showing import write


class Seen(NamedTuple):
    """An association, and where its members come from."""

    association: DiasporaAssociation
    origins: list[Province]
    listed: ListingConsent | None

    @property
    def sectors(self) -> list[Sector]:
        """What it wants to hear of, the most wanted first."""
        return [one.sector for one in sorted(self.association.interests, key=lambda interest: -interest.strength)]

    @property
    def pause(self) -> Phrase | None:
        """Until when it wants to hear of nothing."""
        until = self.association.paused_until
        return Phrase("web.diaspora.paused", {"until": until}) if until and until > now() else None


def _read(session: Session, rows: list[Any]) -> list[Seen]:
    associations = [row.DiasporaAssociation for row in rows]
    named = places_named(session, {origin.place_code for one in associations for origin in one.origins})
    listed = held_listings(session, [one.id for one in associations])
    return [
        Seen(one, [named[place.place_code] for place in one.origins if place.place_code in named], listed.get(one.id))
        for one in associations
    ]


def _countries(session: Session, _asked: Asked) -> Options:
    codes = session.scalars(select(DiasporaAssociation.country).distinct())
    return sorted(((code, write(Country(code))) for code in codes), key=lambda option: option[1])


def _name(row: Seen) -> Linked:
    return Linked(Typed(row.association.name), "admin.diaspora_association", {"number": row.association.id})


WAITS = and_(DiasporaAssociation.state == AssociationState.PENDING, DiasporaAssociation.left_at.is_(None))
WANTING = select(Interest.association_id)
LISTING = Listing(
    "diaspora",
    DiasporaAssociation.id,
    select(DiasporaAssociation).options(
        selectinload(DiasporaAssociation.contacts),
        selectinload(DiasporaAssociation.origins),
        selectinload(DiasporaAssociation.interests),
    ),
    columns=(
        Column(
            "association",
            (
                Field("association", _name, DiasporaAssociation.search),
                Field("city", lambda row: Typed(row.association.city)),
                Field("country", lambda row: Country(row.association.country)),
            ),
        ),
        Column(
            "origins",
            (Field("origin", lambda row: write(row.origins)), Field("sectors", lambda row: write(row.sectors))),
        ),
        column("means", lambda row: _means(row.association), DiasporaAssociation.yearly_capacity),
        column("registered", lambda row: row.association.registered_at, DiasporaAssociation.registered_at),
        column(
            "contacts",
            lambda row: [(Typed(one.name), Phone(one.phone)) for one in row.association.active_contacts],
        ),
        Column(
            "state",
            (
                Field("state", lambda row: State(row.association.state)),
                Field("reason", lambda row: Typed(row.association.state_reason)),
                Field("pause", lambda row: row.pause),
                Field("listed", lambda row: row.listed and row.listed.given_at),
            ),
        ),
    ),
    filters=(
        choice("state", AssociationState, lambda state: DiasporaAssociation.state == state),
        choice("sector", Sector, lambda sector: DiasporaAssociation.id.in_(WANTING.where(Interest.sector == sector))),
        Filter("country", lambda asked: DiasporaAssociation.country == asked, options=_countries),
        number("id", DiasporaAssociation.id),
    ),
    search=search_diaspora,
    only=DiasporaAssociation.left_at.is_(None),
    waits=WAITS,
    waiting=lambda row: row.association.state is AssociationState.PENDING,
    decides=True,
    read=_read,
)


def _means(association: DiasporaAssociation) -> Money | Phrase:
    return Phrase("web.diaspora.unsaid") if association.yearly_capacity is None else Money(association.yearly_capacity)


@access("viewer")
def show() -> str | Response:
    """List associations of emigrants."""
    return answer(LISTING, "admin/diaspora.html", longest_reason=LONGEST_REASON)


@access("coordinator")
def verify(number: int) -> Response | str:
    """Verify an association: needs are proposed to it from now on."""
    if asks_first():
        return show_first(DiasporaAssociation, number, AssociationState.VERIFIED, "admin.diaspora")
    with transaction(container().engine) as session:
        association = verify_diaspora(session, now(), actor=f"user:{signed_in().id}", association_id=number)
    return _back(voice().say("web.diaspora.verified", name=visible(association.name)))


@access("coordinator")
def reject(number: int) -> Response | str:
    """Reject an association with a reason."""
    reason = asked_reason()
    if reason is None:
        return _back(voice().say("web.reason.needed", longest=LONGEST_REASON))
    if asks_first():
        return show_first(DiasporaAssociation, number, AssociationState.REJECTED, "admin.diaspora", reason)
    with transaction(container().engine) as session:
        association = reject_diaspora(
            session, now(), actor=f"user:{signed_in().id}", association_id=number, reason=reason
        )
    return _back(voice().say("web.association.rejected", name=visible(association.name)))


@access("coordinator")
def list_publicly(number: int) -> Response:
    """Note that an association agreed on paper to be named on the public pages."""
    with transaction(container().engine) as session:
        agree_to_listing(
            session,
            now(),
            association_id=number,
            actor=f"user:{signed_in().id}",
            channel=PAPER,
            language=language(),
        )
    return _back(voice().say("public.listing.listed"))


@access("coordinator")
def unlist(number: int) -> Response:
    """Note that an association is to be named no more."""
    with transaction(container().engine) as session:
        withdraw_listing(session, now(), association_id=number, actor=f"user:{signed_in().id}", channel=PAPER)
    return _back(voice().say("public.listing.unlisted"))


def _back(sentence: str) -> Response:
    flash(sentence)
    return back_to(url_for("admin.diaspora"))
