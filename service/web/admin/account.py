"""What is one's own: phone, second factor, and where one is signed in."""

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from service.domain.text import clean
from service.models.session import reading, transaction
from service.usecases import sessions
from service.usecases.users import PhoneTakenError, set_phone
from service.web.access import access
from service.web.admin.proof import knows_password
from service.web.admin.sign_in import left
from service.web.current import container, now, session_now, signed_in, voice
from service.web.errors import told


@access("viewer")
def show() -> str:
    """Show what is known of who asks, and their sessions."""
    with reading(container().engine) as database:
        mine = sessions.sessions_of(database, now(), signed_in().id)
    return render_template("admin/account.html", sessions=mine, here=session_now().id)


@access("viewer")
def phone() -> Response:
    """Take another phone, or none; for the password, since who dials from it chooses its PIN."""
    if not knows_password():
        return _back("web.factor.wrong_password")
    number = clean(request.form.get("phone", "")) or None
    try:
        with transaction(container().engine) as database:
            set_phone(database, now(), name=signed_in().name, number=number, actor=signed_in().subject)
    except ValueError:
        return _back("web.account.no_number")
    except PhoneTakenError as error:
        flash(told(error))
        return redirect(url_for("admin.account"))
    return _back("web.account.phone_saved")


@access("viewer")
def end_session(number: int) -> Response:
    """Sign out on another device, or here."""
    with transaction(container().engine) as database:
        sessions.leave(database, now(), user_id=signed_in().id, session_id=number)
    return left("web.sign_in.left") if number == session_now().id else _back("web.account.session_ended")


@access("viewer")
def end_all() -> Response:
    """Sign out everywhere."""
    user = signed_in()
    with transaction(container().engine) as database:
        sessions.end_sessions(database, now(), actor=user.subject, user_id=user.id)
    return left("web.account.left_everywhere")


def _back(sentence: str) -> Response:
    flash(voice().say(sentence))
    return redirect(url_for("admin.account"))
