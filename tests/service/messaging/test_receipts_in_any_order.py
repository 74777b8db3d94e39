"""Receipts come doubled, shuffled, and before the answer of the send: what a message ends as depends on none of it."""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import combinations, permutations

import pytest
from sqlalchemy import Engine, func, insert, select
from sqlalchemy.orm import Session

from service.domain.kinds import Kind
from service.domain.states import MessageState
from service.gateways.africastalking import RECEIPT
from service.gateways.registry import receipt_state
from service.locales import Language
from service.messaging.receipts import adopt_receipts, advance, lock_phones, take_receipt
from service.models import Message, Phone, Receipt
from service.models.session import transaction
from tests.conftest import MovedClock

GATEWAY = "africastalking"
SIX = ("Submitted", "Buffered", "Success", "Failed", "AbsentSubscriber", "Expired")
HEARD = ("Sent", "Submitted", "Buffered", "Success", "Failed", "Rejected", "AbsentSubscriber", "Expired")
OVER = {"Failed", "Rejected", "AbsentSubscriber"}
ANSWER = "the answer of the send"
DICE = 20_261_124
# Queued is what the phone may have, and gets again.
BEFORE = [MessageState.QUEUED, MessageState.ATTEMPTING, MessageState.ACCEPTED, MessageState.UNKNOWN]


def end(words: Sequence[str]) -> MessageState:
    """What a message ends as when these were all its receipts, told from what the words mean, not from any table."""
    if "Success" in words:
        return MessageState.DELIVERED
    if OVER & set(words):
        return MessageState.FAILED
    return MessageState.EXPIRED if "Expired" in words else MessageState.ACCEPTED


@dataclass
class Sending:
    """A message that is being sent, and its receipts."""

    id: int
    phone: str
    words: Sequence[str]

    def receive(self, session: Session, clock: MovedClock, status: str) -> None:
        take_receipt(
            session,
            clock(),
            gateway=GATEWAY,
            provider_id=f"ATXid_{self.id}",
            phone=self.phone,
            status=status,
            reason="",
        )

    def record(self, session: Session, clock: MovedClock) -> None:
        lock_phones(session, {self.phone})
        message = session.get_one(Message, self.id)
        message.provider_id = f"ATXid_{self.id}"
        advance(message, MessageState.ACCEPTED, clock(), "")
        session.flush()
        adopt_receipts(session, message)


def attempting(session: Session, clock: MovedClock, orders: Sequence[Sequence[str]]) -> list[Sending]:
    """Put down a message that is being sent for each order of receipts, each to a phone of its own."""
    now = clock()
    phones = [f"+2126{number:08d}" for number in range(len(orders))]
    session.execute(insert(Phone), [{"number": phone, "language": Language.FR} for phone in phones])
    message = {
        "template": "refused",
        "kind": Kind.RECORD,
        "priority": 1,
        "language": "fr",
        "text": "Tiwizi",
        "parts": 1,
        "state": MessageState.ATTEMPTING,
        "gateway": GATEWAY,
        "next_at": now,
        "expires_at": now,
        "created_at": now,
    }
    session.execute(insert(Message), [{**message, "key": phone, "phone": phone} for phone in phones])
    ids = session.scalars(select(Message.id).order_by(Message.phone)).all()
    return [Sending(*one) for one in zip(ids, phones, orders, strict=True)]


def ends(session: Session) -> list[tuple[MessageState, int]]:
    rows = session.execute(select(Message.state, func.count().label("many")).group_by(Message.state))
    return [(row.state, row.many) for row in rows]


def test_all_720_orders_of_six_receipts_end_the_same(engine: Engine, clock: MovedClock) -> None:
    with transaction(engine) as session:
        for number, one in enumerate(attempting(session, clock, list(permutations(SIX)))):
            early = number % 3  # receipts that beat the answer of the send
            for count, word in enumerate(one.words):
                if count == early:
                    one.record(session, clock)
                one.receive(session, clock, word)
    with transaction(engine) as session:
        assert ends(session) == [(MessageState.DELIVERED, 720)]
        assert session.scalar(select(func.count()).where(Receipt.message_id.is_(None))) == 0
        assert session.scalar(select(func.count()).where(Message.final_at.is_(None))) == 0


def test_receipts_of_many_messages_doubled_and_shuffled_together_end_the_same(
    engine: Engine, clock: MovedClock
) -> None:
    dice = random.Random(DICE)  # noqa: S311  # the same dice on every run
    orders = [dice.choices(HEARD, k=dice.randint(1, 5)) for _ in range(200)]
    with transaction(engine) as session:
        messages = attempting(session, clock, orders)
        happens = [(one, word) for one in messages for word in (*one.words, *one.words, ANSWER)]
        dice.shuffle(happens)
        for one, word in happens:
            one.record(session, clock) if word == ANSWER else one.receive(session, clock, word)
    with transaction(engine) as session:
        for one in messages:
            message = session.get_one(Message, one.id)
            assert message.state is end(one.words), one
            assert (message.final_at is None) == (message.state is MessageState.ACCEPTED)


def moved(state: MessageState, words: Sequence[str]) -> MessageState:
    """Where the receipts lead, without a database."""
    message = Message(state=state, gateway=GATEWAY)
    for word in words:
        to = receipt_state(GATEWAY, word)
        if to is not None:
            advance(message, to, datetime(2026, 11, 24, tzinfo=UTC), "")
    return message.state


@pytest.mark.parametrize("before", BEFORE)
def test_all_720_orders_of_any_six_of_the_eight_words_end_the_same(before: MessageState) -> None:
    for words in combinations(RECEIPT, 6):
        assert {moved(before, order) for order in permutations(words)} == {end(words)}, words


def test_ten_thousand_random_doublings_end_as_the_words_say() -> None:
    dice = random.Random(DICE)  # noqa: S311  # the same dice on every run
    seen = Counter[MessageState]()
    for _ in range(10_000):
        words = dice.choices(HEARD, k=dice.randint(1, 8))
        doubled = [*words, *dice.choices([*words, "Teleported"], k=dice.randint(1, 8))]
        dice.shuffle(doubled)
        before = dice.choice(BEFORE)
        assert moved(before, doubled) is end(words), (before, doubled)
        seen[end(words)] += 1
    assert len(seen) == 4
    assert min(seen.values()) > 100
