"""Sessions of the admin view: begun new at sign-in, ended by idleness, age, a new password or a sign-out."""

from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from flask import session

from service.models import User
from service.models.session import reading
from service.web.current import container, now

IDLE = timedelta(minutes=30)
ABSOLUTE = timedelta(hours=12)
HOME = "/admin/"


def begin(user: User) -> None:
    """Begin a session of this user's that shares nothing with the one before but the language."""
    language = session.get("language")
    session.clear()
    session.update(user=user.id, epoch=user.epoch, since=_stamp(now()))
    if language:
        session["language"] = language
    session.permanent = True
    touch()


def touch() -> None:
    """Note that the session is in use."""
    session["seen"] = _stamp(now())


def end() -> None:
    """Forget the session but its language."""
    language = session.get("language")
    session.clear()
    if language:
        session["language"] = language


def resume() -> User | None:
    """Return whose session this is, None when there is none or it has ended."""
    if "user" not in session or _over(now()):
        return None
    with reading(container().engine) as database:
        user = database.get(User, session["user"])
    return user if user is not None and user.epoch == session.get("epoch") else None


def safe_next(target: str | None) -> str:
    """Return where to go after sign-in: `target` when it is a page of the admin view, else the admin's first page."""
    if not target or "\\" in target or any(ord(letter) <= ord(" ") for letter in target):
        return HOME
    parts = urlsplit(target)
    return target if target.startswith(HOME) and not parts.scheme and not parts.netloc else HOME


def _over(moment: datetime) -> bool:
    seen, since = (datetime.fromtimestamp(session.get(name, 0), UTC) for name in ("seen", "since"))
    return moment - seen > IDLE or moment - since > ABSOLUTE


def _stamp(moment: datetime) -> int:
    return int(moment.timestamp())
