"""A password of one's own."""

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from service.domain.roles import UserRole
from service.models import User
from service.models.session import transaction
from service.usecases import users
from service.web import sessions
from service.web.access import access
from service.web.admin import second_factor
from service.web.admin.proof import knows_password
from service.web.current import container, now, signed_in, voice
from service.web.errors import told

Answer = str | Response | tuple[str, int]


@access("viewer")
def show() -> str:
    """Show the form; it asks for the old password but of those who have just typed their one-time password."""
    return render_template("admin/password.html", wrong=None, shortest=users.SHORTEST_PASSWORD)


@access("viewer")
def change() -> Answer:
    """Take the new password, and go on in a new session."""
    first = signed_in().password_once
    if request.form.get("new", "") != request.form.get("again", ""):
        return _again(voice().say("web.password.differ"))
    if not first and not knows_password("old"):
        return _again(voice().say("web.password.wrong_old"))
    try:
        with transaction(container().engine) as session:
            user = users.change_password(session, now(), user_id=signed_in().id, password=request.form.get("new", ""))
            sessions.begin(session, user)
    except users.WeakPasswordError as error:
        return _again(told(error))
    flash(voice().say("web.password.changed"))
    return lead_on(user) if first else redirect(url_for("admin.home"))


def lead_on(user: User) -> Response:
    """Lead who has just chosen their first password: an admin to a second factor, all others to work."""
    if user.role is UserRole.ADMIN and not user.has_factor:
        second_factor.offer()
        return redirect(url_for("admin.second_factor"))
    return redirect(url_for("admin.home"))


def _again(wrong: str) -> tuple[str, int]:
    return render_template("admin/password.html", wrong=wrong, shortest=users.SHORTEST_PASSWORD), 400
