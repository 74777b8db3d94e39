"""People are invited by a link, which an admin copies to them: there is no e-mail. It opens once, for seven days."""

from datetime import datetime, timedelta

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from service.domain.errors import NotAllowedError, NotFoundError
from service.domain.roles import UserRole
from service.models.audit import record
from service.models.users import User
from service.security import hash_token, new_token
from service.usecases.users import known_user, new_user, note_sign_in, take_password

LASTS = timedelta(days=7)


def invite(session: Session, now: datetime, *, actor: str, name: str, role: UserRole) -> tuple[User, str]:
    """Return a new user without a password, and the token of the link where they choose one.

    Raises NameTakenError or NameNeededError.
    """
    user = new_user(session, now, name=name, role=role)
    record(session, now, actor, "user.invited", user.subject, role=role)
    return user, _new_link(user, now)


def invite_again(session: Session, now: datetime, *, actor: str, user_id: int) -> tuple[User, str]:
    """Return the user and the token of a new link, for who let theirs pass or forgot the password.

    The password before opens until the link is used; a second factor stays asked for.
    Raises NotFoundError, or NotAllowedError for who is blocked.
    """
    user = known_user(session, user_id)
    if user.blocked_at:
        raise NotAllowedError
    record(session, now, actor, "user.invited_again", user.subject)
    return user, _new_link(user, now)


def invited(session: Session, now: datetime, token: str) -> User:
    """Return whom a link invites.

    Raises NotFoundError when it was used, replaced, or is older than seven days.
    """
    return _found(session, _of_link(now, token))


def accept(session: Session, now: datetime, *, token: str, password: str) -> User:
    """Give who was invited the password they chose; the link is used up. Without a second factor they are signed in.

    Raises NotFoundError or WeakPasswordError.
    """
    user = _found(session, _of_link(now, token).with_for_update())
    take_password(session, user, password)
    user.failures, user.locked_until = 0, None
    record(session, now, user.subject, "user.accepted", user.subject)
    if not user.has_factor:
        note_sign_in(session, now, user)
    return user


def _of_link(now: datetime, token: str) -> Select[User]:
    return select(User).where(User.link_hash == hash_token(token), User.link_until > now, User.blocked_at.is_(None))


def _found(session: Session, whose: Select[User]) -> User:
    user = session.scalar(whose)
    if user is None:
        raise NotFoundError
    return user


def _new_link(user: User, now: datetime) -> str:
    token = new_token()
    user.link_hash, user.link_until = hash_token(token), now + LASTS
    return token
