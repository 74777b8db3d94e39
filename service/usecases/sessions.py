"""Sessions of the admin view, kept here so that each can be seen, and ended: by idleness, age or somebody."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, delete, or_, select, update
from sqlalchemy.orm import Session

from service.domain.errors import NotFoundError
from service.models.audit import record
from service.models.users import User, UserSession
from service.security import hash_token, new_token

IDLE = timedelta(minutes=30)
ABSOLUTE = timedelta(hours=12)
HALF = timedelta(minutes=10)  # to find the telephone and type its code
NOTED = timedelta(minutes=1)  # how exactly it is known when a session was last used: a page writes nothing before


def begin(
    session: Session, now: datetime, user: User, *, device: str, network: str, half: bool, replaces: str | None
) -> str:
    """Return the token of a new session, which only the browser keeps; the one it `replaces` ends.

    A `half` one knows the password and opens nothing but the page that asks for the code.
    """
    token = new_token()
    if replaces:
        session.execute(delete(UserSession).where(UserSession.token_hash == hash_token(replaces)))
    session.add(
        UserSession(
            user_id=user.id,
            token_hash=hash_token(token),
            half=half,
            began_at=now,
            seen_at=now,
            device=device[:60],
            network=network[:45],
        )
    )
    session.flush()
    return token


def resume(session: Session, now: datetime, token: str, *, half: bool = False) -> UserSession | None:
    """Return the session of that token with its user, None when it has ended."""
    mine = (UserSession.token_hash == hash_token(token)) & UserSession.half.is_(half)
    return session.scalar(select(UserSession).where(mine, _alive(now)))


def note_use(session: Session, now: datetime, used: UserSession) -> None:
    """Note that a session is in use."""
    session.execute(update(UserSession).where(UserSession.id == used.id).values(seen_at=now))


def sessions_of(session: Session, now: datetime, user_id: int) -> Sequence[UserSession]:
    """Return the user's sessions, the last used first."""
    alive = (UserSession.user_id == user_id, UserSession.half.is_(False), _alive(now))
    return session.scalars(select(UserSession).where(*alive).order_by(UserSession.seen_at.desc(), UserSession.id)).all()


def leave(session: Session, now: datetime, *, user_id: int, session_id: int) -> None:
    """End one session of the user's: a copied cookie is worth nothing afterwards.

    Raises NotFoundError for one that is over, or another's.
    """
    ended = delete(UserSession).where(UserSession.id == session_id, UserSession.user_id == user_id)
    if not session.execute(ended).rowcount:  # type: ignore[attr-defined]  # a delete has it
        raise NotFoundError
    record(session, now, f"user:{user_id}", "user.signed_out", f"user:{user_id}")


def end_sessions(session: Session, now: datetime, *, actor: str, user_id: int) -> None:
    """Sign the user out everywhere."""
    drop_sessions(session, user_id)
    record(session, now, actor, "user.signed_out_everywhere", f"user:{user_id}")


def drop_sessions(session: Session, user_id: int) -> None:
    """End all sessions of the user's, as part of what is audited already."""
    session.execute(delete(UserSession).where(UserSession.user_id == user_id))


def over(now: datetime) -> ColumnElement[bool]:
    """Tell which sessions have ended by age, for the purge."""
    return or_(UserSession.began_at < now - ABSOLUTE, UserSession.seen_at < now - IDLE)


def _alive(now: datetime) -> ColumnElement[bool]:
    fresh = or_(UserSession.half.is_(False), UserSession.began_at >= now - HALF)
    return and_(UserSession.began_at >= now - ABSOLUTE, UserSession.seen_at >= now - IDLE, fresh)
