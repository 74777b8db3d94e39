"""Receipts, in every order they may come."""

from itertools import permutations
from threading import Thread

import pytest
from sqlalchemy import Engine, select

from service.domain.states import MESSAGE_MOVES, MessageState
from service.messaging.outbox import tell
from service.messaging.receipts import adopt_receipts, lock_phones, take_receipt
from service.models import Message, Receipt
from service.models.session import transaction
from tests.conftest import MovedClock
from tests.world import newest_message

PHONE = "+212612345678"
GATEWAY = "africastalking"
BEFORE = [MessageState.QUEUED, MessageState.ATTEMPTING, MessageState.ACCEPTED, MessageState.UNKNOWN]


def sent(
    engine: Engine, clock: MovedClock, state: MessageState, provider_id: str | None = "a1", event: str = "x"
) -> int:
    with transaction(engine) as session:
        tell(session, clock(), event=event, phone=PHONE, template="refused", reference="K7-4Q2")
        message = newest_message(session)
        message.state, message.gateway, message.provider_id = state, GATEWAY, provider_id
        return message.id


def receive(engine: Engine, clock: MovedClock, status: str, provider_id: str = "a1", reason: str = "") -> None:
    with transaction(engine) as session:
        take_receipt(
            session,
            clock(),
            gateway=GATEWAY,
            provider_id=provider_id,
            phone=PHONE,
            status=status,
            reason=reason,
        )


def read(engine: Engine, message_id: int) -> Message:
    with transaction(engine) as session:
        return session.get_one(Message, message_id)


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("Sent", MessageState.ACCEPTED),
        ("Submitted", MessageState.ACCEPTED),
        ("Buffered", MessageState.ACCEPTED),
        ("Success", MessageState.DELIVERED),
        ("Failed", MessageState.FAILED),
        ("Rejected", MessageState.FAILED),
        ("AbsentSubscriber", MessageState.FAILED),
        ("Expired", MessageState.EXPIRED),
        ("SomethingNew", MessageState.UNKNOWN),
    ],
)
def test_a_status_moves_the_message_and_an_unheard_one_is_only_kept(
    engine: Engine, clock: MovedClock, status: str, state: MessageState
) -> None:
    message_id = sent(engine, clock, MessageState.UNKNOWN)
    receive(engine, clock, status, reason="NotNetworkSubcriber")
    assert read(engine, message_id).state is state
    with transaction(engine) as session:
        receipt = session.scalars(select(Receipt)).one()
        assert (receipt.status, receipt.reason, receipt.message_id) == (status, "NotNetworkSubcriber", message_id)


@pytest.mark.parametrize("before", BEFORE)
def test_receipts_in_any_order_and_number_end_in_the_same_state(before: MessageState) -> None:
    reached = [MessageState.ACCEPTED, MessageState.DELIVERED, MessageState.FAILED, MessageState.EXPIRED]
    for length in range(1, 5):
        for chosen in permutations(reached, length):
            ends = {_end(before, order) for order in permutations((*chosen, chosen[0]))}
            assert len(ends) == 1, (before, chosen, ends)


def _end(state: MessageState, order: tuple[MessageState, ...]) -> MessageState:
    for after in order:
        state = after if after in MESSAGE_MOVES[state] else state
    return state


@pytest.mark.parametrize("order", [*permutations(("Sent", "Expired", "Failed", "Success"))])
def test_shuffled_and_doubled_receipts_end_delivered(engine: Engine, clock: MovedClock, order: tuple[str, ...]) -> None:
    message_id = sent(engine, clock, MessageState.ACCEPTED)
    for status in (*order, *order):
        receive(engine, clock, status)
    message = read(engine, message_id)
    assert message.state is MessageState.DELIVERED
    assert message.final_at is not None


def test_a_receipt_of_nothing_we_know_is_kept(engine: Engine, clock: MovedClock) -> None:
    message_id = sent(engine, clock, MessageState.ACCEPTED)
    receive(engine, clock, "Success", provider_id="somebody-elses")
    assert read(engine, message_id).state is MessageState.ACCEPTED
    with transaction(engine) as session:
        assert session.scalars(select(Receipt.message_id)).one() is None


def test_the_only_message_in_doubt_takes_the_receipt_of_an_id_nobody_knows(engine: Engine, clock: MovedClock) -> None:
    message_id = sent(engine, clock, MessageState.UNKNOWN, provider_id=None)
    receive(engine, clock, "Sent", provider_id="late")
    receive(engine, clock, "Success", provider_id="late")
    message = read(engine, message_id)
    assert (message.state, message.provider_id) == (MessageState.DELIVERED, "late")


@pytest.mark.parametrize("other", [MessageState.UNKNOWN, MessageState.ATTEMPTING])
def test_of_two_messages_that_may_have_left_none_takes_the_receipt(
    engine: Engine, clock: MovedClock, other: MessageState
) -> None:
    message_id = sent(engine, clock, MessageState.UNKNOWN, provider_id=None)
    other_id = sent(engine, clock, other, provider_id=None, event="y")
    receive(engine, clock, "Success", provider_id="late")
    assert read(engine, message_id).state is MessageState.UNKNOWN
    assert read(engine, other_id).state is other


def test_a_receipt_waits_for_the_send_that_is_being_recorded(engine: Engine, clock: MovedClock) -> None:
    message_id = sent(engine, clock, MessageState.ATTEMPTING, provider_id=None)
    carrier = Thread(target=receive, args=(engine, clock, "Success"))
    with transaction(engine) as session:
        lock_phones(session, {PHONE})
        message = session.get_one(Message, message_id)
        message.state, message.provider_id = MessageState.ACCEPTED, "a1"
        adopt_receipts(session, message)
        carrier.start()
        carrier.join(0.3)  # without the lock it would look now, and find no message of that id
    carrier.join()
    assert read(engine, message_id).state is MessageState.DELIVERED


def test_words_longer_than_their_columns_and_control_characters_are_kept_short(
    engine: Engine, clock: MovedClock
) -> None:
    receive(engine, clock, "x" * 500, provider_id="i\x00" * 500, reason="r" * 500)
    with transaction(engine) as session:
        receipt = session.scalars(select(Receipt)).one()
        assert (len(receipt.status), len(receipt.reason)) == (40, 60)
        assert len(receipt.provider_id) <= 120
