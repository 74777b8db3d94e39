"""What an admin decides of the people of the admin view. The last admin who can come in stays one."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.domain.errors import TiwiziError
from service.domain.roles import UserRole
from service.models.audit import record
from service.models.users import User, comes_in
from service.usecases.pins import clear_pin, has_pin
from service.usecases.sessions import drop_sessions
from service.usecases.users import known_user


class LastAdminError(TiwiziError):
    """Nobody else could let anyone in."""

    key = "error.last_admin"
    status = 409


def list_users(session: Session) -> Sequence[User]:
    """Return everyone who has a name here, those who are blocked last."""
    return session.scalars(select(User).order_by(User.blocked_at.is_not(None), User.name)).all()


def change_role(session: Session, now: datetime, *, actor: str, user_id: int, role: UserRole) -> User:
    """Give a user another role; they sign in anew, so that no session has a right it did not begin with.

    Raises LastAdminError or NotFoundError.
    """
    user = _spared(session, user_id, stays=role is UserRole.ADMIN)
    if user.role is not role:
        record(session, now, actor, "user.role_changed", user.subject, before=user.role, role=role)
        user.role = role
        drop_sessions(session, user.id)
    return user


def block(session: Session, now: datetime, *, actor: str, user_id: int) -> User:
    """Shut a user out, in the browser and by phone: sessions end, a link opens no more, the number is not kept.

    Raises LastAdminError or NotFoundError.
    """
    user = _spared(session, user_id, stays=False)
    if user.blocked_at is None:
        if user.phone and has_pin(session, user.phone):
            clear_pin(session, user.phone)
        user.blocked_at, user.phone, user.link_hash, user.link_until = now, None, None, None
        drop_sessions(session, user.id)
        record(session, now, actor, "user.blocked", user.subject)
    return user


def unblock(session: Session, now: datetime, *, actor: str, user_id: int) -> User:
    """Let a user in again.

    Raises NotFoundError.
    """
    user = known_user(session, user_id)
    if user.blocked_at is not None:
        user.blocked_at, user.failures, user.locked_until = None, 0, None
        record(session, now, actor, "user.unblocked", user.subject)
    return user


def _spared(session: Session, user_id: int, *, stays: bool) -> User:
    """Return the user, unless they are the last admin and would be none; two admins at once take turns."""
    can = (User.role == UserRole.ADMIN, comes_in())
    admins = session.scalars(select(User.id).where(*can).order_by(User.id).with_for_update()).all()
    if not stays and list(admins) == [user_id]:
        raise LastAdminError
    return known_user(session, user_id)
