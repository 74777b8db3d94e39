"""Every screen that any caller can reach, in every language: it fits the smallest phone, and nobody is lost on it."""

import re
from collections import Counter, deque
from collections.abc import Collection, Iterator, Mapping
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Self

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

import ussd.dialogues
from service.locales import Language
from service.messaging.segments import measure
from service.models.base import Base
from service.models.session import make_engine
from tests.service.locales.catalogues import texts
from tests.ussd.cast import CAST, INVITATION, PIN, Names, Play
from tests.ussd.walk import NOW, Walker
from tests.world import SECRETARY, settle
from ussd.dialogues.home import OFFERED
from ussd.dialogues.projects import LINES
from ussd.engine.dialogue import Dialogue
from ussd.engine.journal import DRAFTED, ENTERED, LOOKED, Journal
from ussd.engine.prompts import Menu, Prompt, Review
from ussd.engine.replay import BACK, MENU, MORE, Screen
from ussd.engine.typed import Amount, Date, Number, Text, Typed

LONGEST = {
    Language.AR: "جمعية أيت عبد الله للتنمية والتعاون تالوين",
    Language.FR: "Association Aït Abdallah développement eau",
    Language.SHI: "Tamsmunt n Ayt 3bdllah i tnmukkrt d waman",
    Language.EN: "Ait Abdallah Association for water & roads",
}
WRONG = ("", "xyz", "999999999999", "x" * 300, "ه" * 300, "😀", "1234", "9173", SECRETARY)
# Turning a page is a key too.
MOST_KEYS = 3
OFTEN = 3  # nothing is asked more often, but a code that does not open
# What only some words or digits fit.
PARTICULAR = {
    **dict.fromkeys(("association.place.typed", "diaspora.origins.typed"), "Taliouine"),
    **dict.fromkeys(("officers.add.number", "officers.hand_over.number"), "+212600000099"),
    **dict.fromkeys(("pin.ask", "pin.new", "pin.again"), PIN),
    **dict.fromkeys(("join.code", "join.code.again"), INVITATION),
    "diaspora.country.typed": "Allemagne",
    "resident.reference": "K7-4Q2",
}
FEWEST_SCREENS, MANY_SCREENS = 8, 1_500
# Who is invited may do what any newcomer does; that is walked once.
WALKED_BEFORE = {
    "invited": {"association.register", "diaspora.enrol", "resident.join"},
    "resident": {"association.register", "diaspora.enrol", "officers.join"},
    "idle resident": {"association.register", "diaspora.enrol", "officers.join"},
}
OF_A_PROJECT = {one.leads_to.name for one in LINES.values() if isinstance(one.leads_to, Dialogue)}
# Answers that make themselves felt further on than on the next screen.
DECISIVE = {"need.sector", "progress.milestone", "progress.problem.help", "sheet.ask", "sheet.name"}
ON_A_MENU = re.compile(r"(98 \S+  )?0 \S+")
ELSEWHERE = re.compile(r"(98 \S+  )?0 \S+  00 \S+")
# No walk comes by: the world must move between two keys, a text must have begun it, or everything be passed over.
SELDOM = {
    *("vouch.none", "code.for.vouch"),
    *("agree.none", "interest.none", "pledge.none", "progress.none", "progress.confirm.none", "proposals.none"),
    *("testimony.none", "testimony.mine.none", "testimony.added", "sheet.none", "code.for.sheet", "project.none"),
    *("ended.moved", "notice.changed", "callback.late", "coordinator.nobody"),
    *("code.ask", "code.wrong", "pin.dial", "pledge.unknown", "resident.unknown", "spot.none"),
    *("need.details.nothing", "need.state.unasked"),
    *("plan.none", "arrival.count.none"),
    *(
        f"code.for.{deed}"
        for deed in ("accept", "pledge", "plan", "line", "arrival", "count", "add", "remove", "hand_over", "agree")
    ),
    *(f"code.for.{deed}" for deed in ("progress", "testimony", "resident", "leave", "decide")),
    *(f"code.for.{deed}" for deed in ("handing", "follow_up", "reopen", "dispute", "withdraw")),
}
# Of several projects a walk goes into one: whether all others have agreed to its plan depends on the language's order.
PERHAPS = {"plan.agreed"}


