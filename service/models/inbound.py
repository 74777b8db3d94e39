"""Raw events from gateways, each handled once."""

from datetime import datetime
from typing import Any

from sqlalchemy import String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from service.models.base import Base, Id


class InboundEvent(Base):
    """What a gateway told us, under the gateway's own id: its repetition changes nothing. Secrets are never in `payload`."""

    __tablename__ = "inbound_events"
    __table_args__ = (UniqueConstraint("gateway", "kind", "external_id"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    gateway: Mapped[str] = mapped_column(String(20))
    kind: Mapped[str] = mapped_column(String(20))
    external_id: Mapped[str] = mapped_column(String(120))
    phone: Mapped[str] = mapped_column(String(16), index=True)
    payload: Mapped[dict[str, Any]]
    received_at: Mapped[datetime]
