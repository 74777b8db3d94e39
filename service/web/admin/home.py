"""The first page: what waits, each one click away, and who waits to be called."""

from datetime import timedelta

from flask import flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from service.messaging.liveness import expected, silent
from service.models.associations import unattended_associations
from service.models.contributions import counted_differently
from service.models.session import reading, transaction
from service.usecases.callbacks import finish_callback, people_to_call
from service.usecases.messages import anything_to_see_to
from service.web.access import access
from service.web.admin.queries import count_waiting
from service.web.current import container, now, signed_in, voice

MINUTE = timedelta(minutes=1)


@access("viewer")
def show() -> str:
    """Show which phone is silent, what waits for a decision, whom to call first, and for whom nobody speaks."""
    with reading(container().engine) as session:
        silences = silent(session, now(), expected(container().settings))
        return render_template(
            "admin/home.html",
            waiting=count_waiting(session),
            callers=people_to_call(session),
            unsent=anything_to_see_to(session),
            differing=counted_differently(session),
            unattended=unattended_associations(session),
            silences=[(one.name, one.since and (now() - one.since) // MINUTE) for one in silences],
        )


@access("coordinator")
def called(number: int) -> Response:
    """Note that someone was called."""
    with transaction(container().engine) as session:
        finish_callback(session, now(), actor=f"user:{signed_in().id}", callback_id=number)
    flash(voice().say("web.calls.noted"))
    return redirect(url_for("admin.home"))
