"""People who sign in to the admin view."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from service.domain.roles import UserRole
from service.models.base import Base, Id, stored


class User(Base):
    """A coordinator. `epoch` grows with each new password or sign-out everywhere, and ends older sessions."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(String(60), unique=True)
    role: Mapped[UserRole] = mapped_column(stored(UserRole))
    password_hash: Mapped[str] = mapped_column(String(200))
    password_once: Mapped[bool]
    epoch: Mapped[int] = mapped_column(default=0)
    failures: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None]
    created_at: Mapped[datetime]
