"""What is one village's and its partner's, nobody else moves or learns of: by no word, with whichever reference.

Nor by a conversation that was begun for them and is gone on with by someone who no longer speaks for them.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import count

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from service.container import Container
from service.domain.errors import TiwiziError
from service.domain.reference import check_character
from service.gateways.console import ConsoleGateway
from service.locales import Language
from service.models.base import Base
from service.models.session import make_engine, reading, transaction
from service.settings import Settings
from tests.conftest import MovedClock
from tests.ussd.carriers import Direct, Phone
from tests.ussd.cast import CAST
from tests.ussd.endings import endings
from tests.ussd.others import (
    OUTSIDERS,
    Rows,
    Theirs,
    Watch,
    all_but,
    outsiders,
    put_back,
    rows_of,
    settled,
    touched,
)
from tests.ussd.people import sensible
from tests.ussd.tour import play
from tests.ussd.walk import Walker
from tests.world import settle
from ussd.dialogues.home import OFFERED
from ussd.engine.journal import typed
from ussd.sessions import Conversations
from ussd.transports.keywords import WORDS, Action

# The same on both databases: what decides is above them.
SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
ABSENT = f"23-45{check_character('2345')}"
SECRET = re.compile("Ait Abdallah|Ifri(?! n'Ait)|Citerne|Lyon-Taliouine|Fatima", re.IGNORECASE)
NUMBERS = re.compile(r"60000000[1-3](?!\d)|639980001(?!\d)")
FIGURES = re.compile(r"\d+")
FURTHER = 8  # answers to what a word begins


class Verdict(StrEnum):
    """What a word does beside a reference that is not the sender's."""

    NOTHING = "what it does beside a code that nothing has"
    ONESELF = "what it does alone: it is about who sends it"
    OPEN = "it is how one comes to a village: the reference tells which"


# A word that is not here has no decision yet.
DECIDED: Mapping[Action, Verdict] = {
    **dict.fromkeys((Action.YES, Action.NO, Action.INFO, Action.PLEDGE, Action.PROGRESS), Verdict.NOTHING),
    **dict.fromkeys((Action.CONFIRM, Action.PROJECT, Action.ARRIVAL, Action.PLAN, Action.EXPERIENCE), Verdict.NOTHING),
    **dict.fromkeys((Action.HELP, Action.STOP, Action.START, Action.NEED, Action.MENU, Action.GO_ON), Verdict.ONESELF),
    **dict.fromkeys((Action.MINE, Action.TESTIMONY, Action.RETRACT, Action.SHEET, Action.OFFICERS), Verdict.ONESELF),
    **dict.fromkeys((Action.JOIN, Action.ENROL, Action.PROFILE, Action.PAUSE, Action.LANGUAGE), Verdict.ONESELF),
    **dict.fromkeys((Action.CALLBACK, Action.PIN, Action.LEAVE), Verdict.ONESELF),
    Action.RESIDENT: Verdict.OPEN,
}
# What people write besides the word and the reference.
FORMS: Mapping[Action, tuple[str, ...]] = {
    Action.NO: ("non {} trop cher",),
    Action.PLEDGE: ("don {} 5000 EUR",),
    Action.PROGRESS: ("avancement {} 60",),
    Action.ARRIVAL: ("recu {} 5000 EUR",),
    Action.NEED: ("besoin eau 84 320000 {}",),
}
TRIED = [(action, text) for action in Action for text in (f"{WORDS[action][0]} {{}}", *FORMS.get(action, ()))]


@dataclass
class Stage:
    """A service in which what an outsider does is looked at, and undone."""

    conversations: Conversations
    clock: MovedClock
    them: Theirs
    before: Rows
    watch: Watch
    ids: Iterator[int] = field(default_factory=count)

    @property
    def engine(self) -> Engine:
        return self.conversations.container.engine

    def tries(self, who: str, text: str, *, further: bool) -> tuple[str, str, list[str]]:
        """Let somebody send a text, and answer what it begins; return the answer, all they were told, what changed."""
        began, phone = self.clock(), self._phone(OUTSIDERS[who])
        told = len(phone.inbox())
        first = phone.texts(text)
        for _ in range(FURTHER if further else 0):
            with reading(self.engine) as session:
                asked = self.conversations.asked_by_sms(session, phone.number)
                said = sensible(session, phone.number, asked[0], len(asked[1]), 1) if asked else None
            if said is None:
                break
            phone.texts(said)
        everything = "\n".join(phone.inbox()[told:])
        found = self._undone(phone.number)
        self.clock.now = began
        return first, everything, found

    def _phone(self, number: str) -> Phone:
        return Phone(number, Direct(self.conversations), self.conversations, self.clock, self.ids)

    def _undone(self, number: str) -> list[str]:
        written = {*self.watch.written}
        with self.engine.connect() as connection:
            found = touched(self.before, rows_of(connection, written), written, self.them)
        put_back(self.engine, self.before, written)
        self.conversations.journals.forget(number)
        self.watch.written.clear()
        return found


