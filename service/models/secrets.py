"""What a person proves themselves with: hashes only, and how often it was guessed wrong."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from service.models.base import Base, Id, stored


class SecretKind(StrEnum):
    """A PIN is chosen and kept; a code is sent, typed back and gone, so it has no hash."""

    PIN = "pin"
    CODE = "code"
    INVITATION = "invitation"


class Secret(Base):
    """A phone's secret of one kind. `failures` are guesses begun since one was right."""

    __tablename__ = "secrets"

    phone: Mapped[str] = mapped_column(ForeignKey("phones.number"), primary_key=True)
    kind: Mapped[SecretKind] = mapped_column(stored(SecretKind), primary_key=True)
    hash: Mapped[str] = mapped_column(String(200), default="")
    failures: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None]


class WrongGuess(Base):
    """A guess at a secret of one kind that was wrong, of whatever phone: many mean that someone tries them all."""

    __tablename__ = "wrong_guesses"
    __table_args__ = (Index(None, "kind", "at"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    kind: Mapped[SecretKind] = mapped_column(stored(SecretKind))
    at: Mapped[datetime]
