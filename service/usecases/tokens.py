"""Tokens of programs that use the API: made by an admin, shown once, good until they expire or are revoked."""

import secrets
from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import update
from sqlalchemy.orm import Session

from service.domain.errors import MoveError, NotFoundError
from service.domain.scopes import Scope
from service.domain.text import clean
from service.models.audit import record
from service.models.tokens import ApiToken, token_hashed
from service.security import hash_token

LONGEST_NAME = 60
PREFIX = "tiwizi_"  # tells who finds one what it is of
HINT = len(PREFIX) + 4
NOTED_EVERY = timedelta(minutes=1)
MOST_DAYS = 730


def make_token(
    session: Session, now: datetime, *, actor: str, name: str, scopes: Collection[Scope], days: int | None
) -> tuple[ApiToken, str]:
    """Return a new token's row and the token itself, which is shown once and kept nowhere; `days` None never expires.

    Raises ValueError without a name, without scopes, or for days that are not 1 to 730.
    """
    name = clean(name)
    if not 0 < len(name) <= LONGEST_NAME or not scopes:
        raise ValueError(f"a token needs a name of at most {LONGEST_NAME} characters, and a scope")
    if days is not None and not 1 <= days <= MOST_DAYS:
        raise ValueError(f"a token expires in 1 to {MOST_DAYS} days, or never")
    token = PREFIX + secrets.token_urlsafe(32)
    row = ApiToken(
        name=name,
        hash=hash_token(token),
        hint=token[:HINT],
        scopes=sorted(map(str, scopes)),
        made_by=actor,
        made_at=now,
        expires_at=now + timedelta(days=days) if days else None,
    )
    session.add(row)
    session.flush()
    record(session, now, actor, "token.made", f"token:{row.id}", name=name, scopes=row.scopes)
    return row, token


def revoke_token(session: Session, now: datetime, *, actor: str, token_id: int) -> ApiToken:
    """Let a token open nothing any more, from the next request on. Raises NotFoundError, MoveError when it does not."""
    row = session.get(ApiToken, token_id, with_for_update=True, populate_existing=True)
    if not row:
        raise NotFoundError
    if row.revoked_at:
        raise MoveError(before="revoked", after="revoked")
    row.revoked_at = now
    record(session, now, actor, "token.revoked", f"token:{row.id}", name=row.name)
    return row


def open_token(session: Session, now: datetime, given: str) -> ApiToken | None:
    """Return the row of a token that is good now. What is looked up is a hash: its time tells nothing of a token."""
    row = token_hashed(session, hash_token(given))
    return row if row and row.opens(now) else None


def use_is_old(token: ApiToken, now: datetime) -> bool:
    """Tell whether it is a minute ago that the token's use was noted."""
    return token.used_at is None or token.used_at <= now - NOTED_EVERY


def note_use(session: Session, now: datetime, token_id: int) -> None:
    """Note that a token is used, unless another request of this minute did."""
    old = ApiToken.used_at.is_(None) | (ApiToken.used_at <= now - NOTED_EVERY)
    session.execute(update(ApiToken).where(ApiToken.id == token_id, old).values(used_at=now))
