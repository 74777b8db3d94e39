"""The sender: empties the outbox. A claim is on disk before the call, and no transaction is open during it."""

import secrets
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Protocol

import structlog
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from service.domain.states import MessageState
from service.gateways.base import Gateway, Outcome, Outgoing, Sent
from service.messaging.outbox import STOP_CONFIRMATION
from service.messaging.receipts import PROVIDER_ID_LENGTH, adopt_receipts, advance, find_unknown, lock_phone
from service.messaging.routing import route
from service.models import Message, Phone
from service.models.session import reading, transaction
from service.settings import Settings

log = structlog.get_logger()

LEASE = timedelta(minutes=2)  # far longer than any gateway's time-outs: when it ends, its holder is gone
MOST_ATTEMPTS = 5
FIRST_WAIT = timedelta(minutes=1)  # then 4, 16 and 64 minutes: an outage of an hour loses nothing
GROWTH = 4
JITTER = (0.75, 1.25)
STATES = {
    Outcome.ACCEPTED: MessageState.ACCEPTED,
    Outcome.DELIVERED: MessageState.DELIVERED,
    Outcome.REFUSED: MessageState.FAILED,
    Outcome.UNKNOWN: MessageState.UNKNOWN,
    Outcome.RETRY: MessageState.QUEUED,
}


class Holder(Protocol):
    """What the sender needs of a running service: a part of service.container.Container."""

    @property
    def settings(self) -> Settings:
        """The routes are there."""

    @property
    def engine(self) -> Engine:
        """The database."""

    @property
    def gateways(self) -> Mapping[str, Gateway]:
        """The gateways by name."""

    @property
    def clock(self) -> Callable[[], datetime]:
        """This moment, aware."""


def drain(container: Holder, limit: int = 100) -> int:
    """Send up to `limit` messages that are due, one at a time; return how many were tried.

    Any number of processes may drain at once. One message at a time, so that a crash leaves one in doubt at most.
    """
    give_up_leases(container)
    tried = 0
    while tried < limit and (claimed := _claim(container)) is not None:
        tried += 1
        _send(container, claimed)
    return tried


def give_up_leases(container: Holder) -> int:
    """Call unknown what was being sent by a process that is gone; it may have left, so it is not sent again."""
    now = container.clock()
    ended = select(Message.id).where(Message.state == MessageState.ATTEMPTING, Message.lease_until < now)
    with reading(container.engine) as session:
        ids = session.scalars(ended).all()
    return sum(_give_up(container.engine, message_id, now) for message_id in ids)


def _give_up(engine: Engine, message_id: int, now: datetime) -> bool:
    with transaction(engine) as session:
        message = _locked(session, message_id)
        if message.state is not MessageState.ATTEMPTING or message.lease_until is None or message.lease_until >= now:
            return False
        advance(message, MessageState.UNKNOWN, now, "lease ended")
        session.flush()
        find_unknown(session, str(message.gateway), message.phone)
        log.warning("sms.lease_ended", message=message.id)
        return True


def _claim(container: Holder) -> Message | None:
    """Take the message that has been due for longest; on disk when this returns."""
    now = container.clock()
    due = (
        select(Message)
        .where(Message.state == MessageState.QUEUED, Message.next_at <= now)
        .order_by(Message.next_at, Message.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    with transaction(container.engine) as session:
        while (message := session.scalars(due).first()) is not None:
            if not _withheld(session, message, now):
                gateway = container.gateways[route(container.settings.sms_routes, message.phone)[0]]
                _begin(message, now, gateway.name)
                return message
    return None


def _withheld(session: Session, message: Message, now: datetime) -> bool:
    """Look again whether the phone said STOP: a message may have been written at the same moment, or come back."""
    stopped = session.scalar(select(Phone.stopped_at).where(Phone.number == message.phone))
    if stopped is None or message.template == STOP_CONFIRMATION:
        return False
    message.state, message.reason, message.final_at = MessageState.CANCELLED, "stop", now
    session.flush()
    return True


def _begin(message: Message, now: datetime, gateway: str) -> None:
    message.state, message.gateway = MessageState.ATTEMPTING, gateway
    message.attempt_id, message.lease_until = uuid.uuid4().hex, now + LEASE
    message.attempts += 1


def _send(container: Holder, claimed: Message) -> None:
    gateway = container.gateways[str(claimed.gateway)]
    (sent,) = gateway.send([Outgoing(_own_id(claimed), claimed.phone, claimed.text)])
    with transaction(container.engine) as session:
        _record(session, container.clock(), claimed, sent)
    log.info("sms.sent", message=claimed.id, gateway=gateway.name, outcome=str(sent.outcome), reason=sent.reason)


def _record(session: Session, now: datetime, claimed: Message, sent: Sent) -> None:
    message = _locked(session, claimed.id)
    if message.attempt_id != claimed.attempt_id:
        return
    if sent.provider_id is not None:
        message.provider_id = sent.provider_id[:PROVIDER_ID_LENGTH]
    state = STATES[sent.outcome]
    if state is MessageState.QUEUED and message.attempts >= MOST_ATTEMPTS:
        state = MessageState.FAILED
    if advance(message, state, now, sent.reason):
        message.lease_until = None
        message.next_at = now + _wait(message.attempts) if state is MessageState.QUEUED else message.next_at
    session.flush()
    if message.provider_id is not None:
        adopt_receipts(session, message)
    elif message.state is MessageState.UNKNOWN:
        find_unknown(session, str(message.gateway), message.phone)


def _locked(session: Session, message_id: int) -> Message:
    """Return the message with its phone locked first, as receipts do, then itself."""
    lock_phone(session, session.scalars(select(Message.phone).where(Message.id == message_id)).one())
    return session.get_one(Message, message_id, with_for_update=True)


def _wait(attempts: int) -> timedelta:
    jitter = secrets.SystemRandom().uniform(*JITTER)
    return FIRST_WAIT * jitter * float(GROWTH ** (attempts - 1))


def _own_id(message: Message) -> str:
    """Return an id that stays the same from attempt to attempt, and that no other database's message has."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{message.key}|{message.created_at.isoformat()}"))
