"""Programs that are told of events: where, of which, and each telling on its way."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from service.domain.events import DeliveryState
from service.models.base import Base, Id, stored

LONGEST_URL = 400


class Webhook(Base):
    """A subscription. Its secret is drawn from the service's key and `nonce`, so the database alone betrays none."""

    __tablename__ = "webhooks"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    url: Mapped[str] = mapped_column(String(LONGEST_URL))
    nonce: Mapped[str] = mapped_column(String(32))
    made_by: Mapped[str] = mapped_column(String(60))
    made_at: Mapped[datetime]
    stopped_at: Mapped[datetime | None]

    topics: Mapped[list["WebhookTopic"]] = relationship(order_by="WebhookTopic.event", lazy="selectin")


class WebhookTopic(Base):
    """One event that a subscription is told of."""

    __tablename__ = "webhook_topics"

    webhook_id: Mapped[int] = mapped_column(ForeignKey("webhooks.id"), primary_key=True)
    event: Mapped[str] = mapped_column(String(40), primary_key=True)


class Delivery(Base):
    """An event on its way to one subscription; `event_id` stays the same however often it is sent.

    `subject` is the audit trail's, `need:12`; `outcome` is what came of the last attempt.
    """

    __tablename__ = "webhook_deliveries"
    __table_args__ = (UniqueConstraint("webhook_id", "event_id"), Index(None, "state", "next_at"))

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    webhook_id: Mapped[int] = mapped_column(ForeignKey("webhooks.id"))
    event_id: Mapped[str] = mapped_column(String(40))
    event: Mapped[str] = mapped_column(String(40))
    subject: Mapped[str] = mapped_column(String(60))
    at: Mapped[datetime]
    state: Mapped[DeliveryState] = mapped_column(stored(DeliveryState))
    attempts: Mapped[int] = mapped_column(default=0)
    next_at: Mapped[datetime]
    lease_until: Mapped[datetime | None]
    outcome: Mapped[str] = mapped_column(String(200), default="")
    ended_at: Mapped[datetime | None]

    webhook: Mapped[Webhook] = relationship(lazy="joined", innerjoin=True)


def open_webhooks(session: Session) -> list[Webhook]:
    """Return the subscriptions that are told of events, the newest first."""
    return list(session.scalars(select(Webhook).where(Webhook.stopped_at.is_(None)).order_by(Webhook.id.desc())))


def dead_deliveries(session: Session, limit: int) -> list[Delivery]:
    """Return what open subscriptions did not take, the newest first."""
    found = select(Delivery).join(Delivery.webhook).where(Delivery.state == DeliveryState.DEAD)
    return list(session.scalars(found.where(Webhook.stopped_at.is_(None)).order_by(Delivery.id.desc()).limit(limit)))
