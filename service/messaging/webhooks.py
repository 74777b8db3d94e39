"""Events on their way to programs: put on their lists, claimed by lease, signed, sent outside any transaction.

Signed as Standard Webhooks says (standardwebhooks.com): who receives one needs no code of ours. An event may come
twice, when a process dies between the sending and the noting: its id is the same, so a program can tell.
"""

import base64
import hashlib
import hmac
import json
import secrets
import uuid
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Event as Signal
from typing import Protocol

import structlog
from sqlalchemy import Engine, func, select, update
from sqlalchemy.orm import Session

from service.domain.events import DeliveryState, about, event_of
from service.gateways.webhook import TAKEN, post
from service.models.audit import AuditEntry
from service.models.contributions import Arrival, Contribution
from service.models.needs import Need
from service.models.pledges import Pledge
from service.models.session import reading, transaction
from service.models.webhooks import Delivery, Webhook, open_webhooks
from service.security import keyed_hash
from service.settings import Settings

log = structlog.get_logger()

SPREAD = 500  # acts of the audit trail in one transaction
NEWS = select(AuditEntry).where(AuditEntry.waits).order_by(AuditEntry.id)
CALLS = 8  # at once: a program that stalls keeps one of them
LEASE = timedelta(minutes=2)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
# Between the attempts; after the last, a day is over.
WAITS = (MINUTE / 6, MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, 2 * HOUR, 4 * HOUR, 8 * HOUR, 8 * HOUR)
JITTER = 0.1
SECRET_PREFIX = "whsec_"  # noqa: S105  # what the standard puts before a secret
API = "/api/v1"


class Holder(Protocol):
    """What is needed of a running service: a part of service.container.Container."""

    @property
    def settings(self) -> Settings:
        """Where the service is, and whether this machine may be sent to."""

    @property
    def engine(self) -> Engine:
        """The database."""

    @property
    def clock(self) -> Callable[[], datetime]:
        """This moment, aware."""


@dataclass(frozen=True)
class Call:
    """One attempt: what is sent where, and signed with what."""

    delivery: int
    attempt: int
    event_id: str
    url: str
    secret: str
    body: bytes


def secret_of(key: str, webhook: Webhook) -> str:
    """Return a subscription's secret (192 bits), from the service's own key: it is kept nowhere."""
    drawn = base64.urlsafe_b64decode(keyed_hash(key, "webhook", webhook.nonce))
    return SECRET_PREFIX + base64.b64encode(drawn).decode()


