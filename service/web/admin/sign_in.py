"""In and out of the admin view."""

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from service.models import User
from service.models.session import transaction
from service.usecases import second_factor, users
from service.usecases.sessions import leave as leave_session
from service.web import sessions
from service.web.access import access
from service.web.admin.proof import prove
from service.web.current import container, now, session_now, voice

Answer = str | Response | tuple[str, int]


@access("public")
def show() -> Answer:
    """Show the sign-in form, or go on when someone is signed in already."""
    target = sessions.safe_next(request.args.get("next"))
    if sessions.resume():
        return redirect(target)
    return render_template("admin/sign_in.html", target=target, failed=False)


@access("public")
def enter() -> Answer:
    """Sign in, or go on to the second factor; whatever was wrong, the answer is the same."""
    target = sessions.safe_next(request.form.get("next"))
    name = request.form.get("name", "")
    proven = prove(name, request.form.get("password", ""))
    with transaction(container().engine) as session:
        user = users.check_sign_in(session, now(), name=name, proven=proven)
        if user:
            sessions.begin(session, user, half=user.has_factor)
    if user is None:
        return render_template("admin/sign_in.html", target=target, failed=True), 401
    return after_password(user, target)


def after_password(user: User, target: str) -> Response:
    """Lead on who knows their password."""
    if user.has_factor:
        return redirect(url_for("admin.sign_in_code", next=target))
    return redirect(url_for("admin.password") if user.password_once else target)


@access("public")
def show_code() -> Answer:
    """Ask who knows the password for the code."""
    target = sessions.safe_next(request.args.get("next"))
    if sessions.resume(half=True) is None:
        return redirect(url_for("admin.sign_in", next=target))
    return render_template("admin/code.html", target=target, failed=False)


@access("public")
def enter_code() -> Answer:
    """Sign in with the second factor."""
    target = sessions.safe_next(request.form.get("next"))
    half = sessions.resume(half=True)
    if half is None:
        return redirect(url_for("admin.sign_in", next=target))
    secret, code = container().settings.secret_key, request.form.get("code", "")
    with transaction(container().engine) as session:
        user = second_factor.check_code(session, now(), secret, user_id=half.user_id, code=code)
        if user:
            sessions.begin(session, user)
    if user is None:
        return render_template("admin/code.html", target=target, failed=True), 401
    return redirect(url_for("admin.password") if user.password_once else target)


@access("viewer")
def leave() -> Response:
    """Sign out here."""
    mine = session_now()
    with transaction(container().engine) as session:
        leave_session(session, now(), user_id=mine.user_id, session_id=mine.id)
    return left("web.sign_in.left")


def left(sentence: str) -> Response:
    """Lead out who has no session any more."""
    sessions.end()
    flash(voice().say(sentence))
    return redirect(url_for("admin.sign_in"))
