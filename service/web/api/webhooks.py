"""Webhooks: a program asks to be told of events, sees what it did not take, and asks for it again."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, Field
from sqlalchemy import select

from service.domain.errors import NotFoundError
from service.domain.events import DeliveryState, Event, about
from service.domain.scopes import Scope
from service.messaging.webhooks import secret_of
from service.models.webhooks import LONGEST_URL, Delivery, Webhook
from service.usecases.webhooks import replay, subscribe, unsubscribe
from service.web.api.operations import Call, Operations
from service.web.api.paging import Page, PageQuery, asked, cut
from service.web.api.problems import lacks_scope
from service.web.api.shapes import Body

operations = Operations("Webhooks")
HOST = r"^https?://[A-Za-z0-9.:\[\]-]+(/[!-~]*)?$"


class WebhookShown(BaseModel):
    """A subscription."""

    id: int
    url: str
    events: list[Event]
    made_at: datetime


class WebhookMade(WebhookShown):
    """A new subscription with its secret, which is not shown again."""

    secret: str


class DeliveryShown(BaseModel):
    """An event on its way; `outcome` is what came of the last attempt."""

    id: int
    event_id: str = Field(description="The header webhook-id, the same at each attempt.")
    event: Event
    state: DeliveryState
    attempts: int
    outcome: str
    at: datetime
    next_at: datetime
    ended_at: datetime | None


class NewWebhook(Body):
    """Where to tell of what."""

    url: Annotated[str, Field(max_length=LONGEST_URL, pattern=HOST, description="https, on a public host.")]
    events: Annotated[list[Event], Field(min_length=1, max_length=len(Event))]


class DeliveryQuery(PageQuery):
    """Which deliveries."""

    state: DeliveryState | None = None


@operations.get("/webhooks", Scope.WEBHOOKS)
def several(call: Call, query: PageQuery) -> Page[WebhookShown]:
    """List subscriptions."""
    rows, following = cut(call, query, select(Webhook).where(Webhook.stopped_at.is_(None)), Webhook.id)
    return Page(items=[WebhookShown(**_shown(webhook)) for webhook in rows], next=following)


@operations.get("/webhooks/<number:number>", Scope.WEBHOOKS)
def one(call: Call, number: int) -> WebhookShown:
    """Show a subscription."""
    return WebhookShown(**_shown(_open(call, number)))


@operations.post("/webhooks", Scope.WEBHOOKS, status=201)
def make(call: Call, body: NewWebhook) -> WebhookMade:
    """Be told of events from now on; of those whose subjects the token may read."""
    lacking = sorted({about(event).scope for event in body.events if not call.token.may(about(event).scope)})
    if lacking:
        raise lacks_scope(lacking[0])
    loopback = call.settings.webhooks_loopback
    webhook = subscribe(call.session, call.now, actor=call.actor, url=body.url, events=body.events, loopback=loopback)
    return WebhookMade(**_shown(webhook), secret=secret_of(call.settings.secret_key, webhook))


@operations.delete("/webhooks/<number:number>", Scope.WEBHOOKS, of=one)
def stop(call: Call, number: int) -> None:
    """Be told of nothing any more."""
    unsubscribe(call.session, call.now, actor=call.actor, webhook_id=number)


@operations.get("/webhooks/<number:number>/deliveries", Scope.WEBHOOKS)
def deliveries(call: Call, number: int, query: DeliveryQuery) -> Page[DeliveryShown]:
    """List what a subscription was told, or is to be told."""
    found = select(Delivery).where(Delivery.webhook_id == _open(call, number).id).filter_by(**asked(state=query.state))
    rows, following = cut(call, query, found, Delivery.id)
    return Page(items=[_delivery(each) for each in rows], next=following)


@operations.post("/webhooks/<number:number>/deliveries/<number:delivery>/replay", Scope.WEBHOOKS)
def again(call: Call, number: int, delivery: int) -> DeliveryShown:
    """Send a dead delivery again."""
    return _delivery(replay(call.session, call.now, actor=call.actor, webhook_id=number, delivery_id=delivery))


def _open(call: Call, number: int) -> Webhook:
    webhook = call.session.get(Webhook, number)
    if not webhook or webhook.stopped_at:
        raise NotFoundError
    return webhook


def _shown(webhook: Webhook) -> dict[str, Any]:
    events = [Event(topic.event) for topic in webhook.topics]
    return {"id": webhook.id, "url": webhook.url, "events": events, "made_at": webhook.made_at}


def _delivery(each: Delivery) -> DeliveryShown:
    return DeliveryShown.model_validate(each, from_attributes=True)
