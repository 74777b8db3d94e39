"""Before every view: find who asks, whether they may, and whether the form is ours."""

from flask import Flask, abort, current_app, g, redirect, request, url_for
from flask_wtf import CSRFProtect
from werkzeug.wrappers import Response

from service.domain.errors import NotAllowedError
from service.domain.roles import UserRole
from service.domain.text import NUL
from service.web import sessions
from service.web.access import access_of
from service.web.current import container, must_have_factor

csrf = CSRFProtect()
# Those who call without a browser's session have nothing that another site could borrow.
NO_SESSION = frozenset({"gateway", "simulator"})
BEFORE_A_PASSWORD_OF_ONES_OWN = frozenset({"admin.password", "admin.set_password", "admin.sign_out"})
BEFORE_A_SECOND_FACTOR = BEFORE_A_PASSWORD_OF_ONES_OWN | {
    "admin.second_factor",
    "admin.begin_factor",
    "admin.confirm_factor",
}


def set_up_guard(app: Flask) -> None:
    """Check access, then the form's token, before every view."""
    csrf.init_app(app)
    app.before_request(guard)


def guard() -> Response | None:
    """Enforce what the view declares; a path without a view goes on to its 404 or 405."""
    if request.endpoint is None:
        return None
    who = access_of(current_app, request.endpoint) or UserRole.ADMIN  # create_app refuses silent views
    if who in NO_SESSION:
        return None if who == "gateway" or container().settings.simulator_on else abort(404)
    elsewhere = None if who == "public" else _admit(UserRole(who))
    if elsewhere is None:
        csrf.protect()
        _check_texts()
    return elsewhere


def _check_texts() -> None:
    """Refuse NUL: it is no character that anybody types, and PostgreSQL keeps none and compares with none."""
    said = (*request.args.items(multi=True), *request.form.items(multi=True), *(request.view_args or {}).items())
    if any(NUL in str(value) for _, value in said):
        abort(400)


def _admit(least: UserRole) -> Response | None:
    found = sessions.resume()
    if found is None:
        return redirect(url_for("admin.sign_in", next=_way_back()))
    g.session, g.user = found, found.user
    if found.user.password_once and request.endpoint not in BEFORE_A_PASSWORD_OF_ONES_OWN:
        return redirect(url_for("admin.password"))
    if must_have_factor(found.user) and request.endpoint not in BEFORE_A_SECOND_FACTOR:
        return redirect(url_for("admin.second_factor"))
    if not found.user.role.includes(least):
        raise NotAllowedError
    return None


def _way_back() -> str | None:
    # A page can be shown again after sign-in; a form cannot be sent again.
    return request.full_path.rstrip("?") if request.method == "GET" else None
