"""People of the admin view: made, signed in, given new passwords. Every change is audited."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.domain.errors import NotAllowedError, NotFoundError, TiwiziError
from service.domain.phone import parse_phone
from service.domain.roles import UserRole
from service.domain.text import clean
from service.models.associations import active_officer
from service.models.audit import record
from service.models.diaspora import active_contact
from service.models.users import User, user_at
from service.security import hash_password, new_password, password_fits
from service.usecases.phones import know_phone
from service.usecases.pins import clear_pin, has_pin
from service.usecases.sessions import drop_sessions

SHORTEST_PASSWORD = 12  # characters
LONGEST_PASSWORD = 200  # characters; argon2 would patiently hash a book
LONGEST_NAME = 60
FAILURES_ALLOWED = 5
LOCK = timedelta(minutes=15)


class NameTakenError(TiwiziError):
    """Another user has this name; `name` is in the values."""

    key = "error.name_taken"
    status = 409


class NameNeededError(TiwiziError):
    """A name has at least a letter, and at most `longest`."""

    key = "error.name_needed"
    status = 400


class PhoneTakenError(TiwiziError):
    """Another user dials from this phone, or it speaks for an association and would be shown that one's menu."""

    key = "error.phone_taken"
    status = 409


class WeakPasswordError(TiwiziError):
    """The new password is too short, too long, the user's name or the one before; `shortest` (characters) says more."""

    key = "error.weak_password"
    status = 400


def create_user(session: Session, now: datetime, *, name: str, role: UserRole) -> tuple[User, str]:
    """Return a new user and the one-time password, which is shown once and kept nowhere.

    Raises NameTakenError or NameNeededError.
    """
    user, password = new_user(session, now, name=name, role=role), new_password()
    user.password_hash, user.password_once = hash_password(password), True
    record(session, now, "operator", "user.created", user.subject, role=role)
    return user, password


def new_user(session: Session, now: datetime, *, name: str, role: UserRole) -> User:
    """Return a new user who has no way to come in yet.

    Raises NameTakenError or NameNeededError.
    """
    name = clean(name)
    if not 0 < len(name) <= LONGEST_NAME:
        raise NameNeededError(longest=LONGEST_NAME)
    if find_user(session, name):
        raise NameTakenError(name=name)
    user = User(name=name, role=role, password_hash="", password_once=False, created_at=now)
    session.add(user)
    session.flush()
    return user


def find_user(session: Session, name: str) -> User | None:
    """Return the user of that name."""
    return session.scalar(select(User).where(User.name == clean(name)))


def set_phone(session: Session, now: datetime, *, name: str, number: str | None, actor: str = "operator") -> User:
    """Let a user dial from a phone; national numbers are Moroccan, None is no phone any more.

    A PIN of that phone is forgotten: whoever dials first chooses another. So this also helps who forgot theirs.
    Raises NotFoundError for a name that nobody has, NotAllowedError for who is blocked, PhoneTakenError, or ValueError
    for what is no number.
    """
    user = find_user(session, name)
    if user is None:
        raise NotFoundError
    if user.blocked_at:
        raise NotAllowedError
    phone = parse_phone(number) if number is not None else None
    if phone is not None:
        holder = user_at(session, phone)
        if (holder and holder is not user) or active_officer(session, phone) or active_contact(session, phone):
            raise PhoneTakenError
        if has_pin(session, phone):
            clear_pin(session, phone)
        known = know_phone(session, now, phone)
        # Whoever gave the number vouches for it.
        known.doubted_at, known.vouched_at = None, now
    user.phone = phone
    record(session, now, actor, "user.phone_set" if phone else "user.phone_removed", user.subject)
    return user


def check_password(session: Session, now: datetime, *, name: str, proven: str | None) -> User | None:
    """Return the user whose password was right, or None; count the failure, and lock for 15 minutes at the fifth.

    `proven` is the stored hash that the given password was found to fit, None when it fitted none: hashing is slow, so
    it is done before the transaction, and what counts is decided here, one attempt after the other. While the lock
    holds, the right password does not open, and attempts neither count nor lengthen it. Who has a second factor is
    forgiven nothing for the first one: else every right password would allow four more guesses at a code.
    """
    user = session.scalar(select(User).where(User.name == clean(name)).with_for_update())
    if user is None or shut(user, now):
        return None
    if not proven or user.password_hash != proven:
        count_failure(session, now, user)
        return None
    if not user.has_factor:
        user.failures, user.locked_until = 0, None
    return user


def check_sign_in(session: Session, now: datetime, *, name: str, proven: str | None) -> User | None:
    """Return who knows their password, as `check_password`; who has a second factor is not in yet."""
    user = check_password(session, now, name=name, proven=proven)
    if user and not user.has_factor:
        note_sign_in(session, now, user)
    return user


def note_sign_in(session: Session, now: datetime, user: User, **how: Any) -> None:
    """Write down that the user came in, all of whose proofs were right."""
    user.failures, user.locked_until, user.signed_in_at = 0, None, now
    record(session, now, user.subject, "user.signed_in", user.subject, **how)


def change_password(session: Session, now: datetime, *, user_id: int, password: str) -> User:
    """Give a user a password of their own; sessions begun before it end.

    Raises WeakPasswordError or NotFoundError.
    """
    user = known_user(session, user_id)
    take_password(session, user, password)
    record(session, now, user.subject, "user.password_changed", user.subject)
    return user


def take_password(session: Session, user: User, password: str) -> None:
    """Keep a password that the user chose, and end their sessions.

    Raises WeakPasswordError.
    """
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD or _guessable(user, password):
        raise WeakPasswordError(shortest=SHORTEST_PASSWORD)
    user.password_hash, user.password_once = hash_password(password), False
    user.link_hash = user.link_until = None
    drop_sessions(session, user.id)


def give_password(session: Session, now: datetime, *, name: str) -> tuple[User, str]:
    """Return a user, let in again, and a new one-time password, for who forgot theirs: an operator's help.

    Raises NotFoundError.
    """
    user = find_user(session, name)
    if user is None:
        raise NotFoundError
    password = new_password()
    user.password_hash, user.password_once = hash_password(password), True
    user.failures, user.locked_until, user.blocked_at = 0, None, None
    drop_sessions(session, user.id)
    record(session, now, "operator", "user.password_given", user.subject)
    return user, password


def count_failure(session: Session, now: datetime, user: User) -> None:
    """Count a wrong password or code, whichever; the fifth locks."""
    user.failures += 1
    record(session, now, "visitor", "user.sign_in_failed", user.subject)
    if user.failures >= FAILURES_ALLOWED:
        user.failures, user.locked_until = 0, now + LOCK
        record(session, now, "visitor", "user.locked", user.subject)


def shut(user: User, now: datetime) -> bool:
    """Tell whether nothing opens for this user: locked for a while, or blocked."""
    return user.blocked_at is not None or (user.locked_until is not None and now < user.locked_until)


def known_user(session: Session, user_id: int) -> User:
    """Return the user, held until the transaction ends.

    Raises NotFoundError.
    """
    user = session.get(User, user_id, with_for_update=True, populate_existing=True)
    if user is None:
        raise NotFoundError
    return user


def _guessable(user: User, password: str) -> bool:
    return password.casefold() == user.name.casefold() or password_fits(user.password_hash, password)
