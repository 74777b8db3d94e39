"""Every conversation of `tests/conversations/`, over every way it can be held: USSD, USSD over HTTP, guided SMS."""

import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import chain, count, groupby, zip_longest
from statistics import median

import pytest
from sqlalchemy import select

from service.app import create_app
from service.container import Container
from service.models import Need
from service.models.session import reading, transaction
from tests.conftest import MovedClock, empty
from tests.ussd.carriers import Carrier, Direct, Http, Phone, SmsPhone
from tests.ussd.scenery import FACTS, GIVEN, PHONES, Coordinator, newest_need
from tests.ussd.script import DECIDED, Conversation, Step, conversations
from tests.world import settle
from ussd.dialogues.context import Context
from ussd.dialogues.home import OFFERED
from ussd.dialogues.projects import LINES
from ussd.engine.dialogue import Talk
from ussd.engine.replay import Screen
from ussd.hooks import hooks_blueprint
from ussd.sessions import Conversations

RUNS = [
    pytest.param(conversation, way, id=f"{way}: {conversation.story}")
    for conversation in conversations()
    for way in conversation.ways
]


WAYS = ("ussd", "http", "sms")
FEWEST_STORIES = 60
# Those that report needs on USSD, without details.
SHORT_FORMS = [
    one for one in conversations() if one.facts.get("needs", "0") != "0" and "details" not in one.facts and one.dialled
]
MENU, MOST_SCREENS = 1, 8
MOST_LETTERS, SECONDS_A_SCREEN, A_MINUTE = 400, 5, 60


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
        elif step.does in DECIDED:
            with transaction(self.container.engine) as session:
                Coordinator(session, self.clock()).does(step.does, *step.what or ("",))
        else:
            self._person(self._phone(step.who), step)

    def _phone(self, who: str) -> Phone:
        if who not in self.phones:
            self.phones[who] = self.phone_of(PHONES[who])
        return self.phones[who]

    def _person(self, phone: Phone, step: Step) -> None:
        if isinstance(phone, SmsPhone) and step.by_sms == ():
            return
        what = tuple(self._filled(one) for one in step.what)
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
            typed = what if step.by_sms is None else tuple(self._filled(one) for one in step.by_sms)
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


@pytest.fixture
def stage(container: Container, clock: MovedClock) -> Iterator["Stage"]:
    held = Conversations(container)
    yield Stage(held, clock)
    held.close()


@dataclass
class Stage:
    """Where conversations are played, one after the other, each in an empty country on the same day."""

    held: Conversations
    clock: MovedClock

    def play(self, conversation: Conversation, way: str) -> Play:
        """Play it to its end, and look at what is so then."""
        self.clock.now = MovedClock().now
        for phone in PHONES.values():
            self.held.journals.forget(phone)
        self.held.journals.flush()
        empty(self.held.container.engine)
        settle(self.held.container.engine)
        play = play_of(self.held, self.clock, conversation, way)
        play.set_up(conversation.given)
        for number, step in enumerate(conversation.steps, 1):
            try:
                play.step(step)
            except AssertionError as failed:
                raise AssertionError(f"{conversation.story}, step {number}, {step}\n{failed}") from failed
        with reading(self.held.container.engine) as session:
            assert {name: FACTS[name](session) for name in conversation.facts} == conversation.facts
        return play


def play_of(held: Conversations, clock: MovedClock, conversation: Conversation, way: str) -> Play:
    carrier: Carrier = Direct(held)
    if way == "http":
        carrier = Http(create_app(held.container, [hooks_blueprint(held)]).test_client())
    kind, ids = SmsPhone if way == "sms" or not conversation.dialled else Phone, count()
    return Play(held.container, clock, lambda number: kind(number, carrier, held, clock, ids))


@pytest.mark.parametrize(("conversation", "way"), RUNS)
def test_conversation(stage: Stage, conversation: Conversation, way: str) -> None:
    stage.play(conversation, way)


def test_sixty_and_more_stories_are_held_in_every_way() -> None:
    every_way = [one.story for one in conversations() if one.ways == WAYS]
    assert len(set(every_way)) == len(every_way) >= FEWEST_STORIES


def test_every_dialogue_is_held_to_its_end(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    left = {*OFFERED, *LINES}
    for name, talk in OFFERED.items():
        monkeypatch.setitem(OFFERED, name, noting(name, talk, left))
    for name, line in LINES.items():
        monkeypatch.setitem(LINES, name, replace(line, leads_to=noting(name, line.leads_to, left)))
    # One story of each file in turn: so all are soon told.
    files = [list(stories) for _, stories in groupby(conversations(), key=lambda one: one.about)]
    for story in filter(None, chain.from_iterable(zip_longest(*files))):
        if left:
            stage.play(story, story.ways[0])
    assert not left


def noting(name: str, talk: Callable[[Context], Talk], left: set[str]) -> Callable[[Context], Talk]:
    """Return the dialogue, which is left no more once it has come to its end."""

    def noted(ctx: Context) -> Talk:
        end = yield from talk(ctx)
        left.discard(name)
        return end

    return noted


@dataclass(frozen=True)
class Reported:
    """What it took on USSD to report a need, from the dial to the receipt: screens, and letters typed."""

    screens: int
    letters: int


def reported(play: Play) -> Iterator[Reported]:
    """Return what each need of a story took; a session that was dropped counts with the one that went on."""
    with reading(play.container.engine) as session:
        references = set(session.scalars(select(Need.reference)))
    for phone in play.phones.values():
        screens = letters = 0
        before = ("", "")
        for session_id, text, screen in phone.answered:
            typed = text.removeprefix(before[1]).removeprefix("*") if session_id == before[0] else text
            screens, letters, before = screens + 1, letters + len(typed), (session_id, text)
            if screen.ended:
                if any(reference in screen.text for reference in references):
                    yield Reported(screens, letters)
                screens = letters = 0


@pytest.mark.parametrize("village", ["village", "village in ar", "village in shi", "village in en"])
def test_the_short_form_takes_at_most_eight_screens(stage: Stage, village: str) -> None:
    """From its first question to the receipt; the Arabic summary has two pages."""
    story = next(one for one in SHORT_FORMS if one.about == "reporting" and one.given == (village,))
    (need,) = reported(stage.play(story, "ussd"))
    assert need.screens - MENU <= MOST_SCREENS


def test_most_needs_take_few_keys_and_less_than_a_minute(stage: Stage) -> None:
    needs: list[Reported] = []
    for story in SHORT_FORMS:
        needs += reported(stage.play(story, "ussd"))
    assert len(needs) >= len(SHORT_FORMS) // 2
    assert median(need.letters for need in needs) < MOST_LETTERS
    assert median(need.screens for need in needs) * SECONDS_A_SCREEN <= A_MINUTE
