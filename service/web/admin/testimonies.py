"""Testimonies: read them before anybody else does, publish them, or set them aside with a reason."""

from collections.abc import Callable, Mapping

from flask import abort, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from service.models.session import reading, transaction
from service.usecases.testimonies import publish_testimony, reconsider_testimony, set_aside_testimony
from service.usecases.voice import sound_of
from service.web.access import access
from service.web.admin.asked import LONGEST_REASON, asked_number, asked_reason
from service.web.admin.queries import list_testimonies
from service.web.current import container, now, signed_in, voice


@access("viewer")
def show() -> str:
    """List testimonies, those that wait first; `?page=` goes on."""
    with reading(container().engine) as session:
        page = list_testimonies(session, asked_number("page") or 1)
    return render_template("admin/testimonies.html", page=page, longest_reason=LONGEST_REASON)


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
