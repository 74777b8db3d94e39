"""People of the admin view: made, signed in, given new passwords. Every change is audited."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.domain.errors import NotFoundError, TiwiziError
from service.domain.phone import parse_phone
from service.domain.roles import UserRole
from service.domain.text import clean
from service.models.associations import active_officer
from service.models.audit import record
from service.models.diaspora import active_contact
from service.models.users import User, user_at
from service.security import hash_password, new_password, password_fits
from service.usecases.pins import clear_pin, has_pin

SHORTEST_PASSWORD = 12  # characters
LONGEST_PASSWORD = 200  # characters; argon2 would patiently hash a book
FAILURES_ALLOWED = 5
LOCK = timedelta(minutes=15)


class NameTakenError(TiwiziError):
    """Another user has this name; `name` is in the values."""

    key = "error.name_taken"
    status = 409


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

    Raises NameTakenError.
    """
    name = clean(name)
    if find_user(session, name):
        raise NameTakenError(name=name)
    password = new_password()
    user = User(
        name=name,
        role=role,
        password_hash=hash_password(password),
        password_once=True,
        locked_until=None,
        created_at=now,
    )
    session.add(user)
    session.flush()
    record(session, now, "operator", "user.created", _subject(user), role=role)
    return user, password


def find_user(session: Session, name: str) -> User | None:
    """Return the user of that name."""
    return session.scalar(select(User).where(User.name == clean(name)))


def set_phone(session: Session, now: datetime, *, name: str, number: str | None) -> User:
    """Let a user dial from a phone; national numbers are Moroccan, None is no phone any more.

    A PIN of that phone is forgotten: whoever dials first chooses another. So this also helps who forgot theirs.
    Raises NotFoundError for a name that nobody has, PhoneTakenError, or ValueError for what is no number.
    """
    user = find_user(session, name)
    if user is None:
        raise NotFoundError
    phone = parse_phone(number) if number is not None else None
    if phone is not None:
        holder = user_at(session, phone)
        if (holder and holder is not user) or active_officer(session, phone) or active_contact(session, phone):
            raise PhoneTakenError
        if has_pin(session, phone):
            clear_pin(session, phone)
    user.phone = phone
    record(session, now, "operator", "user.phone_set" if phone else "user.phone_removed", _subject(user))
    return user


def check_sign_in(session: Session, now: datetime, *, name: str, proven: str | None) -> User | None:
    """Return the user who may come in, or None; count the failure, and lock for 15 minutes at the fifth.

    `proven` is the stored hash that the given password was found to fit, None when it fitted none: hashing is slow, so
    it is done before the transaction, and what counts is decided here, one attempt after the other. While the lock
    holds, the right password does not open, and attempts neither count nor lengthen it.
    """
    user = session.scalar(select(User).where(User.name == clean(name)).with_for_update())
    if user is None or _locked(user, now):
        return None
    if proven is None or user.password_hash != proven:
        _count_failure(session, now, user)
        return None
    user.failures, user.locked_until = 0, None
    record(session, now, _subject(user), "user.signed_in", _subject(user))
    return user


def change_password(session: Session, now: datetime, *, user_id: int, password: str) -> User:
    """Give a user a password of their own; sessions begun before it end.

    Raises WeakPasswordError or NotFoundError.
    """
    user = _user(session, user_id)
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD or _guessable(user, password):
        raise WeakPasswordError(shortest=SHORTEST_PASSWORD)
    user.password_hash, user.password_once = hash_password(password), False
    user.epoch += 1
    record(session, now, _subject(user), "user.password_changed", _subject(user))
    return user


def sign_out(session: Session, now: datetime, *, user_id: int) -> None:
    """End every session of the user: a copied cookie is worth nothing afterwards.

    Raises NotFoundError.
    """
    user = _user(session, user_id)
    user.epoch += 1
    record(session, now, _subject(user), "user.signed_out", _subject(user))


def _guessable(user: User, password: str) -> bool:
    return password.casefold() == user.name.casefold() or password_fits(user.password_hash, password)


def _count_failure(session: Session, now: datetime, user: User) -> None:
    user.failures += 1
    record(session, now, "visitor", "user.sign_in_failed", _subject(user))
    if user.failures >= FAILURES_ALLOWED:
        user.failures, user.locked_until = 0, now + LOCK
        record(session, now, "visitor", "user.locked", _subject(user))


def _locked(user: User, now: datetime) -> bool:
    return user.locked_until is not None and now < user.locked_until


def _user(session: Session, user_id: int) -> User:
    user = session.get(User, user_id)
    if user is None:
        raise NotFoundError
    return user


def _subject(user: User) -> str:
    return f"user:{user.id}"
