"""Testimonies: read them before anybody else does, publish them, or set them aside with a reason."""

from collections.abc import Callable, Mapping
from typing import Any

from flask import abort, flash, redirect, url_for
from sqlalchemy import select
from sqlalchemy.orm import joinedload
from werkzeug.wrappers import Response

from service.domain.testimonies import Publication, TestimonyState
from service.messaging.phrases import Phrase
from service.models import Contact, Need, Recording, Testimony
from service.models.session import reading, transaction
from service.models.testimonies import is_unread
from service.usecases.testimonies import publish_testimony, reconsider_testimony, set_aside_testimony
from service.usecases.voice import sound_of
from service.web.access import access
from service.web.admin.asked import LONGEST_REASON, asked_reason
from service.web.admin.lists import Column, Field, Listing, answer, column
from service.web.admin.lists.cells import State, Typed
from service.web.admin.lists.filters import choice, since, until
from service.web.admin.lists.searches import search_by_need
from service.web.admin.lists.villages import need_column, need_filters
from service.web.current import container, now, signed_in, voice
from service.web.showing import NAMES, write


def _author(row: Any) -> tuple[object, ...]:
    one = row.Testimony
    if one.officer:
        joint = voice().say("phrase.joint").strip()
        return f"{write(one.officer.role)}{joint}", Typed(one.need.association.name)
    return (Typed(one.contact.association.name),)


def _words(row: Any) -> Typed | Phrase:
    return Typed(row.Testimony.text) if row.Testimony.text else Phrase("testimony.spoken")


LISTING = Listing(
    "testimonies",
    Testimony.id,
    select(Testimony).options(
        joinedload(Testimony.need).joinedload(Need.association),
        joinedload(Testimony.officer),
        joinedload(Testimony.contact).joinedload(Contact.association),
        joinedload(Testimony.recording).defer(Recording.sound),
    ),
    columns=(
        Column(
            "words",
            (
                Field("words", _words),
                Field("written", lambda row: row.Testimony.written_at, Testimony.id),
                Field("language", lambda row: NAMES[row.Testimony.language]),
            ),
        ),
        need_column(lambda row: row.Testimony.need),
        column("author", _author),
        column("consent", lambda row: row.Testimony.publication),
        Column(
            "state",
            (
                Field("state", lambda row: State(row.Testimony.state)),
                Field("reason", lambda row: Typed(row.Testimony.reason)),
            ),
        ),
    ),
    filters=(
        choice("state", TestimonyState, lambda state: Testimony.state == state),
        choice("consent", Publication, lambda publication: Testimony.publication == publication),
        *need_filters(Testimony.need_id),
        since(Testimony.written_at),
        until(Testimony.written_at),
    ),
    search=search_by_need(Testimony.need_id),
    only=Testimony.state != TestimonyState.WITHDRAWN,
    waits=is_unread(),
    waiting=lambda row: row.Testimony.unread,
    decides=True,
)


@access("viewer")
def show() -> str | Response:
    """List testimonies, those that wait first."""
    return answer(LISTING, "admin/testimonies.html", longest_reason=LONGEST_REASON)


@access("coordinator")
def sound(number: int) -> Response:
    """Let a spoken one be heard."""
    with reading(container().engine) as session:
        recording = sound_of(session, number)
        if not recording:
            abort(404)
        return Response(recording.sound, mimetype=recording.media_type)


@access("coordinator")
def publish(number: int) -> Response:
    """Let everybody read it."""
    with transaction(container().engine) as session:
        publish_testimony(session, now(), actor=f"user:{signed_in().id}", testimony_id=number)
    return _back("web.testimony.published")


@access("coordinator")
def set_aside(number: int) -> Response:
    """Set it aside with a reason, which its author is told."""
    reason = asked_reason()
    if reason is None:
        return _back("web.reason.needed", longest=LONGEST_REASON)
    with transaction(container().engine) as session:
        set_aside_testimony(session, now(), actor=f"user:{signed_in().id}", testimony_id=number, reason=reason)
    return _back("web.testimony.set_aside")


@access("coordinator")
def reconsider(number: int) -> Response:
    """Take a decision back."""
    with transaction(container().engine) as session:
        reconsider_testimony(session, now(), actor=f"user:{signed_in().id}", testimony_id=number)
    return _back("web.testimony.given")


DECISIONS: Mapping[str, Callable[[int], Response]] = {
    "publish": publish,
    "set_aside": set_aside,
    "reconsider": reconsider,
}


def _back(key: str, **values: int) -> Response:
    flash(voice().say(key, **values))
    return redirect(url_for("admin.testimonies"))
