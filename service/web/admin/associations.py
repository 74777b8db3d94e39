"""Village associations: see them, verify or reject those that wait."""

from flask import flash, render_template, url_for
from werkzeug.wrappers import Response

from service.models.needs import needs_of
from service.models.session import reading, transaction
from service.usecases.associations import reject_association, verify_association
from service.web.access import access
from service.web.admin.asked import LONGEST_REASON, asked_number, asked_reason, back_to
from service.web.admin.queries import list_associations
from service.web.current import container, now, signed_in, voice
from service.web.showing import visible


@access("viewer")
def show() -> str:
    """List associations; `?id=` shows one alone, `?page=` goes on."""
    only = asked_number("id")
    with reading(container().engine) as session:
        page = list_associations(session, asked_number("page") or 1, only)
        needs = needs_of(session, only) if only is not None else []
    return render_template("admin/associations.html", page=page, only=only, needs=needs, longest_reason=LONGEST_REASON)


@access("coordinator")
def verify(number: int) -> Response:
    """Verify an association."""
    with transaction(container().engine) as session:
        association = verify_association(session, now(), actor=f"user:{signed_in().id}", association_id=number)
    return _back(voice().say("web.association.verified", name=visible(association.name)))


@access("coordinator")
def reject(number: int) -> Response:
    """Reject an association with a reason."""
    reason = asked_reason()
    if reason is None:
        return _back(voice().say("web.reason.needed", longest=LONGEST_REASON))
    with transaction(container().engine) as session:
        association = reject_association(
            session, now(), actor=f"user:{signed_in().id}", association_id=number, reason=reason
        )
    return _back(voice().say("web.association.rejected", name=visible(association.name)))


def _back(sentence: str) -> Response:
    flash(sentence)
    return back_to(url_for("admin.associations"))
