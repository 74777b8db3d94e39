"""The browser's side of a session: a cookie with a token, and what the browser says of itself."""

from ipaddress import IPv4Address, ip_address
from urllib.parse import urlsplit

from flask import request, session
from sqlalchemy.orm import Session

from service.models import User, UserSession
from service.models.session import reading, transaction
from service.usecases import sessions
from service.web.current import container, now

HOME = "/admin/"
TOKEN = "token"  # noqa: S105  # where it is kept, not what it is
# What programs call themselves, the more particular before those whose names they borrow.
BROWSERS = (
    *(("Edg", "Edge"), ("OPR/", "Opera"), ("SamsungBrowser", "Samsung Internet"), ("FxiOS", "Firefox")),
    *(("Firefox", "Firefox"), ("CriOS", "Chrome"), ("Chrome", "Chrome"), ("Safari", "Safari")),
)
SYSTEMS = (
    *(("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows")),
    *(("Mac OS", "Mac"), ("CrOS", "Chrome OS"), ("Linux", "Linux")),
)


def begin(database: Session, user: User, *, half: bool = False) -> None:
    """Begin a session of this user's that shares nothing with the one before, which ends, but the language."""
    before = session.get(TOKEN)
    end()
    where = {"device": _device(request.user_agent.string), "network": _network(request.remote_addr)}
    session[TOKEN] = sessions.begin(database, now(), user, **where, half=half, replaces=before)
    session.permanent = True


def end() -> None:
    """Forget the session but its language."""
    language = session.get("language")
    session.clear()
    if language:
        session["language"] = language


def resume(*, half: bool = False) -> UserSession | None:
    """Return the session of the cookie and note that it is in use; None when there is none or it has ended."""
    if TOKEN not in session:
        return None
    with reading(container().engine) as database:
        found = sessions.resume(database, now(), session[TOKEN], half=half)
    if found and now() - found.seen_at >= sessions.NOTED:
        with transaction(container().engine) as database:
            sessions.note_use(database, now(), found)
        session.modified = True  # the cookie lasts as long from now on
    return found


def safe_next(target: str | None) -> str:
    """Return where to go after sign-in: `target` when it is a page of the admin view, else the admin's first page."""
    if not target or "\\" in target or any(ord(letter) <= ord(" ") for letter in target):
        return HOME
    parts = urlsplit(target)
    return target if target.startswith(HOME) and not parts.scheme and not parts.netloc else HOME


def _device(program: str) -> str:
    named = (next((name for sign, name in known if sign in program), "") for known in (BROWSERS, SYSTEMS))
    return ", ".join(filter(None, named))


def _network(address: str | None) -> str:
    """Return the part of an address that tells a provider and no household."""
    try:
        known = ip_address(address or "")
    except ValueError:
        return ""
    if isinstance(known, IPv4Address):
        return ".".join([*str(known).split(".")[:2], "*", "*"])
    return ":".join([*known.exploded.split(":")[:2], "*"])
