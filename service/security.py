"""Passwords, tokens and keyed hashes."""

import base64
import hashlib
import hmac
import secrets
from datetime import datetime
from functools import cache

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from pyotp.utils import strings_equal

_HASHER = PasswordHasher()  # argon2id with the library's current parameters (RFC 9106, low memory profile)


def hash_password(password: str) -> str:
    """Return an argon2id hash."""
    return _HASHER.hash(password)


def password_fits(hashed: str | None, password: str) -> bool:
    """Tell whether the password is the right one; takes as long when there is nobody to compare with."""
    try:
        return _HASHER.verify(hashed or _nobody(), password) and bool(hashed)
    except (VerificationError, InvalidHashError):
        return False


@cache
def _nobody() -> str:
    return _HASHER.hash("nobody")


def hash_pin(pepper: str, phone: str, pin: str) -> str:
    """Return an argon2id hash of a phone's PIN; the pepper is not in the database, so that it alone betrays none."""
    return _HASHER.hash(keyed_hash(pepper, "pin", phone, pin))


def pin_fits(hashed: str, pepper: str, phone: str, pin: str) -> bool:
    """Tell whether the PIN is the phone's."""
    return password_fits(hashed, keyed_hash(pepper, "pin", phone, pin))


def code_of(secret: str, phone: str, nonce: str) -> str:
    """Return the six digits that a phone is sent to prove that it is its own; the nonce is used once."""
    return f"{int.from_bytes(keyed_hash(secret, 'code', phone, nonce).encode()) % 1_000_000:06}"


def new_password() -> str:
    """Return a one-time password that a person can copy from a screen: 80 bits in four groups."""
    letters = base64.b32encode(secrets.token_bytes(10)).decode().lower()
    return "-".join(letters[start : start + 4] for start in range(0, 16, 4))


def keyed_hash(key: str, *parts: str) -> str:
    """Return a short (192 bits) keyed hash of the parts; no other parts, however cut, give the same."""
    secret = key.encode()
    if len(secret) > hashlib.blake2b.MAX_KEY_SIZE:
        secret = hashlib.blake2b(secret).digest()
    encoded = [part.encode("utf-8", "surrogatepass") for part in parts]
    framed = b"".join([len(part).to_bytes(8, "big") + part for part in encoded])
    return base64.urlsafe_b64encode(hashlib.blake2b(framed, key=secret, digest_size=24).digest()).decode()


def token_fits(tokens: tuple[str, ...], given: str) -> bool:
    """Tell whether `given` is one of the tokens, comparing with each in constant time."""
    fits = [hmac.compare_digest(token.encode(), given.encode("utf-8", "surrogatepass")) for token in tokens]
    return any(fits)


def new_token() -> str:
    """Return 256 random bits for a cookie or a link."""
    return secrets.token_urlsafe(32)


def hash_token(token: str) -> str:
    """Return what is kept of a token; one that cannot be guessed needs no key and no slow hash."""
    return keyed_hash("token", token)


def factor_key(secret: str, nonce: str) -> str:
    """Return the key (160 bits, base32) of a person's authenticator; the database has the nonce alone."""
    digest = base64.urlsafe_b64decode(keyed_hash(secret, "second factor", nonce))
    return base64.b32encode(digest[:20]).decode()


def factor_counter(key: str, code: str, at: datetime) -> int | None:
    """Return the 30 seconds (RFC 6238, counted from 1970) whose code this is, now or one before or after; else None."""
    totp = pyotp.TOTP(key)
    this = totp.timecode(at)
    fits = [counter for counter in (this - 1, this, this + 1) if strings_equal(totp.generate_otp(counter), code)]
    return fits[-1] if fits else None


def new_recovery_codes() -> list[str]:
    """Return ten codes of 50 bits that a person keeps on paper."""
    letters = [base64.b32encode(secrets.token_bytes(7)).decode().lower() for _ in range(10)]
    return [f"{one[:5]}-{one[5:10]}" for one in letters]
