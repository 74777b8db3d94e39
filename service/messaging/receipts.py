"""Delivery receipts: they come doubled, late, shuffled, and before we know the gateway's id of what we sent."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from service.domain.states import MESSAGE_MOVES, MessageState
from service.domain.text import clean
from service.gateways.registry import OWN_PHONES, receipt_state, tells_inactive
from service.messaging.claims import FRESH_DOUBT, LEASE
from service.models import Message, Phone, Receipt
from service.models.base import table_of
from service.models.many import for_each_database
from service.models.phones import doubt

FINAL = frozenset({MessageState.DELIVERED, MessageState.FAILED, MessageState.EXPIRED})
PROVIDER_ID_LENGTH = 120
# How long a receipt may take: an operator may be slow.
DOUBTED = timedelta(hours=2)
# Built once: three receipts come for each message, and to build a question takes longer than to ask it.
KNOWN = (
    select(Message)
    .where(Message.gateway == bindparam("carried_by"), Message.provider_id == bindparam("theirs"))
    .with_for_update()
)
UNCERTAIN = (
    select(Message)
    .where(
        Message.gateway == bindparam("carried_by"),
        Message.phone == bindparam("to"),
        Message.provider_id.is_(None),
        Message.state.in_((MessageState.UNKNOWN, MessageState.ATTEMPTING)),
    )
    .order_by(Message.lease_until, Message.id)
)
# What was in doubt at that time as well, and is sent once more since: its first copy may have had any id.
FIRST_COPIES = select(Message.id).where(
    Message.phone == bindparam("to"), Message.resent > 0, Message.next_at >= bindparam("since")
)
UNCLAIMED = (
    select(Receipt.provider_id, func.min(Receipt.received_at))
    .where(Receipt.gateway == bindparam("carried_by"), Receipt.phone == bindparam("to"), Receipt.message_id.is_(None))
    .group_by(Receipt.provider_id)
    .having(func.min(Receipt.received_at) >= bindparam("since"))
    .order_by(func.min(Receipt.id))
)


def take_receipt(
    session: Session, now: datetime, *, gateway: str, provider_id: str, phone: str, status: str, reason: str
) -> Receipt:
    """Keep a receipt as it came and move its message forward. `phone` is E.164, status and reason the gateway's words.

    One that fits no message is kept: the send may not be recorded yet. A status nobody knows is kept and moves nothing.
    """
    lock_phones(session, {phone})
    receipt = Receipt(
        gateway=gateway,
        provider_id=clean(provider_id)[:PROVIDER_ID_LENGTH],
        phone=phone,
        status=clean(status)[:40],
        reason=clean(reason)[:60],
        received_at=now,
    )
    message = session.scalars(KNOWN, {"carried_by": gateway, "theirs": receipt.provider_id}).first()
    session.add(receipt)
    if message is None:
        find_unknown(session, gateway, phone)
    else:
        _apply(session, message, receipt)
    return receipt


def adopt_receipts(session: Session, message: Message) -> None:
    """Give a message, whose gateway's id has just become known, the receipts that came before. The phone is locked."""
    for receipt in session.scalars(
        select(Receipt)
        .where(
            Receipt.gateway == message.gateway,
            Receipt.provider_id == message.provider_id,
            Receipt.message_id.is_(None),
        )
        .order_by(Receipt.id)
    ):
        _apply(session, message, receipt)


def find_unknown(session: Session, gateway: str, phone: str) -> None:
    """Give ids that nobody knows, and that came back from a locked phone, to the messages to it that are in doubt.

    An id that is first heard of in the minutes after a call is that call's: its phone was not called again meanwhile.
    When as many came later as are still in doubt, these had all left, and belong together in their order; not when one
    may be that of a first copy of what was sent once more. What is older than a receipt may be does not count where
    something younger is in doubt. Nothing is said while a message is under way.
    """
    messages = list(session.scalars(UNCERTAIN, {"carried_by": gateway, "to": phone}))
    if not messages or any(message.state is MessageState.ATTEMPTING for message in messages):
        return
    since = {"to": phone, "since": _called_at(messages[0])}
    rows = session.execute(UNCLAIMED, {"carried_by": gateway, **since}).all()
    late = dict[str, datetime]()
    for provider_id, first in rows:
        near = [one for one in messages if _called_at(one) <= first < one.next_at + FRESH_DOUBT]
        if len(near) == 1:
            messages.remove(near[0])
            near[0].provider_id = provider_id
            adopt_receipts(session, near[0])
        else:
            late[provider_id] = first
    _find_late(session, messages, late)


def _find_late(session: Session, messages: Sequence[Message], ids: Mapping[str, datetime]) -> None:
    messages = [one for one in messages if _called_at(messages[-1]) - _called_at(one) < DOUBTED]
    firsts = zip(ids.values(), messages, strict=False)
    if not messages or len(ids) != len(messages) or any(first < _called_at(one) for first, one in firsts):
        return
    # The first copy of the oldest was given up before its second was called.
    since = {"to": messages[0].phone, "since": _called_at(messages[0])}
    if set(session.scalars(FIRST_COPIES, since)) - {messages[0].id}:
        return
    for provider_id, message in zip(ids, messages, strict=True):
        message.provider_id = provider_id
        adopt_receipts(session, message)


def _called_at(message: Message) -> datetime:
    return message.lease_until - LEASE if message.lease_until else message.created_at


def lock_phones(session: Session, phones: Collection[str]) -> None:
    """Put a send's record and its receipts in order, or each could miss the other; SQLite has one writer anyway."""
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        connection.execute(LOCKED["postgresql"], {"numbers": list(phones)})


NUMBER = table_of(Phone).c.number
LOCKED = for_each_database(
    lambda among: select(NUMBER).where(among(NUMBER, "numbers")).order_by(NUMBER).with_for_update(key_share=True)
)


def advance(message: Message, state: MessageState, now: datetime, reason: str) -> bool:
    """Move a message forward; False, and nothing changes, when the table has no such move."""
    if state not in MESSAGE_MOVES[message.state]:
        return False
    message.state, message.reason = state, reason[:200]
    if state in FINAL:
        message.final_at = message.final_at or now
    if state is MessageState.ACCEPTED:
        message.accepted_at = message.accepted_at or now
    return True


def _apply(session: Session, message: Message, receipt: Receipt) -> None:
    receipt.message_id = message.id
    state = receipt_state(receipt.gateway, receipt.status)
    moved = state is not None and advance(message, state, receipt.received_at, receipt.reason)
    if moved and state is MessageState.FAILED and receipt.gateway in OWN_PHONES:
        # Then it is a dead letter, which somebody may send again.
        message.accepted_at = None
    phone = session.get(Phone, message.phone) if tells_inactive(receipt.gateway, receipt.reason) else None
    # A receipt may be late: what was sent before somebody vouched says nothing of today.
    if phone and (phone.vouched_at is None or message.created_at > phone.vouched_at):
        doubt(session, receipt.received_at, phone, "inactive")
