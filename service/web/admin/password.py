"""A password of one's own."""

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from service.models import User
from service.models.session import transaction
from service.usecases import users
from service.web import sessions
from service.web.access import access
from service.web.admin.sign_in import prove
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
    if request.form.get("new", "") != request.form.get("again", ""):
        return _again(voice().say("web.password.differ"))
    if not _knows_the_old_one(signed_in()):
        return _again(voice().say("web.password.wrong_old"))
    try:
        with transaction(container().engine) as session:
            user = users.change_password(session, now(), user_id=signed_in().id, password=request.form.get("new", ""))
    except users.WeakPasswordError as error:
        return _again(told(error))
    sessions.begin(user)
    flash(voice().say("web.password.changed"))
    return redirect(url_for("admin.home"))


def _knows_the_old_one(user: User) -> bool:
    """Check it as a sign-in is checked, so that guessing here locks as it does there."""
    if user.password_once:
        return True
    proven = prove(user.name, request.form.get("old", ""))
    with transaction(container().engine) as session:
        return users.check_sign_in(session, now(), name=user.name, proven=proven) is not None


def _again(wrong: str) -> tuple[str, int]:
    return render_template("admin/password.html", wrong=wrong, shortest=users.SHORTEST_PASSWORD), 400
