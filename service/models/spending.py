"""What was reserved for messages, day by day."""

from datetime import date

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from service.models.base import Base, Id


class Spending(Base):
    """The sum of a UTC day for one scope (`all`, `country:FR`, `phone:+33…`, `village:7`), in thousandths."""

    __tablename__ = "spending"

    day: Mapped[date] = mapped_column(primary_key=True)
    scope: Mapped[str] = mapped_column(String(40), primary_key=True)
    amount: Mapped[int] = mapped_column(Id, default=0)
