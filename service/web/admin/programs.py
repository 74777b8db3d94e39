"""Programs that use the API: their tokens, what they are told of, and what they did not take."""

from dataclasses import dataclass

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from service.domain.events import Event
from service.domain.scopes import Scope
from service.domain.text import visible
from service.messaging.webhooks import count_waiting, secret_of
from service.models.session import reading, transaction
from service.models.tokens import all_tokens
from service.models.webhooks import dead_deliveries, open_webhooks
from service.usecases import webhooks
from service.usecases.tokens import LONGEST_NAME, MOST_DAYS, make_token, revoke_token
from service.web.access import access
from service.web.admin.queries import PER_PAGE
from service.web.current import container, now, signed_in, voice

MOST_DIGITS = 4


@dataclass(frozen=True)
class Made:
    """What was made, and is shown this once: `key` is the text that says what it is of `name`."""

    key: str
    name: str
    secret: str


@access("admin")
def show() -> str:
    """Show tokens, subscriptions and what was not taken."""
    return _page()


@access("admin")
def make() -> Response | str:
    """Make a token, and show it once: on this page, and in no cookie."""
    days, scopes = request.form.get("days", "").strip(), request.form.getlist("scope")
    if not set(scopes) <= set(Scope) or not (
        days == "" or (days.isascii() and days.isdigit() and len(days) <= MOST_DIGITS)
    ):
        return _back("web.programs.unmade")
    try:
        with transaction(container().engine) as session:
            row, token = make_token(
                session,
                now(),
                actor=_actor(),
                name=request.form.get("name", ""),
                scopes=list(map(Scope, scopes)),
                days=int(days) if days else None,
            )
    except ValueError:
        return _back("web.programs.unmade")
    return _page(Made("web.programs.made_token", visible(row.name), token))


@access("admin")
def revoke(number: int) -> Response:
    """Let a token open nothing any more."""
    with transaction(container().engine) as session:
        revoke_token(session, now(), actor=_actor(), token_id=number)
    return _back("web.programs.revoked")


@access("admin")
def subscribe() -> Response | str:
    """Tell a program of events, and show once what its deliveries are signed with."""
    events = request.form.getlist("event")
    if not set(events) <= set(Event):
        return _back("web.programs.unmade")
    settings = container().settings
    try:
        with transaction(container().engine) as session:
            webhook = webhooks.subscribe(
                session,
                now(),
                actor=_actor(),
                url=request.form.get("url", "").strip(),
                events=list(map(Event, events)),
                loopback=settings.webhooks_loopback,
            )
    except ValueError:
        return _back("web.programs.unmade")
    return _page(Made("web.programs.made_webhook", webhook.url, secret_of(settings.secret_key, webhook)))


@access("admin")
def unsubscribe(number: int) -> Response:
    """Tell a program of nothing any more."""
    with transaction(container().engine) as session:
        webhooks.unsubscribe(session, now(), actor=_actor(), webhook_id=number)
    return _back("web.programs.stopped")


@access("admin")
def replay(number: int, delivery: int) -> Response:
    """Send again what a program did not take."""
    with transaction(container().engine) as session:
        webhooks.replay(session, now(), actor=_actor(), webhook_id=number, delivery_id=delivery)
    return _back("web.programs.replayed")


def _page(made: Made | None = None) -> str:
    with reading(container().engine) as session:
        return render_template(
            "admin/programs.html",
            made=made,
            tokens=all_tokens(session),
            webhooks=open_webhooks(session),
            waiting=count_waiting(session),
            dead=dead_deliveries(session, PER_PAGE),
            scopes=list(Scope),
            events=list(Event),
            longest_name=LONGEST_NAME,
            most_days=MOST_DAYS,
            now=now(),
        )


def _actor() -> str:
    return f"user:{signed_in().id}"


def _back(key: str) -> Response:
    flash(voice().say(key))
    return redirect(url_for("admin.programs"))
