"""PINs, codes sent back and invitations: guessed at most five times, by however many at once."""

from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.domain.errors import LockedError, MoveError
from service.domain.phone import mask_phone
from service.messaging.once import add_once
from service.messaging.receivers import receiver
from service.models.audit import record
from service.models.officers import open_invitations
from service.models.secrets import Secret, SecretKind, WrongGuess

GUESSES = 5
LOCK = timedelta(hours=24)
# Someone who tries one guess on each of many phones: then no secret is compared until it is quiet again.
WRONG_OF_ALL, WINDOW = 60, timedelta(hours=1)


def has_pin(session: Session, phone: str) -> bool:
    """Tell whether the phone has chosen a PIN."""
    secret = session.get(Secret, (phone, SecretKind.PIN))
    return bool(secret and secret.hash)


def begin_guess(session: Session, now: datetime, phone: str, kind: SecretKind) -> str:
    """Count a guess before it is judged, and return the hash to compare it with. Commit before comparing.

    Counted first, fifty guesses at once are still five. Raises LockedError when no more may be made.
    """
    secret = _locked_row(session, phone, kind)
    if secret.locked_until and secret.locked_until <= now:
        secret.failures, secret.locked_until = 0, None
    if secret.locked_until or _breaker_open(session, now, kind):
        raise LockedError
    secret.failures += 1
    if secret.failures >= GUESSES:
        secret.locked_until = now + LOCK
    return secret.hash


def settle_guess(session: Session, now: datetime, phone: str, kind: SecretKind, *, right: bool) -> None:
    """Note how a guess that was begun ended; a right one opens what its own count had locked."""
    secret = _locked_row(session, phone, kind)
    if right:
        secret.failures, secret.locked_until = 0, None
        return
    # Who was not invited has nothing to guess: counted, a few strangers would close the invitations of all.
    if kind is not SecretKind.INVITATION or open_invitations(session, now, phone):
        session.add(WrongGuess(kind=kind, at=now))
    if secret.locked_until:
        who = f"phone:{mask_phone(phone)}"
        record(session, now, who, f"{kind}.locked", who)


def set_pin(session: Session, now: datetime, phone: str, hashed: str, *, first: bool = False) -> None:
    """Give the phone a PIN (`service.security.hash_pin`); a `first` one replaces none.

    Raises MoveError when a first one was chosen meanwhile: only who knows it replaces it.
    """
    secret = _locked_row(session, phone, SecretKind.PIN)
    if first and secret.hash:
        raise MoveError(before=SecretKind.PIN, after=SecretKind.PIN)
    secret.hash, secret.failures, secret.locked_until = hashed, 0, None
    who = f"phone:{mask_phone(phone)}"
    record(session, now, who, "pin.set", who)


def clear_pin(session: Session, phone: str) -> None:
    """Forget the phone's PIN and what was guessed: a new one is chosen when it is next needed."""
    secret = _locked_row(session, phone, SecretKind.PIN)
    secret.hash, secret.failures, secret.locked_until = "", 0, None


def _breaker_open(session: Session, now: datetime, kind: SecretKind) -> bool:
    # By kind: strangers who try invitations close nobody's PIN.
    recent = WrongGuess.kind == kind, WrongGuess.at > now - WINDOW
    wrong = select(func.count()).select_from(WrongGuess).where(*recent)
    return (session.scalar(wrong) or 0) >= WRONG_OF_ALL


def _locked_row(session: Session, phone: str, kind: SecretKind) -> Secret:
    receiver(session, phone)
    add_once(session, Secret, unique=("phone", "kind"), phone=phone, kind=kind, hash="", failures=0)
    return session.get_one(Secret, (phone, kind), with_for_update=True, populate_existing=True)
