"""Texts out and receipts in, over real HTTP both ways: the database ends with what the carrier's ledger says."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest
from flask import Flask
from sqlalchemy import select

from service.container import Container
from service.domain.states import MessageState
from service.messaging.outbox import tell
from service.messaging.sender import drain
from service.models import Message, Phone, Receipt
from service.models.session import transaction
from service.web.receipts import receipts_blueprint
from tests.peers.africastalking import AfricasTalkingPeer, Carrier, Mood
from tests.peers.africastalking.receipts import STATUSES
from tests.peers.hooks import served
from tests.service.gateways.test_africastalking import gateway_at

PHONES = [f"+2126000000{number:02d}" for number in range(20)]
TOKEN = "a-hook-token-for-tests-only"


@dataclass
class Post:
    """A service that sends through the stand-in, and the carrier that tells its hooks what became of the texts."""

    container: Container
    peer: AfricasTalkingPeer
    carrier: Carrier

    def queue(self) -> None:
        with transaction(self.container.engine) as session:
            for phone in PHONES:
                tell(session, self.container.clock(), event="x", phone=phone, template="refused", reference="K7-4Q2")

    def messages(self) -> dict[str, Message]:
        with transaction(self.container.engine) as session:
            return {message.phone: message for message in session.scalars(select(Message))}

    def states(self) -> dict[MessageState, int]:
        return Counter(message.state for message in self.messages().values())

    def agree(self) -> None:
        """The database knows each text of the ledger by the carrier's id, and no other."""
        ids = {phone: message.provider_id for phone, message in self.messages().items()}
        assert {line.phone: line.message_id for line in self.peer.ledger} == ids
        assert len(self.peer.ledger) == len(PHONES)


@pytest.fixture
def post(container: Container) -> Iterator[Post]:
    app = Flask(__name__)
    app.register_blueprint(receipts_blueprint(container))
    with AfricasTalkingPeer() as peer, served(app) as site:
        gateway = gateway_at(peer.url)
        settings = container.settings.model_copy(update={"sms_routes": {"*": (gateway.name,)}})
        sending = replace(container, settings=settings, gateways={gateway.name: gateway})
        post = Post(sending, peer, Carrier(f"{site}/hooks/africastalking/{TOKEN}"))
        post.queue()
        yield post


def test_receipts_doubled_and_shuffled_end_delivered(post: Post) -> None:
    assert drain(post.container) == len(PHONES)
    assert set(post.carrier.tell_all(post.peer.ledger, STATUSES, copies=2, seed=1)) == {200}
    assert post.states() == {MessageState.DELIVERED: len(PHONES)}
    assert post.peer.requests == 1
    post.agree()


@pytest.mark.parametrize(
    ("statuses", "state"),
    [
        (("Buffered", "Sent", "Submitted"), MessageState.ACCEPTED),
        (("Success", "Sent"), MessageState.DELIVERED),
        (("Rejected", "Submitted"), MessageState.FAILED),
        (("Expired",), MessageState.EXPIRED),
    ],
)
def test_receipts_that_beat_the_answer_of_the_send_count(
    post: Post, statuses: tuple[str, ...], state: MessageState
) -> None:
    told: list[int] = []
    post.peer.before_answer = lambda lines: told.extend(post.carrier.tell_all(lines[:2], statuses))
    assert drain(post.container) == len(PHONES)
    assert set(told) == {200}
    early = {line.phone for line in post.peer.ledger[:2]}
    assert {message.state for phone, message in post.messages().items() if phone in early} == {state}
    assert post.states()[MessageState.ACCEPTED] == len(PHONES) - (0 if state is MessageState.ACCEPTED else 2)
    post.agree()


@pytest.mark.parametrize("mood", [Mood.RESET, Mood.CLOSE, Mood.PARTIAL])
def test_what_was_in_doubt_is_settled_by_its_receipts_and_not_sent_again(post: Post, mood: Mood) -> None:
    post.peer.plan.append(mood)
    drain(post.container)
    assert post.states() == {MessageState.UNKNOWN: len(PHONES)}
    assert set(post.carrier.tell_all(post.peer.ledger, ("Sent", "Success"), seed=1)) == {200}
    assert post.states() == {MessageState.DELIVERED: len(PHONES)}
    drain(post.container)
    post.agree()


def test_receipts_of_texts_that_nobody_here_sent_are_kept_and_move_nothing(post: Post) -> None:
    drain(post.container)
    for phone in PHONES:
        assert post.carrier.tell("ATXid_of_another_account", phone, "Failed", "UserInBlackList") == 200
    assert post.states() == {MessageState.ACCEPTED: len(PHONES)}
    with transaction(post.container.engine) as session:
        kept = session.execute(select(Receipt.message_id, Receipt.reason)).all()
        assert {(row.message_id, row.reason) for row in kept} == {(None, "UserInBlackList")}
        assert len(kept) == len(PHONES)


def test_a_blacklisted_number_fails_and_says_no_more_than_that(post: Post) -> None:
    """It may have blocked all advertising, not us: STOP is what the opt-out hook tells."""
    post.peer.plan.append({PHONES[0]: 406})
    drain(post.container)
    assert post.carrier.opt_out(PHONES[1]) == 200
    failed = post.messages()[PHONES[0]]
    assert (failed.state, failed.reason) == (MessageState.FAILED, "406 UserInBlacklist")
    with transaction(post.container.engine) as session:
        stopped = session.scalars(select(Phone.number).where(Phone.stopped_at.is_not(None))).all()
        assert stopped == [PHONES[1]]