class Walk(Walker):
    """Walks everywhere, also where a wrong answer leads; notes each screen, and in how many keys a dialogue begins."""

    def __init__(self, session: Session, phone: str, language: Language, refused: set[str]) -> None:
        super().__init__(session, phone, language)
        self.seen: dict[str, Screen] = {}
        self.keys_to: dict[str, int] = {}
        self.said: frozenset[str] = frozenset()
        self._refused = refused  # the screens where wrong answers were tried, by whomever
        self._but: Collection[str] = ()
        self._been: set[object] = set()
        self._given: set[object] = set()
        self._ahead: deque[tuple[Journal, Screen, Prompt, int]] = deque()

    def everywhere(self, but: Collection[str] = ()) -> Self:
        """Go; not into the dialogues `but` these."""
        self._but = but
        self._come(*self.first(), 0)
        while self._ahead:
            here, screen, prompt, keys = self._ahead.popleft()
            self._check_ways(here, screen, prompt)
            for given, typed in self._answers(here, screen, prompt):
                # To the same question, come to in the same way, an answer is given once; a line is corrected once.
                same = tuple(prompt.lines) if isinstance(prompt, Review) and given != "send" else _way(here)
                mark = (prompt.key, same, given)
                if given == MORE or mark not in self._given:
                    self._given.add(mark)
                    # A screen of Arabic holds so little that pages are turned everywhere; that is not counted.
                    turned = given == MORE and self.language is Language.AR
                    self._come(*self.step(here, typed), keys + (not turned))
            if screen.text not in self._refused:
                self._refused.add(screen.text)
                self._try_wrong(here)
        self.said = self.heard()
        return self

    def _come(self, journal: Journal, screen: Screen, keys: int) -> None:
        """Arrive; a place that looks the same and was come to by the same questions is the same."""
        self._look(screen)
        entered = [key[1:] for key, _ in journal.entries if key.startswith((DRAFTED, ENTERED))]
        self.keys_to[entered[-1]] = min(keys, self.keys_to.get(entered[-1], keys))
        prompt = None if screen.ended or entered[-1] in self._but else self.player.asked(journal)
        if not prompt:
            return
        place = (prompt.key, screen.text, journal.page, _way(journal))
        if place not in self._been:
            self._been.add(place)
            self._ahead.append((journal, screen, prompt, keys))

    def _look(self, screen: Screen) -> None:
        size = measure(screen.text)
        assert size.units <= (160 if size.encoding == "gsm7" else 70), screen.text
        assert screen.text.strip()
        assert "{" not in screen.text
        self.seen[screen.text] = screen

    def _check_ways(self, here: Journal, screen: Screen, prompt: Prompt) -> None:
        """Back leads back, the menu to a menu; both are written on the screen."""
        last = screen.text.split("\n")[-1]
        menu, back = self.step(here, MENU)[0], self.step(here, BACK)[0]
        assert isinstance(self.player.asked(menu), Menu), screen.text
        if isinstance(prompt, Menu):
            # Where there is nowhere to go back to, 0 is help; before the language is known there is none to give.
            assert prompt.zero is None or ON_A_MENU.fullmatch(last), screen.text
            return
        assert ELSEWHERE.fullmatch(last), screen.text
        assert _depth(back) < _depth(here), screen.text

    def _try_wrong(self, here: Journal) -> None:
        for typed in (*WRONG, LONGEST[self.language][:40]):
            there, screen = self.step(here, typed)
            if there.entries == here.entries:
                self._look(screen)
        if here.begun:
            resumed = self.player.resume(here.copy())
            assert "\n1 " in resumed.text
            self._look(resumed)

    def _answers(self, here: Journal, screen: Screen, prompt: Prompt) -> list[tuple[str, str]]:
        """Return what may be answered and how to type it, the longest lines first: later screens show the first."""
        numbered = [(value, text, str(number)) for number, (value, text) in enumerate(here.shown, 1)]
        seen = [line for line in numbered if f"\n{line[2]} " in f"\n{screen.text}"]
        mine = [line for line in seen if prompt.key != "language" or line[0] == self.language]
        chosen = [(value, number) for value, _, number in sorted(mine, key=lambda line: -len(line[1]))]
        words = [self._right(prompt), *(["1"] if _skippable(prompt) else [])] if not here.shown else []
        typed = [(word, word) for word in words]
        help_ = [(BACK, BACK)] if isinstance(prompt, Menu) and prompt.zero else []
        return [*([(MORE, MORE)] if here.more else []), *chosen, *typed, *help_]

    def _right(self, prompt: Prompt) -> str:
        """Return what the question accepts, as long as may be."""
        if prompt.key in PARTICULAR:
            return PARTICULAR[prompt.key]
        match prompt:
            case Number() | Amount():
                return str(prompt.high)
            case Date():
                return f"{prompt.last:%d/%m/%Y}"
            case Text():
                # Not the very name that another association has.
                return (LONGEST[self.language] * 3)[1 : prompt.longest].strip()
        return BACK


