"""Programs that use the API: their tokens, and the answers they may ask for again."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, Text, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from service.domain.scopes import Scope
from service.models.base import Base, Id


class ApiToken(Base):
    """A program's token: only its hash is kept, and its first letters to tell it from others.

    `made_by` is an actor, `user:3`. `used_at` is noted once a minute at most.
    """

    __tablename__ = "api_tokens"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(String(60))
    hash: Mapped[str] = mapped_column(String(64), unique=True)
    hint: Mapped[str] = mapped_column(String(12))
    scopes: Mapped[list[Any]]
    made_by: Mapped[str] = mapped_column(String(60))
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]

    def may(self, scope: Scope) -> bool:
        """Tell whether the token has a scope."""
        return scope in self.scopes

    def opens(self, now: datetime) -> bool:
        """Tell whether the token is good for anything still."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


class ApiAnswer(Base):
    """What a write was answered, kept under the key its program gave it; `asked` is a hash of all it asked for."""

    __tablename__ = "api_answers"

    token_id: Mapped[int] = mapped_column(ForeignKey("api_tokens.id"), primary_key=True)
    key: Mapped[str] = mapped_column(String(100), primary_key=True)
    asked: Mapped[str] = mapped_column(String(64))
    status: Mapped[int] = mapped_column(default=0)
    headers: Mapped[dict[str, Any]]
    body: Mapped[str] = mapped_column(Text, default="")
    at: Mapped[datetime] = mapped_column(index=True)


def token_hashed(session: Session, hashed: str) -> ApiToken | None:
    """Return the token of a hash."""
    return session.scalar(select(ApiToken).where(ApiToken.hash == hashed))


def all_tokens(session: Session) -> list[ApiToken]:
    """Return all tokens, those in use first, then the newest."""
    order = (ApiToken.revoked_at.is_not(None), ApiToken.id.desc())
    return list(session.scalars(select(ApiToken).order_by(*order)))
