"""What a view needs to know of the moment: the container, the time, the person, the language."""

from datetime import datetime

from flask import current_app, g, request, session

from service.container import Container
from service.domain.roles import UserRole
from service.locales import DEFAULT_LANGUAGE, Language, Speaker, speaker
from service.models import User, UserSession

EXTENSION = "tiwizi"
NO_BREAK = "\u00a0"


def container() -> Container:
    """Return what the running service holds."""
    held = current_app.extensions[EXTENSION]
    assert isinstance(held, Container)  # noqa: S101  # tells the type checker what create_app put there
    return held


def now() -> datetime:
    """Return this moment by the container's clock, aware, in UTC."""
    return container().clock()


def user() -> User | None:
    """Return who is signed in; the guard in service.web.guard looked."""
    known: User | None = g.get("user")
    return known


def signed_in() -> User:
    """Return who is signed in, in a view whose access demands someone."""
    known = user()
    assert known is not None  # noqa: S101  # the guard let nobody else in; tells the type checker so
    return known


def session_now() -> UserSession:
    """Return the session of who is signed in, in a view whose access demands someone."""
    known: UserSession = g.session
    return known


def must_have_factor(user: User) -> bool:
    """Tell whether this person does nothing before they have a second factor."""
    return user.role is UserRole.ADMIN and not user.has_factor and container().settings.admins_need_factor


def language() -> Language:
    """Return the page's language: `?lang=`, which the session remembers, else the session's, the browser's, French."""
    # Asked for by each text of a page.
    if "language" not in g:
        g.language = _language()
    known: Language = g.language
    return known


def _language() -> Language:
    asked = request.args.get("lang", "")
    # Only what is new is written: an answer that changes a session is nobody else's.
    if asked in set(Language) and session.get("language") != asked:
        session["language"] = asked
    kept = session.get("language") or request.accept_languages.best_match([str(one) for one in Language])
    return Language(kept) if kept in set(Language) else DEFAULT_LANGUAGE


def voice() -> Speaker:
    """Return the voice of the page's language; it lets no line break within a number."""
    # Kept for the request: a list asks for it a thousand times.
    known: Speaker | None = g.get("voice")
    if known is None:
        known = g.voice = speaker(language(), NO_BREAK)
    return known
