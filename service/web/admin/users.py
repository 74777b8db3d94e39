"""The people of the admin view, for its admins."""

from collections.abc import Callable

from flask import abort, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from service.domain.roles import UserRole
from service.models import User
from service.models.session import reading, transaction
from service.usecases import invitations, second_factor, staff
from service.usecases.sessions import end_sessions
from service.usecases.users import shut
from service.web.access import access
from service.web.current import container, now, signed_in, voice

View = Callable[[int], Response]


@access("admin")
def show() -> str:
    """Show everyone, and how they come in."""
    at = now()
    with reading(container().engine) as session:
        people = staff.list_users(session)
    return render_template(
        "admin/users.html",
        people=people,
        roles=list(UserRole),
        locked={one.id for one in people if shut(one, at)},
        at=at,
    )


@access("admin")
def invite() -> str:
    """Make a link for someone new, and show it once."""
    name, role = request.form.get("name", ""), _asked_role()
    with transaction(container().engine) as session:
        user, token = invitations.invite(session, now(), actor=signed_in().subject, name=name, role=role)
    return _link(user, token)


@access("admin")
def invite_again(number: int) -> str:
    """Make a new link for someone who cannot come in."""
    with transaction(container().engine) as session:
        user, token = invitations.invite_again(session, now(), actor=signed_in().subject, user_id=number)
    return _link(user, token)


@access("admin")
def role(number: int) -> Response:
    """Give someone another role."""
    asked = _asked_role()
    return _done(lambda session: staff.change_role(session, now(), actor=_actor(), user_id=number, role=asked))


@access("admin")
def block(number: int) -> Response:
    """Shut someone out."""
    return _done(lambda session: staff.block(session, now(), actor=_actor(), user_id=number))


@access("admin")
def unblock(number: int) -> Response:
    """Let someone in again."""
    return _done(lambda session: staff.unblock(session, now(), actor=_actor(), user_id=number))


@access("admin")
def reset_factor(number: int) -> Response:
    """Turn someone's second factor off, who lost their telephone."""
    return _done(lambda session: second_factor.turn_off(session, now(), actor=_actor(), user_id=number))


@access("admin")
def sign_out(number: int) -> Response:
    """End someone's sessions."""
    return _done(lambda session: end_sessions(session, now(), actor=_actor(), user_id=number))


DEEDS: dict[str, View | Callable[[int], str]] = {
    "role": role,
    "block": block,
    "unblock": unblock,
    "reset-factor": reset_factor,
    "sign-out": sign_out,
    "link": invite_again,
}


def _actor() -> str:
    return signed_in().subject


def _asked_role() -> UserRole:
    asked = request.form.get("role", "")
    return UserRole(asked) if asked in set(UserRole) else abort(400)


def _done(change: Callable[[Session], object]) -> Response:
    with transaction(container().engine) as session:
        change(session)
    flash(voice().say("web.users.done"))
    return redirect(url_for("admin.users"))


def _link(user: User, token: str) -> str:
    link = container().settings.url + url_for("admin.invitation", token=token)
    return render_template("admin/invited.html", person=user, link=link)
