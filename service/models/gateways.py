"""What all processes know together of each gateway."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from service.models.base import Base, Id

ALL = "*"


class GatewayState(Base):
    """A gateway's token bucket (`tokens` in thousandths), its health (`weight`, 0 to 100), and when it was last heard.

    `stopped_at` is the switch by hand; that of the row `*` stops all. `warned_at` is when its silence was told of.
    `balance` is the credit of its account, in ten-thousandths of its currency, as it was last seen, at `balance_at`.
    """

    __tablename__ = "gateway_states"

    name: Mapped[str] = mapped_column(String(20), primary_key=True)
    tokens: Mapped[int] = mapped_column(default=0)
    tokens_at: Mapped[datetime | None]
    weight: Mapped[int] = mapped_column(default=100)
    weighed_at: Mapped[datetime | None]
    heard_at: Mapped[datetime | None]
    warned_at: Mapped[datetime | None]
    stopped_at: Mapped[datetime | None]
    stopped_by: Mapped[str] = mapped_column(String(60), default="")
    balance: Mapped[int | None] = mapped_column(Id)
    balance_currency: Mapped[str | None] = mapped_column(String(3))
    balance_at: Mapped[datetime | None]
