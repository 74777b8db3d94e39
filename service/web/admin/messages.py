"""Messages: what waits, what is in doubt, what did not leave; gateways and money; and what can be done about it."""

from flask import abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from service.domain.kinds import Kind
from service.gateways.registry import MAKERS
from service.messaging.health import start_gateway, stop_gateway
from service.messaging.phrases import Country
from service.models.gateways import ALL
from service.models.session import reading, transaction
from service.usecases import messages
from service.usecases.checkup import FAILING
from service.web.access import access
from service.web.admin.asked import asked_number
from service.web.admin.queries import PER_PAGE, Page
from service.web.current import container, now, signed_in, voice

# Reasons of our own, which are texts; a gateway's are shown as it says them.
REASONS = {
    "too late": "web.messages.reason.too_late",
    "country not allowed": "web.messages.reason.country",
    "lease ended": "web.messages.reason.lease",
}


@access("viewer")
def show() -> str:
    """Show how messages fare; `?page=` goes on in the list of those that did not leave."""
    settings, at = container().settings, now()
    with reading(container().engine) as session:
        seen = messages.overview(session, at, settings.used_gateways)
        pages = max(1, -(-sum(seen.dead.values()) // PER_PAGE))
        number = min(max(asked_number("page") or 1, 1), pages)
        return render_template(
            "admin/messages.html",
            seen=seen,
            kinds=[kind for kind in Kind if any(one is kind for _, one in seen.counts)],
            unknown=messages.messages_in_doubt(session, PER_PAGE),
            page=Page(messages.dead_letters(session, PER_PAGE, (number - 1) * PER_PAGE), number, pages),
            gateways=messages.gateways_now(session, at, settings.used_gateways),
            spending=messages.spending_now(session, settings, at),
            reasons=REASONS,
            failing=FAILING,
            all_gateways=ALL,
            country=Country,
        )


@access("coordinator")
def replay(number: int) -> Response:
    """Send a message again that did not leave, or that may not have."""
    resent: int | None = request.form.get("resent", type=int)
    if resent is None:
        abort(400)
    with transaction(container().engine) as session:
        messages.replay(session, now(), actor=_actor(), message_id=number, resent=resent)
    return _back(voice().say("web.messages.replayed"))


@access("coordinator")
def arrived(number: int) -> Response:
    """Note that a message in doubt arrived."""
    with transaction(container().engine) as session:
        messages.note_arrived(session, now(), actor=_actor(), message_id=number)
    return _back(voice().say("web.messages.noted"))


@access("admin")
def stop() -> Response:
    """Send nothing more through a gateway, or through any."""
    with transaction(container().engine) as session:
        stop_gateway(session, now(), _asked_gateway(), _actor())
    return _back(voice().say("web.messages.stopped"))


@access("admin")
def start() -> Response:
    """Send through a gateway again."""
    with transaction(container().engine) as session:
        start_gateway(session, now(), _asked_gateway(), _actor())
    return _back(voice().say("web.messages.started"))


def _asked_gateway() -> str:
    name = request.form.get("gateway", "")
    if name != ALL and name not in MAKERS:
        abort(400)
    return name


def _actor() -> str:
    return f"user:{signed_in().id}"


def _back(sentence: str) -> Response:
    flash(sentence)
    return redirect(url_for("admin.messages"))
