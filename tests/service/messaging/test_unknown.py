"""What is in doubt: a receipt settles it, else it is sent once more if that does no harm, else it is shown."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from service.container import Container
from service.domain.states import MessageState
from service.gateways.base import Outcome, Sent
from service.messaging.claims import FRESH_DOUBT
from service.messaging.outbox import tell
from service.messaging.receipts import DOUBTED, take_receipt
from service.messaging.sender import drain
from service.messaging.unknown import adopt_late_receipts, resend_unknown
from service.models import Attempt, Message, Receipt
from service.models.session import reading, transaction
from tests.conftest import MovedClock
from tests.service.messaging.test_budget import guarded
from tests.service.messaging.test_sender import FakeGateway

PHONE = "+33639980001"
DOUBT = Sent(Outcome.UNKNOWN, reason="time-out")


@pytest.fixture
def gateway() -> FakeGateway:
    return FakeGateway(lambda _: DOUBT)


@pytest.fixture
def post(container: Container, gateway: FakeGateway) -> Container:
    return guarded(container, gateway)


def doubted(post: Container, template: str = "refused", events: tuple[str, ...] = ("a",)) -> None:
    """Send, and nobody answers for it; between two of them the phone has waited."""
    assert isinstance(post.clock, MovedClock)
    for event in events:
        if event != events[0]:
            post.clock.now += FRESH_DOUBT
        with transaction(post.engine) as session:
            tell(session, post.clock(), event=event, phone=PHONE, template=template, reference="K7", association="A")
        drain(post)


def resend(post: Container) -> int:
    with transaction(post.engine) as session:
        return resend_unknown(session, post.clock())


def states(post: Container) -> list[MessageState]:
    with reading(post.engine) as session:
        return list(session.scalars(select(Message.state).order_by(Message.id)))


def receive(post: Container, provider_id: str, status: str = "Success") -> None:
    with transaction(post.engine) as session:
        take_receipt(
            session,
            post.clock(),
            gateway="africastalking",
            provider_id=provider_id,
            phone=PHONE,
            status=status,
            reason="",
        )


def test_what_stays_in_doubt_is_sent_once_more_and_only_once(
    post: Container, gateway: FakeGateway, clock: MovedClock
) -> None:
    doubted(post)
    assert resend(post) == 0
    clock.now += DOUBTED
    assert resend(post) == 1
    assert drain(post) == 1
    clock.now += DOUBTED * 2
    assert resend(post) == 0
    assert drain(post) == 0
    assert len(gateway.sent) == 2
    assert states(post) == [MessageState.UNKNOWN]
    with reading(post.engine) as session:
        assert [one.outcome for one in session.scalars(select(Attempt))] == ["unknown", "unknown"]


def test_a_reply_is_sent_once_more_while_it_is_still_awaited(post: Container, clock: MovedClock) -> None:
    doubted(post, "which_reference")
    clock.now += FRESH_DOUBT
    assert resend(post) == 1


def test_while_a_doubt_is_fresh_its_phone_waits_and_no_other_does(
    post: Container, gateway: FakeGateway, clock: MovedClock
) -> None:
    doubted(post)
    gateway.answer = lambda message: Sent(Outcome.ACCEPTED, message.id)
    for phone in (PHONE, "+212612345678"):
        with transaction(post.engine) as session:
            tell(session, post.clock(), event="b", phone=phone, template="refused", reference="K7", association="A")
    assert drain(post) == 1
    assert [one.phone for one in gateway.sent] == [PHONE, "+212612345678"]
    clock.now += FRESH_DOUBT
    assert drain(post) == 1
    assert states(post) == [MessageState.UNKNOWN, MessageState.ACCEPTED, MessageState.ACCEPTED]


def test_a_phone_whose_doubt_is_settled_waits_no_more(post: Container, gateway: FakeGateway) -> None:
    doubted(post)
    gateway.answer = lambda message: Sent(Outcome.ACCEPTED, message.id)
    receive(post, "x1")
    with transaction(post.engine) as session:
        tell(session, post.clock(), event="b", phone=PHONE, template="refused", reference="K7", association="A")
    assert drain(post) == 1
    assert states(post) == [MessageState.DELIVERED, MessageState.ACCEPTED]


def test_what_would_do_harm_twice_is_left_for_people_to_look_at(post: Container, clock: MovedClock) -> None:
    doubted(post, "officer_switched_off")
    clock.now += DOUBTED * 3
    assert resend(post) == 0
    assert states(post) == [MessageState.UNKNOWN]


def test_what_is_no_longer_worth_sending_is_not_sent_again(post: Container, clock: MovedClock) -> None:
    doubted(post)
    clock.move(days=8)
    assert resend(post) == 0


def test_a_receipt_that_came_settles_the_doubt_and_nothing_is_sent_again(post: Container, clock: MovedClock) -> None:
    doubted(post)
    receive(post, "x1")
    assert states(post) == [MessageState.DELIVERED]
    clock.now += DOUBTED
    assert resend(post) == 0


def test_as_many_late_receipts_as_doubts_settle_them_all_in_their_order(post: Container, clock: MovedClock) -> None:
    doubted(post, events=("a", "b"))
    clock.now += FRESH_DOUBT
    receive(post, "x1", "Failed")
    assert states(post) == [MessageState.UNKNOWN] * 2
    receive(post, "x2")
    assert states(post) == [MessageState.FAILED, MessageState.DELIVERED]


def test_an_id_that_was_heard_of_before_a_message_left_is_not_its(post: Container, clock: MovedClock) -> None:
    with transaction(post.engine) as session:
        tell(session, post.clock(), event="a", phone=PHONE, template="refused", reference="K7", association="A")
    receive(post, "x1", "Sent")
    clock.now += timedelta(seconds=1)
    drain(post)
    receive(post, "x1")
    assert states(post) == [MessageState.UNKNOWN]


def test_an_old_doubt_does_not_keep_a_young_one_from_its_receipt(post: Container, clock: MovedClock) -> None:
    doubted(post)
    clock.now += DOUBTED
    doubted(post, events=("b",))
    receive(post, "x1")
    assert states(post) == [MessageState.UNKNOWN, MessageState.DELIVERED]


def test_an_id_that_comes_soon_after_a_call_is_that_calls_whatever_else_is_in_doubt(
    post: Container, clock: MovedClock
) -> None:
    doubted(post, events=("a", "b", "c"))
    clock.move(minutes=1)
    receive(post, "x1")
    assert states(post) == [MessageState.UNKNOWN, MessageState.UNKNOWN, MessageState.DELIVERED]


def test_a_late_id_that_may_be_of_what_was_sent_once_more_is_nobodys(
    post: Container, gateway: FakeGateway, clock: MovedClock
) -> None:
    doubted(post)
    clock.now += FRESH_DOUBT
    doubted(post, events=("b",))
    clock.now += FRESH_DOUBT
    receive(post, "x1")  # of the first or of the second, of which the other never left
    gateway.answer = lambda _: Sent(Outcome.ACCEPTED, "x2")
    clock.now += DOUBTED - 2 * FRESH_DOUBT
    assert resend(post) == 1
    drain(post)
    receive(post, "x1")
    with transaction(post.engine) as session:
        adopt_late_receipts(session)
    assert states(post) == [MessageState.ACCEPTED, MessageState.UNKNOWN]


def test_the_job_adopts_what_was_missed(post: Container, gateway: FakeGateway, clock: MovedClock) -> None:
    gateway.answer = lambda _: Sent(Outcome.ACCEPTED, "x1")
    doubted(post)
    with transaction(post.engine) as session:
        session.add(
            Receipt(
                gateway="africastalking",
                provider_id="x1",
                phone=PHONE,
                status="Success",
                reason="",
                received_at=clock(),
            )
        )
    with transaction(post.engine) as session:
        assert adopt_late_receipts(session) == 1
        assert adopt_late_receipts(session) == 0
    assert states(post) == [MessageState.DELIVERED]


def test_a_message_too_late_to_be_news_expires_unsent(post: Container, gateway: FakeGateway, clock: MovedClock) -> None:
    with transaction(post.engine) as session:
        tell(session, post.clock(), event="a", phone=PHONE, template="which_reference")
    clock.now += timedelta(hours=6)
    assert drain(post) == 0
    assert (states(post), gateway.sent) == ([MessageState.EXPIRED], [])
