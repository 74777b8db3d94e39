"""SMS that an SMS centre delivers: long ones joined, and each handled once although SMPP gives them no id.

A centre brings a text again when it did not hear our answer: because the link broke, or because we were slow. A person
sends the same text again as well ("1", and then "1" to the next question). So the same text from the same phone is the
same message when the first
- was not yet answered when it came again, or took so long that the centre may have given up waiting; or
- came on an earlier bind, some minutes ago at most. Each such message counts once a bind as its own repetition.
What came on this bind and was answered in time was heard: the same text is then a new message.
"""

import secrets
import time
from datetime import timedelta
from threading import Lock

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.orm import Session

from service.gateways.smpp.texts import Place, decode, place_of
from service.gateways.smpp.wire import Delivered
from service.models.inbound import SMS_PART, InboundEvent, first_time
from service.models.session import reading, transaction
from service.security import keyed_hash
from ussd.sessions import Conversations
from ussd.transports import sms
from ussd.transports.inbox import CHANNEL, Text
from ussd.transports.smpp.sender import GATEWAY, sender

REPEATED_WITHIN = timedelta(minutes=10)
SLOW_S = 5.0  # centres wait longer than this for an answer
LATE_S = 60.0


class Texts:
    """The texts that this process takes."""

    def __init__(self, conversations: Conversations) -> None:
        """Answer in these conversations."""
        self._conversations, self._container = conversations, conversations.container
        self._lock = Lock()
        # By what a text is known by: its id, and until when (monotonic) what comes is taken for it again.
        self._handled: dict[str, tuple[str, float]] = {}
        self._bind, self._repeated = "", set[str]()

    def take(self, delivered: Delivered) -> None:
        """Handle a text, or keep a part of one. Durable when this returns."""
        phone = sender(delivered.source)
        place, body = place_of(delivered)
        if place is None:
            self._receive(delivered, phone, decode(body, delivered.coding))
        elif (whole := self._joined(phone, place, body)) is not None:
            self._receive(delivered, phone, decode(whole, delivered.coding))
            with transaction(self._container.engine) as session:
                session.execute(delete(InboundEvent).where(*_parts(phone, place)))

    def _receive(self, delivered: Delivered, phone: str, text: str) -> None:
        to = delivered.destination.number
        print_ = keyed_hash(self._container.settings.secret_key, phone, to, text)
        own_id = self._id(delivered, phone, print_)
        sms.receive(self._conversations, Text(GATEWAY, own_id, phone, text, payload={"to": to}))
        now = time.monotonic()
        with self._lock:
            self._handled[print_] = (own_id, now + LATE_S if now - delivered.arrived > SLOW_S else now)

    def _id(self, delivered: Delivered, phone: str, print_: str) -> str:
        """Return the id of the message: an old one when this is one that came before."""
        with self._lock:
            if delivered.bind != self._bind:
                self._bind, self._repeated = delivered.bind, set()
            old = time.monotonic() - LATE_S
            self._handled = {text: known for text, known in self._handled.items() if known[1] > old}
            known, until = self._handled.get(print_, ("", 0.0))
            if delivered.arrived < until:
                return known
            return self._heard_in_vain(phone, print_) or f"{self._bind}:{print_}:{secrets.token_hex(4)}"

    def _heard_in_vain(self, phone: str, print_: str) -> str | None:
        event = InboundEvent
        with reading(self._container.engine) as session:
            same = session.scalars(
                select(event.external_id)
                .where(event.phone == phone, event.gateway == GATEWAY, event.kind == CHANNEL)
                .where(event.external_id.contains(f":{print_}:", autoescape=True))
                .where(event.received_at > self._container.clock() - REPEATED_WITHIN)
                .order_by(event.id)
            ).all()
        found = next((one for one in same if not one.startswith(self._bind) and one not in self._repeated), None)
        self._repeated.update(filter(None, [found]))
        return found

    def _joined(self, phone: str, place: Place, body: bytes) -> bytes | None:
        """Keep a part; return the octets of the whole when this was the last that lacked."""
        now = self._container.clock()
        with transaction(self._container.engine) as session:
            # References come round again: what was never completed is not part of this.
            old = InboundEvent.received_at < now - REPEATED_WITHIN
            session.execute(delete(InboundEvent).where(*_parts(phone, place), old))
            external_id, payload = f"{_named(phone, place)}{place.number}", {"octets": body.hex()}
            new = first_time(
                session,
                gateway=GATEWAY,
                kind=SMS_PART,
                external_id=external_id,
                phone=phone,
                payload=payload,
                received_at=now,
            )
            if not new:
                same = update(InboundEvent).where(*_parts(phone, place), InboundEvent.external_id == external_id)
                session.execute(same.values(payload=payload))
            return _whole(session, phone, place)


def _whole(session: Session, phone: str, place: Place) -> bytes | None:
    kept = session.execute(select(InboundEvent.external_id, InboundEvent.payload).where(*_parts(phone, place))).all()
    if len(kept) < place.total:
        return None
    numbered = sorted((int(external_id.rpartition(":")[2]), payload["octets"]) for external_id, payload in kept)
    return b"".join(bytes.fromhex(octets) for _, octets in numbered)


def _parts(phone: str, place: Place) -> tuple[ColumnElement[bool], ...]:
    return (
        InboundEvent.phone == phone,
        InboundEvent.gateway == GATEWAY,
        InboundEvent.kind == SMS_PART,
        InboundEvent.external_id.startswith(_named(phone, place), autoescape=True),
    )


def _named(phone: str, place: Place) -> str:
    return f"{phone}:{place.reference}:{place.total}:"