@pytest.fixture
def fast(engine: Engine) -> Iterator[Engine]:
    """An engine that does not wait for the disk: nothing is killed here."""
    made = make_engine(engine.url.render_as_string(hide_password=False), durable=False)
    settle(made)
    yield made
    made.dispose()


@pytest.fixture
def stage(fast: Engine, settings: Settings, clock: MovedClock) -> Iterator[Stage]:
    tables, them = Base.metadata.tables, Theirs()
    with transaction(fast) as session:
        them.references = settled(session, clock())
    with fast.connect() as connection:
        known = rows_of(connection, tables)
    with transaction(fast) as session:
        outsiders(session, clock())
    with fast.connect() as connection:
        before = rows_of(connection, tables)
    them.rows = {key: before[key] for key in known if key[0] != "communes"}
    them.phones = frozenset(row["number"] for (table, _), row in known.items() if table == "phones")
    them.needs = frozenset(row["id"] for (table, _), row in known.items() if table == "needs")
    conversations = Conversations(Container(settings, fast, {"console": ConsoleGateway()}, clock))
    yield Stage(conversations, clock, them, before, Watch(fast))
    conversations.close()


def test_every_word_is_decided() -> None:
    assert {*DECIDED} == {*Action}


@SQLITE
@pytest.mark.parametrize("who", OUTSIDERS)
def test_no_word_moves_or_tells_what_is_others(stage: Stage, who: str) -> None:
    wrong, answered = [], Counter[str]()
    for action, form in TRIED:
        verdict = DECIDED[action]
        as_absent, _, _ = stage.tries(who, form.format(ABSENT), further=False)
        for what, reference in stage.them.references.items():
            if what != "works" and verdict is not Verdict.NOTHING:
                continue
            text = form.format(reference)
            first, told, changed = stage.tries(who, text, further=verdict is not Verdict.ONESELF and what == "works")
            answered[alike(first, reference)] += 1
            about = f"{text} ({what})"
            wrong += [f"{about}: no answer"] if not first else []
            if verdict is Verdict.OPEN:
                # That they live there is for them to say; nothing that was there is touched by it.
                changed = [one for one in changed if not one.startswith("residents: ")]
            else:
                wrong += [f"{about}: tells {told}"] if tells(told) else []
            if verdict is Verdict.NOTHING and alike(first, reference) != alike(as_absent, ABSENT):
                wrong.append(f"{about}: {first}")
            wrong += [f"{about}: {one}" for one in changed]
    assert wrong == []
    assert len(answered) > 1  # they were heard


def alike(answer: str, reference: str) -> str:
    """Return an answer without what differs from one time to the next."""
    return FIGURES.sub("0", answer.replace(reference, "…"))


def tells(said: str) -> bool:
    """Tell whether something private is in what was said: a name, or a number however it is grouped."""
    return bool(SECRET.search(said) or NUMBERS.search(re.sub("[ .-]", "", said)))


# Who began a conversation, and who goes on with it: one who joined another association meanwhile, or has the phone now.
BEGAN = (
    *("officer", "awaited officer", "partnered officer", "finishing officer", "witness", "voucher"),
    *("contact", "partnered contact", "resident"),
)
GOES_ON = ("newcomer", "rejected officer", "forgetful officer", "paused contact", "idle resident")
# What is only read has no end; the others are for newcomers, coordinators and who said STOP.
NOT_THEIRS = {"mine", "register", "join", "enrol", "village", "sms", "check_needs", "check_associations", "calls"}


@SQLITE
def test_who_goes_on_with_what_others_began_moves_nothing_of_theirs(fast: Engine) -> None:
    with transaction(fast) as session:
        play(session, Language.FR)
    watch, wrong, done, written = Watch(fast), list[str](), Counter[str](), 0
    with Session(fast) as session:
        begun = list(endings(session, BEGAN))
        before = rows_of(session.connection(), Base.metadata.tables)
        for who in GOES_ON:
            them = all_but(before, CAST[who])
            walker = Walker(session, CAST[who], Language.FR)
            for one in begun:
                watch.written.clear()
                found: list[str] = []
                with session.begin_nested() as point:
                    # Who is refused has changed nothing; any other error would be an answer 500, and is one here.
                    with suppress(TiwiziError):
                        walker.player.show(one.journal.copy())
                        session.flush()
                        found = touched(before, rows_of(session.connection(), watch.written), watch.written, them)
                        written += bool(watch.written)
                    point.rollback()
                done.update(key[1:] for key, _ in one.journal.entries if not typed(key))
                # That they live there is for them to say.
                wrong += [f"{who} in {one.dialogue}: {what}" for what in found if "residents: " not in what]
    assert wrong == []
    assert {OFFERED[one].name for one in OFFERED.keys() - NOT_THEIRS} - done.keys() == set()
    assert written > 10  # what is one's own goes on