def _skippable(prompt: Prompt) -> bool:
    return isinstance(prompt, Typed) and bool(prompt.none)


def _way(journal: Journal) -> object:
    """Return how one came here: which questions were answered and how often, not in which order or with what.

    Of the answers only those count that decide about questions further on.
    """
    entries = [(key, value) for key, value in journal.entries if not key.startswith(LOOKED)]
    often = max(Counter(key for key, _ in entries).values(), default=0)
    asked = frozenset(f"{key} {value}" if key in DECISIVE else key for key, value in entries)
    return asked, min(often, OFTEN), journal.correcting, bool(journal.before)


def _depth(journal: Journal) -> tuple[int, int, int]:
    return len(journal.before or journal.entries), journal.correcting + bool(journal.before), journal.page


@pytest.fixture(scope="module")
def country(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    engine = make_engine(f"sqlite:///{tmp_path_factory.mktemp('screens')}/tiwizi.db")
    Base.metadata.create_all(engine)
    settle(engine)
    yield engine
    engine.dispose()


@pytest.fixture(scope="module", params=Language)
def walked(request: pytest.FixtureRequest, country: Engine) -> tuple[Language, Mapping[str, Walk]]:
    """What everyone saw, in one language."""
    language = request.param
    name, other = LONGEST[language][:40], LONGEST[language][2:42]
    names = Names(name, name, name, name, name[:30], (name, other), "x" * 200)
    refused: set[str] = set()
    walks = {}
    with Session(country) as session:
        Play(session, NOW, language, names).coordinator()
        walks["idle coordinator"] = Walk(session, CAST["coordinator"], language, refused).everywhere()
        session.rollback()
        Play(session, NOW, language, names).begin()
        for who, phone in CAST.items():
            walks[who] = Walk(session, phone, language, refused).everywhere(WALKED_BEFORE.get(who, ()))
        session.rollback()
    for who, walk in walks.items():
        _write_down(language, who, walk.seen)
    return language, walks


Walked = tuple[Language, Mapping[str, Walk]]


def test_every_screen_fits_and_shows_the_ways_that_lead_on(walked: Walked) -> None:
    # Each was looked at where it was come to (`Walk`): what is left to see is that everybody came somewhere.
    _, walks = walked
    assert all(len(walk.seen) > FEWEST_SCREENS for walk in walks.values())
    assert sum(len(walk.seen) for walk in walks.values()) > MANY_SCREENS


def test_every_dialogue_is_reached_in_three_keys(walked: Walked) -> None:
    _, walks = walked
    behind = [line.leads_to for line in LINES.values()]
    offered = {one.name for one in (*OFFERED.values(), *behind) if isinstance(one, Dialogue)}
    assert len(offered) == len({*OFFERED.values(), *behind})
    fewest = {name: min(_keys_to(name, walks), default=None) for name in offered}
    assert {name for name, keys in fewest.items() if keys is None} == set()
    assert {name: keys for name, keys in fewest.items() if keys and keys > MOST_KEYS} == {}
    # No caller needs more than one key more.
    most = {name: max(_keys_to(name, walks)) for name in offered}
    # What is of a project asks which.
    most_keys = {name: MOST_KEYS + 1 + (name in OF_A_PROJECT) for name in most}
    assert {name: keys for name, keys in most.items() if keys > most_keys[name]} == {}


def _keys_to(name: str, walks: Mapping[str, Walk]) -> list[int]:
    return [walk.keys_to[name] for walk in walks.values() if name in walk.keys_to]


def test_every_dialogue_that_exists_is_offered_to_somebody(walked: Walked) -> None:
    _, walks = walked
    modules = [import_module(f"ussd.dialogues.{module.name}") for module in iter_modules(ussd.dialogues.__path__)]
    all_of_them = {one.name for module in modules for one in vars(module).values() if isinstance(one, Dialogue)}
    assert all_of_them - {name for walk in walks.values() for name in walk.keys_to} == set()


def test_every_text_is_on_some_screen(walked: Walked) -> None:
    language, walks = walked
    heard = {key for walk in walks.values() for key in walk.said}
    seldom = SELDOM | {f"coordinator.language.{other}" for other in Language if other != language}
    assert set(texts(language, "ussd")) - heard - PERHAPS == seldom


def _write_down(language: Language, who: str, screens: dict[str, Screen]) -> None:
    """Leave the screens where a person can read them aloud."""
    folder = Path("build/screens")
    folder.mkdir(parents=True, exist_ok=True)
    shown = (f"{text}\n[{measure(text).units} {measure(text).encoding}]" for text in screens)
    (folder / f"{language}-{who}.txt").write_text("\n\n".join(shown))
