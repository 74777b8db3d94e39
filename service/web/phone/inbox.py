"""What a simulated phone has received."""

from typing import Any

from sqlalchemy import func, select, tuple_
from sqlalchemy.orm import Session

from service.domain.states import MessageState
from service.messaging.segments import measure
from service.models.messages import Message

ARRIVED = (MessageState.ACCEPTED, MessageState.DELIVERED)
# Quiet hours, retries and priorities let a later message overtake an earlier one: ids do not tell who came first.
ARRIVAL = func.coalesce(Message.accepted_at, Message.final_at, Message.created_at)


def arrived(session: Session, number: str, after: int) -> list[Message]:
    """Return the messages the console carried to `number` (E.164) later than message `after` came, oldest first.

    All of them when `after` is no message.
    """
    query = (
        select(Message)
        .where(Message.phone == number, Message.gateway == "console", Message.state.in_(ARRIVED))
        .order_by(ARRIVAL, Message.id)
    )
    last = session.get(Message, after)
    if last is not None:
        query = query.where(tuple_(ARRIVAL, Message.id) > tuple_(_arrival(last), last.id))
    return list(session.scalars(query))


def as_json(message: Message) -> dict[str, Any]:
    """Return what the page shows of a message: its text, when it came (ISO 8601, UTC), and its length on the air."""
    length = measure(message.text)
    return {
        "id": message.id,
        "text": message.text,
        "at": _arrival(message).isoformat(),
        "parts": length.parts,
        "units": length.units,
        "encoding": length.encoding,
    }


def _arrival(message: Message) -> Any:
    return message.accepted_at or message.final_at or message.created_at
