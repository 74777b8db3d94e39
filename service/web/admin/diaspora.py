"""Associations of emigrants: see them, verify or reject those that registered by phone."""

from flask import flash, render_template, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from service.domain.money import Money
from service.messaging.phrases import Country, words
from service.models import DiasporaAssociation
from service.models.diaspora import place_of
from service.models.session import reading, transaction
from service.usecases.enrolment import reject_diaspora, verify_diaspora
from service.web.access import access
from service.web.admin.asked import LONGEST_REASON, asked_number, asked_reason, back_to
from service.web.admin.queries import list_diaspora
from service.web.current import container, now, signed_in, voice
from service.web.showing import visible


@access("viewer")
def show() -> str:
    """List associations of emigrants; `?page=` goes on."""
    with reading(container().engine) as session:
        page = list_diaspora(session, asked_number("page") or 1)
        said = {association.id: _said(session, association) for association in page.rows}
    return render_template(
        "admin/diaspora.html", page=page, said=said, dirhams=Money, now=now(), longest_reason=LONGEST_REASON
    )


@access("coordinator")
def verify(number: int) -> Response:
    """Verify an association: needs are proposed to it from now on."""
    with transaction(container().engine) as session:
        association = verify_diaspora(session, now(), actor=f"user:{signed_in().id}", association_id=number)
    return _back(voice().say("web.diaspora.verified", name=visible(association.name)))


@access("coordinator")
def reject(number: int) -> Response:
    """Reject an association with a reason."""
    reason = asked_reason()
    if reason is None:
        return _back(voice().say("web.reason.needed", longest=LONGEST_REASON))
    with transaction(container().engine) as session:
        association = reject_diaspora(
            session, now(), actor=f"user:{signed_in().id}", association_id=number, reason=reason
        )
    return _back(voice().say("web.association.rejected", name=visible(association.name)))


def _said(session: Session, association: DiasporaAssociation) -> dict[str, str]:
    """Return its country, the places its members come from and its sectors, the most wanted first, in words."""
    wanted = sorted(association.interests, key=lambda interest: -interest.strength)
    return words(
        voice(),
        {
            "country": Country(association.country),
            "origins": [place_of(session, origin.place_code) for origin in association.origins],
            "sectors": [interest.sector for interest in wanted],
        },
    )


def _back(sentence: str) -> Response:
    flash(sentence)
    return back_to(url_for("admin.diaspora"))
