"""The inbox: who wrote what no keyword understood, all that was said with one person, and a person's answer."""

import re
import secrets
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from flask import abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from service.domain.kinds import Kind
from service.domain.segments import EACH_OF_MANY, ONE_PART
from service.domain.text import clean
from service.locales import Language
from service.messaging.opening import with_sender
from service.messaging.outlook import LONGEST_WRITTEN, MOST_WRITTEN_PARTS, Estimate, estimate, outlook
from service.models import Phone, User
from service.models.needs import needs_of
from service.models.session import reading, transaction
from service.usecases import inbox
from service.usecases.broadcasts import as_sent
from service.usecases.canned import LONGEST_CANNED, LONGEST_NAME, SEEDED, canned_answers, word_canned
from service.web.access import access
from service.web.admin.asked import asked_number, sent_number
from service.web.admin.queries import PER_PAGE, Page
from service.web.current import container, now, signed_in, voice
from service.web.showing import thousandths

FORM = re.compile(r"[0-9a-f]{32}")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND, FAR = timedelta(microseconds=1), 10**17  # the year 5138: a calendar here ends with 9999


class Draft(NamedTuple):
    """What is being written: the text, the form it is in, and what it takes, when that was asked."""

    text: str = ""
    form: str = ""
    measured: Estimate | None = None


@access("viewer")
def show() -> str:
    """List conversations: `?folder=` is open (what waits first), mine or all; `?page=` goes on."""
    asked = request.args.get("folder", "")
    folder = inbox.Folder(asked) if asked in set(inbox.Folder) else inbox.Folder.OPEN
    with reading(container().engine) as session:
        rows, number, pages = inbox.list_conversations(
            session, folder, signed_in().id, asked_number("page") or 1, PER_PAGE
        )
    return render_template(
        "admin/inbox.html", page=Page(rows, number, pages), folder=folder, folders=list(inbox.Folder)
    )


@access("viewer")
def one(number: int) -> str:
    """Show one conversation; `?until=` goes back in it."""
    return _conversation(number, Draft(form=new_form()))


@access("coordinator")
def begin() -> Response:
    """Find the conversation with a number that is known."""
    with transaction(container().engine) as session:
        number = inbox.begin(session, now(), actor=f"user:{signed_in().id}", typed=request.form.get("phone", "")).id
    return redirect(url_for("admin.conversation", number=number))


@access("coordinator")
def answer(number: int) -> Response | str:
    """Send an answer, or show it first: what it takes, and what will make it wait; or begin it with a canned one."""
    step, text, form = request.form.get("step", ""), clean(request.form.get("text", "")), asked_form()
    if step == "insert":
        return _conversation(number, Draft(clean(f"{text} {_canned(request.form.get('canned', ''))}"), form))
    measured = _measured(number, text)
    if step != "send" or not text or measured.too_long:
        return _conversation(number, Draft(text, form, measured))
    with transaction(container().engine) as session:
        settings, user = container().settings, signed_in()
        sent = inbox.answer(session, settings, now(), user=user, conversation_id=number, text=text, form=form)
    return _back(number, "web.inbox.sent" if sent else "web.inbox.sent_before")


@access("coordinator")
def measure() -> str:
    """Return, in words, what a text takes: as an answer in a conversation, or as a broadcast in a language."""
    text, language = clean(request.form.get("text", "")), request.form.get("language", "")
    if language in set(Language):
        return said(estimate(container().settings, container().settings.home_prefix, as_sent(text, language)))
    return said(_measured(sent_number("conversation") or 0, text))


@access("coordinator")
def assign(number: int) -> Response:
    """Give the conversation to somebody, or to nobody."""
    to = sent_number("user")
    with transaction(container().engine) as session:
        if to and not session.get(User, to):
            abort(400)
        inbox.assign(session, now(), user=signed_in(), conversation_id=number, to=to)
    return _back(number, "web.inbox.assigned")


@access("coordinator")
def resolve(number: int) -> Response:
    """Put the conversation aside."""
    with transaction(container().engine) as session:
        inbox.resolve(session, now(), user=signed_in(), conversation_id=number)
    return _back(number, "web.inbox.resolved")


