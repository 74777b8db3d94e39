"""People who sign in to the admin view, and the sessions they have there."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, ForeignKey, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from service.domain.roles import UserRole
from service.models.base import Base, Id, stored


class User(Base):
    """A coordinator, who dials from `phone`.

    Who was invited has no password (`""`) but a link, of which a hash is kept. Who is blocked has no phone, no way in.
    With a second factor there is the nonce that its key is derived from, the last counter that was used
    (service.security), and hashes of the recovery codes that are left.
    """

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(String(60), unique=True)
    role: Mapped[UserRole] = mapped_column(stored(UserRole))
    password_hash: Mapped[str] = mapped_column(String(200))
    password_once: Mapped[bool]
    failures: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None]
    blocked_at: Mapped[datetime | None]
    phone: Mapped[str | None] = mapped_column(String(16), unique=True, index=True)
    factor_nonce: Mapped[str] = mapped_column(String(32), default="")
    factor_counter: Mapped[int] = mapped_column(default=0)
    recovery_hashes: Mapped[list[Any]] = mapped_column(default=list)
    link_hash: Mapped[str | None] = mapped_column(String(32), unique=True, index=True)
    link_until: Mapped[datetime | None]
    created_at: Mapped[datetime]
    signed_in_at: Mapped[datetime | None]

    @property
    def subject(self) -> str:
        """Who this is in the audit."""
        return f"user:{self.id}"

    @property
    def has_factor(self) -> bool:
        """Whether a password alone does not open."""
        return bool(self.factor_nonce)


class UserSession(Base):
    """A browser that someone is signed in with; `half` while only the password is known and the code is asked for.

    Of its address only the network is kept, of its program only what it calls itself.
    """

    __tablename__ = "user_sessions"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    token_hash: Mapped[str] = mapped_column(String(32), unique=True, index=True)
    half: Mapped[bool]
    began_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    device: Mapped[str] = mapped_column(String(60))
    network: Mapped[str] = mapped_column(String(45))
    user: Mapped[User] = relationship(lazy="joined", innerjoin=True)


def comes_in() -> ColumnElement[bool]:
    """Tell who has a way in: not who is blocked, nor who was invited and has not come yet."""
    return User.blocked_at.is_(None) & (User.password_hash != "")


def user_at(session: Session, phone: str) -> User | None:
    """Return the user who dials from this phone."""
    return session.scalar(select(User).where(User.phone == phone))


def dialling_users(session: Session) -> list[User]:
    """Return the users who have a phone, the oldest first."""
    return list(session.scalars(select(User).where(User.phone.is_not(None)).order_by(User.id)))


def coordinator_phones(session: Session) -> list[str]:
    """Return the numbers of those who coordinate and can be written to."""
    found = select(User).where(User.phone.is_not(None)).order_by(User.id)
    return [user.phone for user in session.scalars(found) if user.phone and user.role.includes(UserRole.COORDINATOR)]
