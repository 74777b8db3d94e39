"""People who sign in to the admin view."""

from datetime import datetime

from sqlalchemy import String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from service.domain.roles import UserRole
from service.models.base import Base, Id, stored


class User(Base):
    """A coordinator, who dials from `phone`. `epoch` grows with each new password or sign-out everywhere."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(String(60), unique=True)
    role: Mapped[UserRole] = mapped_column(stored(UserRole))
    password_hash: Mapped[str] = mapped_column(String(200))
    password_once: Mapped[bool]
    epoch: Mapped[int] = mapped_column(default=0)
    failures: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None]
    phone: Mapped[str | None] = mapped_column(String(16), unique=True, index=True)
    created_at: Mapped[datetime]


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
