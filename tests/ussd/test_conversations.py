"""Every conversation of `tests/conversations/`, over every way it can be held: USSD, USSD over HTTP, guided SMS."""

import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count

import pytest
from sqlalchemy import Engine

from service.app import create_app
from service.container import Container
from service.models.base import Base
from service.models.session import make_engine, reading, transaction
from tests.conftest import MovedClock
from tests.ussd.carriers import Carrier, Direct, Http, Phone, SmsPhone
from tests.ussd.scenery import FACTS, GIVEN, PHONES, Coordinator, newest_need
from tests.ussd.script import Conversation, Step, conversations
from tests.world import settle
from ussd.engine.replay import Screen
from ussd.hooks import hooks_blueprint
from ussd.sessions import Conversations

RUNS = [
    pytest.param(conversation, way, id=f"{way}: {conversation.story}")
    for conversation in conversations()
    for way in ("ussd", "http", "sms")
    if way != "sms" or conversation.by_sms
]


@dataclass
class Play:
    """One conversation being played."""

    container: Container
    clock: MovedClock
    phone_of: Callable[[str], Phone]
    phones: dict[str, Phone] = field(default_factory=dict)

    def set_up(self, given: tuple[str, ...]) -> None:
        with transaction(self.container.engine) as session:
            for one in given:
                GIVEN[one](session, self.clock())

    def step(self, step: Step) -> None:
        if step.who == "clock":
            number, unit = step.what[0].split(" ")
            self.clock.move(**{unit: float(number)})
        elif step.who == "coordinator":
            with transaction(self.container.engine) as session:
                Coordinator(session, self.clock()).does(step.does, *step.what or ("",))
        else:
            self._person(self._phone(step.who), step)

    def _phone(self, who: str) -> Phone:
        if who not in self.phones:
            self.phones[who] = self.phone_of(PHONES[who])
        return self.phones[who]

    def _person(self, phone: Phone, step: Step) -> None:
        what = tuple(phone.filled(self._filled(one)) for one in step.what)
        match step.does:
            case "dials" | "types" | "dials long":
                self._keys(phone, step, what)
            case "texts":
                self._look(step.sees, step.never, phone.texts(*what or ("",)))
            case "gets":
                texts = phone.unread()
                assert any(all(_says(text, self._filled(one)) for one in what) for text in texts), texts
            case "gets nothing":
                assert phone.unread() == []
            case "again":
                before = phone.inbox()
                phone.late(0)
                assert phone.inbox() == before
            case "late":
                phone.late(int(*what))
            case "loses":
                phone.loses(*what)
            case _:
                phone.drops()

    def _keys(self, phone: Phone, step: Step, what: tuple[str, ...]) -> None:
        if isinstance(phone, SmsPhone):
            if typed := what if step.by_sms is None else tuple(phone.filled(one) for one in step.by_sms):
                expected = step.sms_sees or (*step.sees, *step.ends)
                self._look(expected, step.never, phone.types(*typed).text)
            return
        begun: dict[str, Callable[..., Screen]] = {"dials": phone.dials, "dials long": phone.dials_long}
        screen = begun.get(step.does, phone.types)(*what)
        assert screen.ended == bool(step.ends), screen.text
        self._look((*step.sees, *step.ends), step.never, screen.text)

    def _look(self, expected: tuple[str, ...], never: tuple[str, ...], shown: str) -> None:
        for one in expected:
            assert _says(shown, self._filled(one)), f"{one!r} is not on the screen:\n{shown}"
        for one in never:
            assert not _says(shown, self._filled(one)), f"{one!r} is on the screen:\n{shown}"

    def _filled(self, text: str) -> str:
        if "<reference>" not in text:
            return text
        with reading(self.container.engine) as session:
            return text.replace("<reference>", newest_need(session).reference)


def _says(shown: str, words: str) -> bool:
    return _plain(words) in _plain(shown)


def _plain(text: str) -> str:
    """Without accents, capitals and line breaks: phones lose the first, screens decide the last."""
    bare = "".join(letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter))
    return " ".join(bare.casefold().split())


@pytest.fixture(scope="module")
def one_engine(database_url: str) -> Iterator[Engine]:
    """One engine for all: what it learnt of the statements stays, and the table of runs is long."""
    engine = make_engine(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def engine(one_engine: Engine) -> Iterator[Engine]:
    yield one_engine
    with one_engine.begin() as connection:
        for table in reversed(Base.metadata.sorted_tables):
            connection.execute(table.delete())


@pytest.fixture
def held(container: Container) -> Iterator[Conversations]:
    settle(container.engine)
    conversations = Conversations(container)
    yield conversations
    conversations.close()


def play_of(held: Conversations, clock: MovedClock, way: str) -> Play:
    carrier: Carrier = Direct(held)
    if way == "http":
        carrier = Http(create_app(held.container, [hooks_blueprint(held)]).test_client())
    kind, ids = SmsPhone if way == "sms" else Phone, count()
    return Play(held.container, clock, lambda number: kind(number, carrier, held, clock, ids))


@pytest.mark.parametrize(("conversation", "way"), RUNS)
def test_conversation(held: Conversations, clock: MovedClock, conversation: Conversation, way: str) -> None:
    play = play_of(held, clock, way)
    play.set_up(conversation.given)
    for number, step in enumerate(conversation.steps, 1):
        try:
            play.step(step)
        except AssertionError as failed:
            raise AssertionError(f"{conversation.story}, step {number}, {step}\n{failed}") from failed
    with reading(held.container.engine) as session:
        assert {name: FACTS[name](session) for name in conversation.facts} == conversation.facts
