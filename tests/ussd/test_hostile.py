"""What nobody should send, sent ten thousand times: every answer is CON or END, and nothing is decided by it."""

import random
from collections.abc import Iterator

import pytest

from service.app import create_app
from service.container import Container
from service.gateways.console import ConsoleGateway
from service.models.session import make_engine, reading, transaction
from service.settings import Settings
from tests.conftest import MovedClock
from tests.ussd.attack import Attack
from tests.ussd.facts import Ledger
from tests.ussd.projects import everybody
from tests.world import settle
from ussd.sessions import Conversations
from wsgi import doors

# On PostgreSQL each request that is refused, or decides, takes a trip to the server.
INPUTS = {"sqlite": 10_000, "postgresql": 1_000}


@pytest.fixture
def attack(settings: Settings, clock: MovedClock) -> Iterator[Attack]:
    # It need not wait for the disk: nothing is killed here.
    engine = make_engine(settings.database_url, durable=False)
    container = Container(settings, engine, {"console": ConsoleGateway()}, clock)
    settle(container.engine)
    with transaction(container.engine) as session:
        everybody(session, clock())
    conversations = Conversations(container)
    with create_app(container, doors(conversations)).test_client() as client:
        dice = random.Random(20_261_123)  # noqa: S311  # the same at every run; it keeps no secret
        yield Attack(client, lambda phone: asked(conversations, phone), Ledger(engine), dice, clock)
    conversations.close()
    container.engine.dispose()


def asked(conversations: Conversations, phone: str) -> str:
    """The key of the question that a text of this phone would answer."""
    with reading(conversations.container.engine) as session:
        waits = conversations.asked_by_sms(session, phone)
    return waits[0].key if waits else ""


def test_hostile_requests_are_answered_and_decide_nothing(attack: Attack) -> None:
    attack.goes_on(INPUTS[attack.ledger.engine.dialect.name])
    # An attack that is turned away at the door would try nothing.
    assert attack.seen["ussd 200"] > attack.sent / 3, attack.seen
    for answer in ("sms 200", "ussd-end 200", "ussd 400", "sms 400", "ussd-end 400"):
        assert attack.seen[answer] > attack.sent / 1_000, (answer, attack.seen)
    assert attack.seen["a decision"] > 0, attack.seen
