"""What nobody answers for: given back when it surely did not leave, else called unknown when its lease ends."""

from collections.abc import Mapping
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Engine, select

from service.domain.states import MessageState
from service.gateways.base import Gateway
from service.messaging.begun import abandoned
from service.messaging.claims import own_id
from service.messaging.health import locked_state
from service.messaging.receipts import adopt_receipts, advance, find_unknown, lock_phones
from service.messaging.records import MOST_ATTEMPTS, give_back
from service.models import Message
from service.models.session import reading, transaction

log = structlog.get_logger()

OTHERS_FIRST = timedelta(minutes=10)


def give_back_abandoned(engine: Engine) -> None:
    """Put back in the queue what senders of this machine that are gone had claimed and not begun."""
    for attempt_id, begun in abandoned(engine):
        held = select(Message.gateway, Message.id).where(
            Message.state == MessageState.ATTEMPTING, Message.attempt_id == attempt_id, Message.id.not_in(begun)
        )
        with reading(engine) as session:
            rows = session.execute(held).all()
        if rows:
            with transaction(engine) as session:
                locked_state(session, str(rows[0].gateway))
                give_back(session, [one.id for one in rows], {attempt_id})


def give_up_leases(engine: Engine, gateways: Mapping[str, Gateway], now: datetime) -> None:
    """Call unknown what was being sent by a process that is gone; it may have left, so it is not sent again.

    Through a gateway that carries the same id once it is. Of gateways that another process holds only what that one
    has not given up for long.
    """
    ours = Message.gateway.in_(gateways) | (Message.lease_until < now - OTHERS_FIRST)
    ended = select(Message.id).where(Message.state == MessageState.ATTEMPTING, Message.lease_until < now, ours)
    with reading(engine) as session:
        ids = session.scalars(ended).all()
    for message_id in ids:
        _give_up(engine, gateways, message_id, now)


def _give_up(engine: Engine, gateways: Mapping[str, Gateway], message_id: int, now: datetime) -> None:
    with transaction(engine) as session:
        phone = session.scalars(select(Message.phone).where(Message.id == message_id)).one()
        lock_phones(session, {phone})
        message = session.get_one(Message, message_id, with_for_update=True)
        if message.state is not MessageState.ATTEMPTING or message.lease_until is None or message.lease_until >= now:
            return
        gateway = gateways.get(str(message.gateway))
        repeatable = gateway is not None and gateway.repeatable
        if repeatable:
            message.provider_id = own_id(message)
        if again := repeatable and message.attempts < MOST_ATTEMPTS:
            message.lease_until = None
        advance(message, MessageState.QUEUED if again else MessageState.UNKNOWN, now, "lease ended")
        message.next_at = now
        session.flush()
        log.warning("sms.lease_ended", message=message.id)
        if repeatable:
            adopt_receipts(session, message)
        else:
            find_unknown(session, str(message.gateway), message.phone)
