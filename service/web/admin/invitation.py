"""Who was invited chooses a password."""

from flask import render_template, request
from werkzeug.wrappers import Response

from service.domain.errors import NotFoundError
from service.models.session import reading, transaction
from service.usecases import invitations, users
from service.web import sessions
from service.web.access import access
from service.web.admin.password import lead_on
from service.web.admin.sign_in import after_password
from service.web.current import container, now, voice
from service.web.errors import told

Answer = str | Response | tuple[str, int]


@access("public")
def show(token: str) -> Answer:
    """Show who is invited as what, and ask for a password."""
    return _page(token)


@access("public")
def accept(token: str) -> Answer:
    """Take the password, and let them in."""
    if request.form.get("new", "") != request.form.get("again", ""):
        return _page(token, voice().say("web.password.differ"))
    try:
        with transaction(container().engine) as session:
            user = invitations.accept(session, now(), token=token, password=request.form.get("new", ""))
            sessions.begin(session, user, half=user.has_factor)
    except users.WeakPasswordError as error:
        return _page(token, told(error))
    except NotFoundError:
        return _page(token)
    return after_password(user, sessions.HOME) if user.has_factor else lead_on(user)


def _page(token: str, wrong: str | None = None) -> Answer:
    try:
        with reading(container().engine) as session:
            person = invitations.invited(session, now(), token)
    except NotFoundError:
        return render_template("admin/invitation_over.html"), 404
    page = render_template(
        "admin/invitation.html", person=person, token=token, wrong=wrong, shortest=users.SHORTEST_PASSWORD
    )
    return (page, 400) if wrong else page
