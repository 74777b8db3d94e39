"""The outbox is emptied: once each, with nothing lost and nothing doubled, whatever the gateway or the process does."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from threading import Barrier, Thread

import pytest
from sqlalchemy import Engine, event, func, select
from sqlalchemy.exc import OperationalError

from service.container import Container
from service.domain.states import MessageState
from service.gateways.base import Gateway, Outcome, Outgoing, Sent
from service.messaging.outbox import tell
from service.messaging.receipts import take_receipt
from service.messaging.sender import LEASE, MOST_ATTEMPTS, drain
from service.models import Message, Receipt
from service.models.session import transaction
from service.usecases.phones import start, stop
from tests.conftest import MovedClock

PHONE = "+212612345678"
UNREACHABLE = Sent(Outcome.RETRY, reason="refused")


@dataclass
class FakeGateway:
    """Answers as it is told to; `sent` is what reached it."""

    answer: Callable[[Outgoing], Sent] = lambda message: Sent(Outcome.ACCEPTED, f"id-{message.id}")
    name: str = "africastalking"
    repeatable: bool = False
    bulk: int = 1
    connections: int = 1
    sent: list[Outgoing] = field(default_factory=list)

    def send(self, batch: Sequence[Outgoing]) -> list[Sent]:
        self.sent.extend(batch)
        return [self.answer(message) for message in batch]


@pytest.fixture
def gateway() -> FakeGateway:
    return FakeGateway()


@pytest.fixture
def post(container: Container, gateway: FakeGateway) -> Container:
    """A service all of whose messages go through the fake gateway."""
    settings = container.settings.model_copy(update={"sms_routes": {"*": (gateway.name,)}})
    return replace(container, settings=settings, gateways={gateway.name: gateway})


def queue(post: Container, count: int = 1, phone: str = PHONE) -> None:
    with transaction(post.engine) as session:
        for number in range(count):
            reference = f"K{number}"
            tell(session, post.clock(), event=reference, phone=phone, template="need_saved", reference=reference)


def read(engine: Engine) -> Message:
    with transaction(engine) as session:
        return session.scalars(select(Message).order_by(Message.id)).first() or pytest.fail("no message")


def states(engine: Engine) -> dict[MessageState, int]:
    with transaction(engine) as session:
        rows = session.execute(select(Message.state, func.count()).group_by(Message.state))
        return {state: count for state, count in rows}  # noqa: C416  # rows are no pairs to the type checker


@pytest.mark.parametrize(
    ("sent", "state", "provider_id"),
    [
        (Sent(Outcome.ACCEPTED, "a1"), MessageState.ACCEPTED, "a1"),
        (Sent(Outcome.ACCEPTED), MessageState.ACCEPTED, None),
        (Sent(Outcome.DELIVERED, "d1"), MessageState.DELIVERED, "d1"),
        (Sent(Outcome.REFUSED, reason="403"), MessageState.FAILED, None),
        (Sent(Outcome.UNKNOWN, reason="time-out"), MessageState.UNKNOWN, None),
        (UNREACHABLE, MessageState.QUEUED, None),
    ],
)
def test_an_outcome_becomes_a_state(
    post: Container, gateway: FakeGateway, sent: Sent, state: MessageState, provider_id: str | None
) -> None:
    gateway.answer = lambda _: sent
    queue(post)
    assert drain(post) == 1
    message = read(post.engine)
    assert (message.state, message.provider_id, message.reason) == (state, provider_id, sent.reason)
    # What surely did not leave may go another way the next time.
    assert (message.gateway, message.attempts) == (None if sent is UNREACHABLE else gateway.name, 1)
    assert drain(post) == 0
    assert len(gateway.sent) == 1


def test_messages_leave_in_the_order_they_were_written_up_to_the_limit(post: Container, gateway: FakeGateway) -> None:
    queue(post, 5)
    assert drain(post, limit=3) == 3
    assert drain(post, limit=3) == 2
    assert [message.text.partition("réf. ")[2][:2] for message in gateway.sent] == ["K0", "K1", "K2", "K3", "K4"]
    assert len({message.id for message in gateway.sent}) == 5


def test_the_claim_is_on_disk_and_no_transaction_is_open_during_the_call(post: Container, gateway: FakeGateway) -> None:
    seen = []

    def look(_: Outgoing) -> Sent:
        message = read(post.engine)  # on SQLite this would wait for a writer that is waiting for us
        seen.append((message.state, message.lease_until, message.attempt_id is not None))
        return Sent(Outcome.ACCEPTED, "a1")

    gateway.answer = look
    queue(post)
    drain(post)
    assert seen == [(MessageState.ATTEMPTING, post.clock() + LEASE, True)]
    assert read(post.engine).lease_until is None


def test_what_was_answered_while_the_database_is_away_is_recorded_when_it_is_back(
    post: Container, gateway: FakeGateway
) -> None:
    away: list[str] = []

    def fail(*_: object) -> None:
        if away:
            raise OperationalError(away.pop(), None, Exception())

    def go_away(_: Outgoing) -> Sent:
        away.append("the database is away")
        return Sent(Outcome.ACCEPTED, "a1")

    gateway.answer = go_away
    queue(post)
    event.listen(post.engine, "before_cursor_execute", fail)
    assert drain(post) == 1
    event.remove(post.engine, "before_cursor_execute", fail)
    assert (read(post.engine).state, read(post.engine).provider_id) == (MessageState.ACCEPTED, "a1")
    assert len(gateway.sent) == 1


def test_what_did_not_leave_waits_longer_each_time_and_ends_after_five_attempts(
    post: Container, gateway: FakeGateway, clock: MovedClock
) -> None:
    gateway.answer = lambda _: UNREACHABLE
    queue(post)
    waits = []
    for _ in range(MOST_ATTEMPTS):
        assert drain(post) == 1
        waits.append(read(post.engine).next_at - clock())
        assert drain(post) == 0
        clock.now = max(clock.now, read(post.engine).next_at)
    for minutes, wait in zip((1, 4, 16, 64), waits, strict=False):
        assert timedelta(minutes=minutes) * 0.75 <= wait <= timedelta(minutes=minutes) * 1.25
    message = read(post.engine)
    assert (message.state, message.attempts, message.reason) == (MessageState.FAILED, 5, "refused")
    clock.move(days=30)
    assert drain(post) == 0
    assert len({message.id for message in gateway.sent}) == 1


def test_a_process_that_dies_in_the_call_leaves_one_message_unknown_and_never_sent_twice(
    post: Container, gateway: FakeGateway, clock: MovedClock
) -> None:
    def die(_: Outgoing) -> Sent:
        raise SystemExit

    queue(post)
    gateway.answer = die
    with pytest.raises(SystemExit):
        drain(post)
    assert states(post.engine) == {MessageState.ATTEMPTING: 1}

    queue(post, phone="+33639980001")
    gateway.answer = lambda message: Sent(Outcome.ACCEPTED, message.id)
    drain(post)
    assert states(post.engine) == {MessageState.ATTEMPTING: 1, MessageState.ACCEPTED: 1}

    clock.now += LEASE + timedelta(seconds=1)
    drain(post)
    assert states(post.engine) == {MessageState.UNKNOWN: 1, MessageState.ACCEPTED: 1}
    clock.move(days=30)
    drain(post)
    assert states(post.engine) == {MessageState.UNKNOWN: 1, MessageState.ACCEPTED: 1}
    assert len(gateway.sent) == 2


@pytest.mark.parametrize(
    ("late", "state"),
    [
        (Sent(Outcome.ACCEPTED, "a1"), MessageState.ACCEPTED),
        (UNREACHABLE, MessageState.QUEUED),
    ],
)
def test_an_answer_after_the_lease_settles_the_doubt(
    post: Container, gateway: FakeGateway, clock: MovedClock, late: Sent, state: MessageState
) -> None:
    def answer_late(_: Outgoing) -> Sent:
        clock.now += LEASE + timedelta(seconds=1)
        assert drain(post) == 0  # another process, which finds the lease ended
        assert read(post.engine).state is MessageState.UNKNOWN
        return late

    gateway.answer = answer_late
    queue(post)
    drain(post)
    assert read(post.engine).state is state
    assert drain(post) == 0


def test_an_answer_to_another_attempt_is_not_recorded(post: Container, gateway: FakeGateway) -> None:
    def be_overtaken(_: Outgoing) -> Sent:
        with transaction(post.engine) as session:
            session.scalars(select(Message)).one().attempt_id = "another"
        return Sent(Outcome.ACCEPTED, "a1")

    gateway.answer = be_overtaken
    queue(post)
    drain(post)
    assert read(post.engine).state is MessageState.ATTEMPTING


def test_an_answer_that_comes_after_its_receipts_takes_nothing_back(post: Container, gateway: FakeGateway) -> None:
    def be_overtaken(_: Outgoing) -> Sent:
        with transaction(post.engine) as session:
            session.scalars(select(Message)).one().state = MessageState.DELIVERED
        return Sent(Outcome.ACCEPTED, "a1")

    gateway.answer = be_overtaken
    queue(post)
    drain(post)
    assert read(post.engine).state is MessageState.DELIVERED


def test_many_senders_at_once_send_each_message_once(post: Container, gateway: FakeGateway) -> None:
    queue(post, 24)
    together = Barrier(4)
    counts = []

    def work() -> None:
        together.wait()
        counts.append(drain(post))

    workers = [Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sum(counts) == 24
    assert len({message.id for message in gateway.sent}) == len(gateway.sent) == 24
    assert states(post.engine) == {MessageState.ACCEPTED: 24}


def test_a_message_written_while_its_phone_said_stop_is_not_sent(post: Container, gateway: FakeGateway) -> None:
    queue(post)
    with transaction(post.engine) as session:
        stop(session, post.clock(), PHONE, "sms")
        session.scalars(select(Message).where(Message.template == "need_saved")).one().state = MessageState.QUEUED
    assert drain(post) == 1
    assert [message.text for message in gateway.sent if "START" in message.text] == [gateway.sent[0].text]
    assert states(post.engine) == {MessageState.CANCELLED: 1, MessageState.ACCEPTED: 1}
    with transaction(post.engine) as session:
        start(session, post.clock(), PHONE, "ussd")
    assert drain(post) == 0


def test_a_receipt_that_beat_the_answer_is_adopted(post: Container, gateway: FakeGateway) -> None:
    def receipt_first(_: Outgoing) -> Sent:
        with transaction(post.engine) as session:
            take_receipt(
                session,
                post.clock(),
                gateway=gateway.name,
                provider_id="a1",
                phone=PHONE,
                status="Success",
                reason="",
            )
        return Sent(Outcome.ACCEPTED, "a1")

    gateway.answer = receipt_first
    queue(post)
    drain(post)
    message = read(post.engine)
    assert (message.state, message.final_at) == (MessageState.DELIVERED, post.clock())
    with transaction(post.engine) as session:
        assert session.scalars(select(Receipt.message_id)).all() == [message.id]


def test_each_number_goes_through_the_gateway_of_its_prefix(post: Container, gateway: FakeGateway) -> None:
    home: FakeGateway = FakeGateway(name="console")
    gateways: dict[str, Gateway] = {home.name: home, gateway.name: gateway}
    settings = post.settings.model_copy(update={"sms_routes": {"+212": (home.name,), "*": (gateway.name,)}})
    queue(post)
    queue(post, phone="+33639980001")
    drain(replace(post, settings=settings, gateways=gateways))
    assert [message.phone for message in home.sent] == [PHONE]
    assert [message.phone for message in gateway.sent] == ["+33639980001"]
