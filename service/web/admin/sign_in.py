"""In and out of the admin view."""

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from service.models.session import reading, transaction
from service.security import password_fits
from service.usecases import users
from service.web import sessions
from service.web.access import access
from service.web.current import container, now, signed_in, voice


@access("public")
def show() -> str | Response:
    """Show the sign-in form, or go on when someone is signed in already."""
    target = sessions.safe_next(request.args.get("next"))
    if sessions.resume():
        return redirect(target)
    return render_template("admin/sign_in.html", target=target, failed=False)


@access("public")
def enter() -> str | Response | tuple[str, int]:
    """Sign in; whatever was wrong, the answer is the same."""
    target = sessions.safe_next(request.form.get("next"))
    name = request.form.get("name", "")
    proven = prove(name, request.form.get("password", ""))
    with transaction(container().engine) as session:
        user = users.check_sign_in(session, now(), name=name, proven=proven)
    if user is None:
        return render_template("admin/sign_in.html", target=target, failed=True), 401
    sessions.begin(user)
    return redirect(url_for("admin.password") if user.password_once else target)


@access("viewer")
def leave() -> Response:
    """Sign out, here and everywhere."""
    with transaction(container().engine) as session:
        users.sign_out(session, now(), user_id=signed_in().id)
    sessions.end()
    flash(voice().say("web.sign_in.left"))
    return redirect(url_for("admin.sign_in"))


def prove(name: str, password: str) -> str | None:
    """Return the stored hash that the password fits; takes as long for a name that nobody has."""
    with reading(container().engine) as session:
        user = users.find_user(session, name)
    hashed = user.password_hash if user and len(password) <= users.LONGEST_PASSWORD else None
    return hashed if password_fits(hashed, password[: users.LONGEST_PASSWORD]) else None
