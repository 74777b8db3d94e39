"""Programs that are told of events: subscribed, stopped, and told again what they did not take."""

import secrets
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from service.domain.errors import MoveError, NotFoundError
from service.domain.events import DeliveryState, Event
from service.gateways.webhook import address_of
from service.models.audit import record
from service.models.webhooks import LONGEST_URL, Delivery, Webhook, WebhookTopic

WAITS = (DeliveryState.QUEUED, DeliveryState.ATTEMPTING, DeliveryState.DEAD)


def subscribe(
    session: Session, now: datetime, *, actor: str, url: str, events: Collection[Event], loopback: bool = False
) -> Webhook:
    """Tell a program of these events from now on, at an address outside; `loopback` allows this machine, for tests.

    Raises ValueError for an address that is not https on a public host, and without an event.
    """
    if len(url) > LONGEST_URL:
        raise ValueError(f"an address has at most {LONGEST_URL} characters")
    address_of(url, loopback=loopback)
    if not events:
        raise ValueError("a webhook needs an event")
    webhook = Webhook(url=url, nonce=secrets.token_hex(16), made_by=actor, made_at=now)
    webhook.topics = [WebhookTopic(event=event.value) for event in sorted(set(events))]
    session.add(webhook)
    session.flush()
    said = {"url": url, "events": [topic.event for topic in webhook.topics]}
    record(session, now, actor, "webhook.made", f"webhook:{webhook.id}", **said)
    return webhook


def unsubscribe(session: Session, now: datetime, *, actor: str, webhook_id: int) -> None:
    """Tell a program of nothing any more, also of what waits. Raises NotFoundError when it is told of nothing."""
    webhook = _open(session, webhook_id)
    webhook.stopped_at = now
    waiting = update(Delivery).where(Delivery.webhook_id == webhook_id, Delivery.state.in_(WAITS))
    session.execute(waiting.values(state=DeliveryState.CANCELLED, ended_at=now))
    record(session, now, actor, "webhook.stopped", f"webhook:{webhook_id}")


def replay(session: Session, now: datetime, *, actor: str, webhook_id: int, delivery_id: int) -> Delivery:
    """Send a dead delivery again, for another day. Raises NotFoundError, MoveError when it is not dead."""
    _open(session, webhook_id)
    lock = {"of": Delivery}
    delivery = session.get(Delivery, delivery_id, with_for_update=lock, populate_existing=True)
    if not delivery or delivery.webhook_id != webhook_id:
        raise NotFoundError
    if delivery.state is not DeliveryState.DEAD:
        raise MoveError(before=delivery.state, after=DeliveryState.QUEUED)
    delivery.state, delivery.attempts = DeliveryState.QUEUED, 0
    delivery.next_at, delivery.ended_at = now, None
    record(session, now, actor, "webhook.replayed", f"webhook:{webhook_id}", delivery=delivery_id)
    return delivery


def _open(session: Session, webhook_id: int) -> Webhook:
    webhook = session.get(Webhook, webhook_id, with_for_update={"of": Webhook}, populate_existing=True)
    if not webhook or webhook.stopped_at:
        raise NotFoundError
    return webhook