def signed(secret: str, event_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """Return the headers that prove who sent a body, and when."""
    stamp = str(int(at.timestamp()))
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
    mac = hmac.new(key, f"{event_id}.{stamp}.".encode() + body, hashlib.sha256).digest()
    return {
        "webhook-id": event_id,
        "webhook-timestamp": stamp,
        "webhook-signature": f"v1,{base64.b64encode(mac).decode()}",
    }


def spread(container: Holder) -> int:
    """Put what happened on the list of each program that is told of it; return how many tellings that makes.

    While there is no program, nothing is looked at; what happened before one subscribed is not for it.
    """
    made = 0
    while _any_news(container.engine):
        with transaction(container.engine) as session:
            entries = session.scalars(NEWS.limit(SPREAD).with_for_update(skip_locked=True)).all()
            hooks = open_webhooks(session)
            for entry in entries:
                entry.waits = False
                made += sum(_put(session, container.settings, entry, hook) for hook in hooks)
        if not entries:
            break
    return made


def _put(session: Session, settings: Settings, entry: AuditEntry, hook: Webhook) -> bool:
    event = event_of(entry.action)
    wanted = event in {topic.event for topic in hook.topics} and entry.at >= hook.made_at
    if event and wanted:
        name = uuid.uuid5(uuid.NAMESPACE_URL, f"{settings.url}/{entry.id}").hex
        told = {"event_id": f"msg_{name}", "event": event.value, "subject": entry.subject, "at": entry.at}
        session.add(Delivery(webhook_id=hook.id, state=DeliveryState.QUEUED, next_at=entry.at, **told))
    return wanted


def _any_news(engine: Engine) -> bool:
    with reading(engine) as session:
        subscribed = session.scalar(select(Webhook.id).where(Webhook.stopped_at.is_(None)).limit(1))
        return subscribed is not None and session.scalar(NEWS.limit(1)) is not None


def deliver(container: Holder, stopping: Signal | None = None) -> int:
    """Send what is due until nothing is or `stopping`; return how many attempts. Any number of processes may."""
    spread(container)
    tried, under_way = 0, dict[Future[str], Call]()
    with ThreadPoolExecutor(CALLS, thread_name_prefix="webhooks") as pool:
        while True:
            free = 0 if stopping and stopping.is_set() else CALLS - len(under_way)
            calls = _claim(container, free)
            tried += len(calls)
            under_way |= {pool.submit(_send, container, call): call for call in calls}
            if not under_way:
                return tried
            for one in wait_for(under_way, return_when=FIRST_COMPLETED).done:
                _settle(container, under_way.pop(one), one.result())


def _claim(container: Holder, most: int) -> list[Call]:
    """Take up to `most` that are due, one of each program: so they come in order, and a slow one delays itself."""
    now = container.clock()
    if not most or not _anything_due(container.engine, now):
        return []
    with transaction(container.engine) as session:
        gone = (Delivery.state == DeliveryState.ATTEMPTING) & (Delivery.lease_until <= now)
        session.execute(update(Delivery).where(gone).values(state=DeliveryState.QUEUED, outcome="lease ended"))
        busy = select(Delivery.webhook_id).where(Delivery.state == DeliveryState.ATTEMPTING)
        due = (Delivery.state == DeliveryState.QUEUED) & (Delivery.next_at <= now)
        firsts = select(func.min(Delivery.id)).where(due, Delivery.webhook_id.not_in(busy))
        found = select(Delivery).where(due, Delivery.id.in_(firsts.group_by(Delivery.webhook_id)))
        locked = found.order_by(Delivery.next_at).limit(most).with_for_update(of=Delivery, skip_locked=True)
        return [_taken(session, container.settings, now, one) for one in session.scalars(locked).all()]


def _anything_due(engine: Engine, now: datetime) -> bool:
    waits = (Delivery.state == DeliveryState.QUEUED) & (Delivery.next_at <= now)
    left = (Delivery.state == DeliveryState.ATTEMPTING) & (Delivery.lease_until <= now)
    with reading(engine) as session:
        return any(session.scalar(select(Delivery.id).where(one).limit(1)) is not None for one in (waits, left))


def _taken(session: Session, settings: Settings, now: datetime, one: Delivery) -> Call:
    one.state, one.lease_until = DeliveryState.ATTEMPTING, now + LEASE
    one.attempts += 1
    secret = secret_of(settings.secret_key, one.webhook)
    return Call(one.id, one.attempts, one.event_id, one.webhook.url, secret, body_of(session, settings, one))


def body_of(session: Session, settings: Settings, one: Delivery) -> bytes:
    """Return what a program is told: what happened, when, and where the API has it; nothing of a person."""
    resource, number = about(one.event).resource, _number_of(session, one.subject)
    where = {"resource": resource, "id": number, "url": f"{settings.url}{API}/{resource}/{number}"}
    said = {"type": one.event, "timestamp": one.at.isoformat(), "data": where}
    return json.dumps(said, separators=(",", ":")).encode()


def _number_of(session: Session, subject: str) -> str:
    """Return how the API calls what the audit trail calls `need:12`: what belongs to a need, by its reference."""
    kind, _, number = subject.partition(":")
    match kind:
        case "need":
            need_id = int(number)
        case "pledge":
            need_id = session.get_one(Pledge, int(number)).need_id
        case "contribution":
            need_id = session.get_one(Contribution, int(number)).need_id
        case "arrival":
            need_id = session.get_one(Arrival, int(number)).need_id
        case _:
            return number
    return session.get_one(Need, need_id).reference


def _send(container: Holder, call: Call) -> str:
    headers = signed(call.secret, call.event_id, container.clock(), call.body)
    headers |= {"Content-Type": "application/json", "User-Agent": "Tiwizi-Webhooks/1"}
    return post(call.url, call.body, headers, loopback=container.settings.webhooks_loopback)


def _settle(container: Holder, call: Call, outcome: str) -> None:
    """Note what came of an attempt, unless its lease ended and others are at it."""
    now = container.clock()
    mine = update(Delivery).where(
        Delivery.id == call.delivery,
        Delivery.state == DeliveryState.ATTEMPTING,
        Delivery.attempts == call.attempt,
    )
    if outcome == TAKEN:
        values = {"state": DeliveryState.DELIVERED, "ended_at": now}
    elif call.attempt > len(WAITS):
        values = {"state": DeliveryState.DEAD, "ended_at": now}
    else:
        spread = 1 + JITTER * (secrets.randbelow(2001) / 1000 - 1)
        values = {"state": DeliveryState.QUEUED, "next_at": now + WAITS[call.attempt - 1] * spread}
    with transaction(container.engine) as session:
        session.execute(mine.values(outcome=outcome, lease_until=None, **values))
    log.info("webhook.sent", delivery=call.delivery, attempt=call.attempt, outcome=outcome or "taken")


def count_deliveries(session: Session) -> dict[DeliveryState, int]:
    """Return how many deliveries are in each state."""
    found = select(Delivery.state, func.count()).group_by(Delivery.state)
    return {state: count for state, count in session.execute(found)}  # noqa: C416  # rows are no pairs to the checker


def count_waiting(session: Session) -> dict[int, int]:
    """Return how many deliveries wait for each subscription that has any."""
    waiting = Delivery.state.in_((DeliveryState.QUEUED, DeliveryState.ATTEMPTING))
    found = select(Delivery.webhook_id, func.count()).where(waiting).group_by(Delivery.webhook_id)
    return {number: count for number, count in session.execute(found)}  # noqa: C416  # rows are no pairs to the checker


def oldest_waiting(session: Session, now: datetime) -> datetime | None:
    """Return since when the delivery that waits longest is due, None when none is."""
    due = (Delivery.state == DeliveryState.QUEUED) & (Delivery.next_at <= now)
    oldest: datetime | None = session.scalar(select(func.min(Delivery.next_at)).where(due))
    return oldest