@access("coordinator")
def reopen(number: int) -> Response:
    """Take the conversation up again."""
    with transaction(container().engine) as session:
        inbox.reopen(session, now(), user=signed_in(), conversation_id=number)
    return _back(number, "web.inbox.reopened")


DEEDS: Mapping[str, Callable[[int], Response | str]] = {
    "answer": answer,
    "assign": assign,
    "resolve": resolve,
    "reopen": reopen,
}


@access("coordinator")
def show_canned() -> str:
    """Show the answers that are written often."""
    with reading(container().engine) as session:
        canned = canned_answers(session)
    longest = {"longest": LONGEST_CANNED, "longest_name": LONGEST_NAME}
    return render_template("admin/canned.html", canned=canned, seeded=SEEDED, **longest)


@access("admin")
def word() -> Response:
    """Reword one of them, or add one."""
    name = clean(request.form.get("name", ""))
    texts = {one: clean(request.form.get(f"text-{one}", "")) for one in Language}
    if not 0 < len(name) <= LONGEST_NAME or any(len(text) > LONGEST_CANNED for text in texts.values()):
        abort(400)
    with transaction(container().engine) as session:
        word_canned(session, now(), actor=f"user:{signed_in().id}", name=name, texts=texts)
    flash(voice().say("web.canned.worded"))
    return redirect(url_for("admin.canned"))


def said(measured: Estimate) -> str:
    """Return an estimate in the page's language."""
    segments = measured.segments
    one = segments.parts == 1
    room = ONE_PART[segments.encoding] if one else segments.parts * EACH_OF_MANY[segments.encoding]
    key = "web.inbox.too_long" if measured.too_long else "web.inbox.measure"
    cost = thousandths(measured.cost)
    return voice().say(key, parts=segments.parts, units=segments.units, room=room, cost=cost)


def new_form() -> str:
    """Return a name for a form, so that what it does is done once however often it comes."""
    return secrets.token_hex(16)


def asked_form() -> str:
    """Return the form's name; one that no page gave is refused."""
    form = request.form.get("form", "")
    return form if FORM.fullmatch(form) else abort(400)


def _conversation(number: int, draft: Draft) -> str:
    settings, asked = container().settings, asked_number("until")
    until = None if asked is None else EPOCH + min(asked, FAR) * MICROSECOND
    most = inbox.ENTRIES if until else inbox.LATEST
    with reading(container().engine) as session:
        conversation = inbox.conversation_of(session, number)
        to = session.get(Phone, conversation.phone)
        entries = inbox.entries_of(session, conversation.phone, until)
        who = inbox.someone_at(session, {conversation.phone}).get(conversation.phone, inbox.Someone())
        return render_template(
            "admin/conversation.html",
            one=conversation,
            who=who,
            needs=needs_of(session, who.side[1]) if who.side and who.role else [],
            authors=inbox.authors_of(session, conversation),
            to=to,
            outlook=to and outlook(session, settings, now(), to, Kind.ALERT),
            entries=entries,
            earlier=(entries[0].at - EPOCH) // MICROSECOND if len(entries) == most else None,
            older=until is not None,
            answerers=inbox.answerers(session),
            canned=canned_answers(session),
            seeded=SEEDED,
            draft=draft,
            measured=said(draft.measured) if draft.measured else "",
            as_sent=with_sender(draft.text) if draft.measured and draft.text else "",
            longest=LONGEST_WRITTEN,
            most_parts=MOST_WRITTEN_PARTS,
        )


def _measured(number: int, text: str) -> Estimate:
    with reading(container().engine) as session:
        return estimate(container().settings, inbox.conversation_of(session, number).phone, with_sender(text))


def _canned(asked: str) -> str:
    language, _, name = asked.partition(":")
    with reading(container().engine) as session:
        return canned_answers(session).get(name, {}).get(Language(language), "") if language in set(Language) else ""


def _back(number: int, key: str) -> Response:
    flash(voice().say(key))
    return redirect(url_for("admin.conversation", number=number))
