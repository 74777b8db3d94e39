"""Needs: see them, verify or reject those that wait."""

from flask import abort, flash, render_template, request, url_for
from werkzeug.wrappers import Response

from service.domain.money import Money
from service.domain.sectors import Urgency
from service.models.session import reading, transaction
from service.usecases.needs import reject_need, verify_need
from service.web.access import access
from service.web.admin.asked import LONGEST_REASON, asked_number, asked_reason, back_to
from service.web.admin.facts import facts_for
from service.web.admin.queries import list_needs
from service.web.current import container, now, signed_in, voice


@access("viewer")
def show() -> str:
    """List needs beside what the census says of their communes; `?page=` goes on."""
    with reading(container().engine) as session:
        page = list_needs(session, asked_number("page") or 1)
    return render_template(
        "admin/needs.html",
        page=page,
        dirhams=Money,
        facts_for=facts_for,
        urgencies=list(Urgency),
        longest_reason=LONGEST_REASON,
    )


@access("coordinator")
def verify(number: int) -> Response:
    """Verify a need with the urgency the coordinator judges."""
    urgency = request.form.get("urgency", "")
    if urgency not in set(Urgency):
        abort(400)
    with transaction(container().engine) as session:
        need = verify_need(session, now(), actor=f"user:{signed_in().id}", need_id=number, urgency=Urgency(urgency))
    return _back(
        voice().say("web.need.verified", reference=need.reference, minutes=container().settings.match_every_minutes)
    )


@access("coordinator")
def reject(number: int) -> Response:
    """Reject a need with a reason."""
    reason = asked_reason()
    if reason is None:
        return _back(voice().say("web.reason.needed", longest=LONGEST_REASON))
    with transaction(container().engine) as session:
        need = reject_need(session, now(), actor=f"user:{signed_in().id}", need_id=number, reason=reason)
    return _back(voice().say("web.need.rejected", reference=need.reference))


def _back(sentence: str) -> Response:
    flash(sentence)
    return back_to(url_for("admin.needs"))
