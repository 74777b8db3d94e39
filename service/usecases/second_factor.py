"""A second factor: a code of six digits that changes every 30 seconds (RFC 6238), or a recovery code kept on paper."""

import unicodedata
from datetime import datetime
from secrets import token_urlsafe

from sqlalchemy.orm import Session

from service.domain.errors import TiwiziError
from service.models.audit import record
from service.models.users import User
from service.security import factor_counter, factor_key, keyed_hash, new_recovery_codes
from service.usecases.sessions import drop_sessions
from service.usecases.users import count_failure, known_user, note_sign_in, shut


class WrongCodeError(TiwiziError):
    """The code is not the one that the authenticator shows now, or it was used before."""

    key = "error.wrong_code"
    status = 400


class NoFactorError(TiwiziError):
    """There is no second factor, or there is one already."""

    key = "error.no_factor"
    status = 409


def new_nonce() -> str:
    """Return what the key of an authenticator to be is derived from."""
    return token_urlsafe(18)


def turn_on(session: Session, now: datetime, secret: str, *, user_id: int, nonce: str, code: str) -> list[str]:
    """Ask for a code at each sign-in from now on; return the recovery codes, which are shown once.

    The code proves that the authenticator has the key of `nonce`. Sessions begun before end.
    Raises WrongCodeError, NoFactorError when there is one already, or NotFoundError.
    """
    user = known_user(session, user_id)
    if user.has_factor:
        raise NoFactorError
    counter = factor_counter(factor_key(secret, nonce), plain(code), now)
    if counter is None:
        raise WrongCodeError
    user.factor_nonce, user.factor_counter = nonce, counter
    drop_sessions(session, user.id)
    record(session, now, user.subject, "user.factor_on", user.subject)
    return _give_codes(user, secret)


def turn_off(session: Session, now: datetime, *, actor: str, user_id: int) -> User:
    """Let the password alone open again, be it that the person wants so or lost the telephone; sessions end.

    Raises NoFactorError or NotFoundError.
    """
    user = known_user(session, user_id)
    if not user.has_factor:
        raise NoFactorError
    user.factor_nonce, user.factor_counter, user.recovery_hashes = "", 0, []
    drop_sessions(session, user.id)
    record(session, now, actor, "user.factor_off", user.subject)
    return user


def renew_codes(session: Session, now: datetime, secret: str, *, user_id: int) -> list[str]:
    """Return new recovery codes, shown once; the ones before open nothing any more.

    Raises NoFactorError or NotFoundError.
    """
    user = known_user(session, user_id)
    if not user.has_factor:
        raise NoFactorError
    record(session, now, user.subject, "user.codes_renewed", user.subject)
    return _give_codes(user, secret)


def check_code(session: Session, now: datetime, secret: str, *, user_id: int, code: str) -> User | None:
    """Return the user, now signed in, when the code is right and was never used; or None, and count the failure.

    Failures count and lock as those of passwords do, together with them.
    """
    user = known_user(session, user_id)
    if shut(user, now) or not user.has_factor:
        return None
    how = _used(user, plain(code), secret, now)
    if how is None:
        count_failure(session, now, user)
        return None
    note_sign_in(session, now, user, how=how, codes_left=len(user.recovery_hashes))
    return user


def plain(code: str) -> str:
    """Return a code as it was made, whatever digits, spaces, dashes and capitals it was typed with."""
    digits = (str(unicodedata.decimal(one, one)) for one in code)
    return "".join(one for one in digits if one.isalnum()).lower()


def _used(user: User, code: str, secret: str, now: datetime) -> str | None:
    counter = factor_counter(factor_key(secret, user.factor_nonce), code, now)
    if counter is not None and counter > user.factor_counter:
        user.factor_counter = counter
        return "code"
    hashed = _hash(secret, user, code)
    if hashed not in user.recovery_hashes:
        return None
    user.recovery_hashes = [one for one in user.recovery_hashes if one != hashed]
    return "recovery"


def _give_codes(user: User, secret: str) -> list[str]:
    codes = new_recovery_codes()
    user.recovery_hashes = [_hash(secret, user, plain(code)) for code in codes]
    return codes


def _hash(secret: str, user: User, code: str) -> str:
    return keyed_hash(secret, "recovery", user.factor_nonce, code)
