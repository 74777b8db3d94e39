"""Messages: what waits, what is in doubt, what did not leave; gateways and money; and what can be done about it."""

from dataclasses import replace

from flask import abort, flash, redirect, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from service.domain.kinds import Kind
from service.domain.states import MessageState
from service.gateways.registry import REHEARSES
from service.logs import masked
from service.messaging.health import start_gateway, stop_gateway
from service.messaging.phrases import Country, Phrase
from service.models import Message, Phone
from service.models.gateways import ALL
from service.models.messages import is_dead
from service.models.session import reading, transaction
from service.settings import KNOWN_GATEWAYS
from service.usecases import messages
from service.usecases.checkup import FAILING
from service.usecases.inbox import ANSWER
from service.web.access import access
from service.web.admin.asked import sent_number
from service.web.admin.lists import Column, Field, Listing, answer, column
from service.web.admin.lists.cells import Moment, State, Typed
from service.web.admin.lists.cells import Phone as Number
from service.web.admin.lists.filters import Asked, Filter, Options, choice, phone
from service.web.admin.stakes import Stakes
from service.web.admin.sure import ask_once_more, is_sure
from service.web.current import container, now, signed_in, voice

# Reasons of our own, which are texts; a gateway's are shown as it says them.
REASONS = {
    "too late": "web.messages.reason.too_late",
    "country not allowed": "web.messages.reason.country",
    "lease ended": "web.messages.reason.lease",
}


def _reason(said: str) -> object:
    return Phrase(REASONS[said]) if said in REASONS else Typed(masked(said))


def _kind(letter: messages.Letter) -> object:
    return Phrase("web.letters.answer") if letter.template == ANSWER else letter.kind


def _tried(letter: messages.Letter) -> object:
    return Moment(letter.last.begun_at) if letter.last else Phrase("web.messages.never")


def _refused(letter: messages.Letter) -> object:
    return _reason(letter.last.reason) if letter.last and letter.last.reason != letter.reason else None


def _gateways(_session: Session, _asked: Asked) -> Options:
    return [(name, name) for name in sorted(KNOWN_GATEWAYS)]


ROWS = select(Message, Phone.stopped_at).join(Phone, Phone.number == Message.phone)
ALL_MESSAGES = Listing(
    "letters",
    Message.id,
    ROWS,
    columns=(
        Column(
            "message",
            (
                Field("kind", _kind),
                Field("number", lambda letter: str(letter.id)),
                Field("written", lambda letter: Moment(letter.written_at)),
            ),
        ),
        column("phone", lambda letter: Number(letter.phone)),
        Column(
            "state",
            (
                Field("state", lambda letter: State(letter.state)),
                Field("reason", lambda letter: _reason(letter.reason)),
            ),
        ),
        Column(
            "last",
            (
                Field("last", _tried),
                Field("gateway", lambda letter: letter.last and letter.last.gateway),
                Field("refused", _refused),
            ),
        ),
    ),
    filters=(
        choice("state", MessageState, lambda state: Message.state == state),
        choice("kind", Kind, lambda kind: Message.kind == kind),
        Filter("gateway", lambda asked: Message.gateway == asked, options=_gateways),
        phone(Message.phone),
    ),
    read=messages.letters,
)
TO_SEE_TO = replace(
    ALL_MESSAGES,
    name="messages",
    only=messages.in_doubt() | is_dead(),
    waits=messages.in_doubt(),
    waiting=lambda letter: letter.state is MessageState.UNKNOWN,
    decides=True,
)


@access("viewer")
def every() -> str | Response:
    """List all messages, the newest first; not their texts, which may tell a code or another's number."""
    return answer(ALL_MESSAGES)


@access("viewer")
def show() -> str | Response:
    """Show how messages fare, and list those in doubt and those that did not leave."""
    settings, at = container().settings, now()
    with reading(container().engine) as session:
        seen = messages.overview(session, at, settings.used_gateways)
        gateways = messages.gateways_now(session, at, settings.used_gateways)
        spending = messages.spending_now(session, settings, at)
    return answer(
        TO_SEE_TO,
        "admin/messages.html",
        seen=seen,
        kinds=[kind for kind in Kind if any(one is kind for _, one in seen.counts)],
        gateways=gateways,
        on=[one for one in gateways if not (one.stopped_at or gateways[0].stopped_at or one.name == ALL)],
        rehearses=REHEARSES,
        spending=spending,
        failing=FAILING,
        all_gateways=ALL,
        country=Country,
    )


@access("coordinator")
def replay(number: int) -> Response:
    """Send a message again that did not leave, or that may not have."""
    resent = sent_number("resent")
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
def stop() -> Response | str:
    """Send nothing more through a gateway, or through any, once it was said twice."""
    gateway = _asked_gateway()
    if not is_sure():
        # Where no other is on, to stop one is to stop all.
        what = "stop" if gateway != ALL and _others_on(gateway) else "stop.all"
        return ask_once_more(what, Stakes(), "admin.messages", name=gateway)
    with transaction(container().engine) as session:
        stop_gateway(session, now(), gateway, _actor())
    return _back(voice().say("web.messages.stopped"))


@access("admin")
def start() -> Response:
    """Send through a gateway again."""
    with transaction(container().engine) as session:
        start_gateway(session, now(), _asked_gateway(), _actor())
    return _back(voice().say("web.messages.started"))


def _asked_gateway() -> str:
    name = request.form.get("gateway", "")
    if name != ALL and name not in KNOWN_GATEWAYS:
        abort(400)
    return name


def _others_on(gateway: str) -> bool:
    with reading(container().engine) as session:
        seen = messages.gateways_now(session, now(), container().settings.used_gateways)
    return any(one.stopped_at is None for one in seen if one.name not in {ALL, gateway})


def _actor() -> str:
    return f"user:{signed_in().id}"


def _back(sentence: str) -> Response:
    flash(sentence)
    return redirect(url_for("admin.messages"))
