"""Everybody talks at once, drops, repeats, texts and forgets: whatever happens, the conversations keep their promises.

In CI 40 conversations of 30 steps; the nightly target is `TIWIZI_MACHINE=2000x50 pytest tests/ussd/test_machine.py`
with `--timeout 0` (about an hour). A failure prints the steps that lead there, as few as Hypothesis can find.
"""

import os
import re
import shutil
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test
from sqlalchemy import select
from sqlalchemy.orm import Session

from service import security
from service.container import Container
from service.domain.roles import UserRole
from service.domain.sectors import Urgency
from service.domain.states import AssociationState, NeedState
from service.gateways.console import ConsoleGateway
from service.locales import Language
from service.messaging.segments import measure
from service.models import Message, Need, Proposal, User, VillageAssociation
from service.models.diaspora import active_contact
from service.models.migrations import upgrade
from service.models.session import make_engine, reading, transaction
from service.settings import Settings
from service.usecases.associations import reject_association, verify_association
from service.usecases.needs import reject_need, verify_need
from service.usecases.phones import know_phone
from tests.conftest import MovedClock
from tests.ussd.facts import Facts, Ledger, changed
from tests.ussd.projects import WITNESS, lyon_asked, project_of, staffed_village
from tests.world import LYON, SECRETARY, STRANGER, TREASURER, need_of, proposed, settle, village
from ussd.drops import invite_back
from ussd.engine.paging import USSD_BUDGET
from ussd.engine.prompts import Menu, Prompt
from ussd.engine.replay import BACK, MENU, MORE, Player, Screen
from ussd.engine.typed import Amount, Number, Secret
from ussd.journals import Journals
from ussd.sessions import Conversations, Turn, _fresh, home
from ussd.transports.keywords import WORDS, Action, read_command
from ussd.transports.sms import STARTS, Text, receive
from ussd.work import Work

EXAMPLES, STEPS = (int(number) for number in os.environ.get("TIWIZI_MACHINE", "40x30").split("x"))
GATEWAY, PIN, COORDINATOR, NEIGHBOUR = "africastalking", "2580", "+212600000008", "+212600000004"
NUMBERS = (STRANGER, SECRETARY, TREASURER, WITNESS, LYON, COORDINATOR)
WHO = st.sampled_from(NUMBERS)
LANGUAGES = {SECRETARY: Language.FR, TREASURER: Language.AR, WITNESS: Language.SHI, LYON: Language.EN}

# Which lines are chosen, one after the other; then always the first, which leads on.
ROUTE = st.lists(st.integers(0, 8), max_size=6)
STRAIGHT_ON = (0,) * 16
BEGINS = st.sampled_from(["menu", *(WORDS[action][0] for action in STARTS if action is not Action.GO_ON)])
LINE = re.compile(r"^\d+ ", re.MULTILINE)
CODE = re.compile(r"\b\d{6}\b")
# What a person who means well types, by the keys of the questions; else see `sensible`.
TYPED: Mapping[str, tuple[str, ...]] = {
    "need.households": ("84", "٨٤"),
    "need.cost": ("320 000", "320000 dh"),
    "need.title": ("Puits du bas", "بئر أسفل"),
    "association.place.typed": ("taliouine",),
    "diaspora.origins.typed": ("tal", "1"),
    "diaspora.country.typed": ("Suisse",),
    "diaspora.name": ("Genève-Souss", "Lyon-Taliouine"),
    "progress.next.day": ("15/3", "1"),
    "officers.add.number": ("0600000009", "0600000077"),
    "officers.hand_over.number": ("0600000009", "0600000078"),
}
SECRETS = {"pin.ask": PIN, "pin.new": PIN, "pin.again": PIN}
WORD = "Ifri n'Ait"

ODD = st.sampled_from(
    ["", " ", "*", "**", "1*1", "#", "%", "{0.__class__}", "%s%n", "'; DROP TABLE needs;--", "\x00", "\u202e1", "😀", "é" * 300]
    + ["9" * 400, "٩٩", "7", "8", "99", "000", "-1", "1.5", "0.0", "oui", "non", "1 2", "2580", "0000", "123456", "menu"]
) | st.text(max_size=8)
TEXTS = st.sampled_from(
    [word for words in WORDS.values() for word in words[:2]]
    + ["1", "2", "3", "0", "00", "98", "K7-4Q2", "OUI K7-4Q2", "PAUSE 30", "LANGUE en", "BESOIN EAU 84 320000 puits"]
    + ["PROGRES 60", "JOIN 123456", "oui peut etre", "merci beaucoup", "OIU", "DON 5000", ""]
)
REFERRING = ("OUI", "NON", "NON trop cher", "INFO", "DON {} 5000 EUR", "PROGRES {} 60", "CONFIRMER")
# What these words alone may change: they are decisions, or say all that would be asked.
DECISIONS: Mapping[Action, set[str]] = {
    Action.YES: {"proposals"},
    Action.NO: {"proposals"},
    Action.STOP: {"consents"},
    Action.START: {"consents"},
    Action.PAUSE: {"diaspora_associations"},
    Action.JOIN: {"officers", "officer_changes", "consents"},
}


@dataclass
class Line:
    """A phone: its session, and the turns that must be answered again as they were."""

    number: str
    session: str = ""
    text: str = ""
    screen: Screen | None = None
    answered: list[tuple[str, str, Screen]] = field(default_factory=list)
    earlier: list[tuple[str, str, Screen]] = field(default_factory=list)
    safe: int = 0

    @property
    def talking(self) -> bool:
        return self.screen is not None and not self.screen.ended


class Talks(RuleBasedStateMachine):
    """A village, its partner, a coordinator and a stranger."""

    reached: Counter[str]

    def __init__(self, database: Path, furnished: Path) -> None:
        super().__init__()
        for rest in ("-wal", "-shm", "-journal"):
            Path(f"{database}{rest}").unlink(missing_ok=True)
        shutil.copyfile(furnished, database)
        self.clock = MovedClock()
        self.container = held_by(f"sqlite:///{database}", self.clock)
        self.ledger = Ledger(self.container.engine)
        self.conversations = Conversations(self.container)
        self.lines = {number: Line(number) for number in NUMBERS}
        self.ids = count(1)

    def teardown(self) -> None:
        for line in self.lines.values():
            self._gets_out(line)
        self.conversations.close()
        self.container.engine.dispose()

    # What people do by USSD.

    @rule(who=WHO)
    def dials(self, who: str) -> None:
        self._dial(self.lines[who])

    @rule(who=WHO, picks=ROUTE)
    def goes_on(self, who: str, picks: list[int]) -> None:
        for pick in picks:
            self._types(self._on_line(who), self._sensible(who, pick))

    @rule(who=WHO, picks=ROUTE)
    def goes_on_to_the_end(self, who: str, picks: list[int]) -> None:
        for pick in [*picks, *STRAIGHT_ON]:
            line = self._on_line(who)
            self._types(line, self._sensible(who, pick))
            if not line.talking:
                return

    @rule(who=WHO, typed=ODD)
    def types_something_odd(self, who: str, typed: str) -> None:
        self._types(self._on_line(who), typed)

    @rule(who=WHO, key=st.sampled_from([BACK, MENU, MORE, "٠"]))
    def presses_a_key(self, who: str, key: str) -> None:
        self._types(self._on_line(who), key)

    @rule(who=WHO)
    def drops_and_is_invited_back(self, who: str) -> None:
        line, before = self.lines[who], self.ledger.facts()
        with transaction(self.container.engine) as session:
            invite_back(self.conversations, session, phone=who, carrier_session=line.session, status="Incomplete")
        line.screen = None
        assert not changed(before, self.ledger.facts())

    # What carriers do.

    @rule(who=WHO, back=st.integers(0, 4))
    def the_carrier_repeats_a_turn(self, who: str, back: int) -> None:
        if turns := self.lines[who].answered[-1 - back :]:
            session, text, screen = turns[0]
            facts, rows = self.ledger.facts(), self.ledger.rows()
            assert self.conversations.answer(Turn(GATEWAY, session, who, text)) == screen
            assert (self.ledger.facts(), self.ledger.rows()) == (facts, rows)

    @rule(who=WHO, place=st.integers(0, 30))
    def a_turn_of_an_earlier_session_comes_late(self, who: str, place: int) -> None:
        line = self.lines[who]
        if place < len(line.earlier):
            session, text, screen = line.earlier[-1 - place]
            again = self._says_nothing_new(line, session, text)
            assert again == screen or not screen.ended

    @rule(who=WHO, jump=st.lists(st.sampled_from(["1", "2", "84", "320000", PIN, "0", "00", ""]), max_size=9))
    def the_text_is_not_what_it_was(self, who: str, jump: list[str]) -> None:
        line = self.lines[who]
        if line.session:
            self._says_nothing_new(line, line.session, "*".join(jump))

    @rule(who=WHO, typed=st.lists(st.sampled_from(["1", "2", "3", "84", PIN, "taliouine"]), min_size=1, max_size=9))
    def dials_all_at_once(self, who: str, typed: list[str]) -> None:
        line = self.lines[who]
        self._hang_up(line)
        before = self.ledger.facts()
        self._turn(line, "*".join(typed))
        assert not changed(before, self.ledger.facts())

    # What people do by SMS.

    @rule(who=WHO, text=TEXTS)
    def texts(self, who: str, text: str) -> None:
        self._text(who, text)

    @rule(who=WHO, word=st.sampled_from(REFERRING), need=st.integers(0, 5))
    def texts_about_a_need(self, who: str, word: str, need: int) -> None:
        with reading(self.container.engine) as session:
            references = list(session.scalars(select(Need.reference).order_by(Need.id)))
        reference = references[need % len(references)]
        self._text(who, word.format(reference) if "{}" in word else f"{word} {reference}")

    @rule(who=WHO, word=BEGINS, picks=ROUTE)
    def talks_by_sms(self, who: str, word: str, picks: list[int]) -> None:
        self._text(who, word)
        self.answers_by_sms(who, [*picks, *STRAIGHT_ON])

    @rule(who=WHO, picks=ROUTE)
    def answers_by_sms(self, who: str, picks: list[int]) -> None:
        for pick in picks:
            if not _fresh(self._known(who), self.clock()):
                return
            self._text(who, self._sensible(who, pick, "sms"))

    # What happens to the service, and around it.

    @rule()
    def the_journals_are_written(self) -> None:
        self.conversations.journals.flush()
        for line in self.lines.values():
            line.safe = len(line.answered)

    @rule()
    def the_process_is_restarted(self) -> None:
        self.conversations.close()
        self.conversations = Conversations(self.container)

    @rule()
    def the_process_is_killed(self) -> None:
        self.conversations.journals._unwritten.clear()
        self.the_process_is_restarted()
        for line in self.lines.values():
            del line.answered[line.safe :]

    @rule(delta=st.sampled_from([{"minutes": 2}, {"minutes": 11}, {"hours": 25}, {"days": 8}]))
    def time_passes(self, delta: dict[str, float]) -> None:
        self.clock.move(**delta)
        self.conversations.journals.let_go()

    @rule(turns_away=st.booleans())
    def a_coordinator_decides(self, turns_away: bool) -> None:  # noqa: FBT001  # Hypothesis gives it
        with transaction(self.container.engine) as session:
            decide(session, self.clock, turns_away=turns_away)

    # How it is done, and what must hold.

    def _on_line(self, who: str) -> Line:
        line = self.lines[who]
        if not line.talking:
            self._dial(line)
        return line

    def _dial(self, line: Line) -> None:
        self._hang_up(line)
        self._turn(line, "")

    def _hang_up(self, line: Line) -> None:
        line.earlier, line.answered, line.safe = [*line.earlier, *line.answered], [], 0
        line.session, line.text = f"ATUid_{line.number}_{next(self.ids)}", ""

    def _types(self, line: Line, typed: str) -> None:
        self._turn(line, f"{line.text}*{typed}" if line.text else typed)

    def _turn(self, line: Line, text: str) -> None:
        before = self.ledger.facts()
        screen = self._answered(line.number, line.session, text)
        differs = changed(before, self.ledger.facts())
        assert screen.ended or not differs, f"{differs} changed before the end"
        self.reached.update(differs)
        # An answer that is nothing makes the text of the turn before: then this was that turn.
        if text != line.text or line.screen is None:
            line.answered.append((line.session, text, screen))
        if screen.ended:
            line.safe = len(line.answered)
        line.text, line.screen = text, screen

    def _answered(self, who: str, session: str, text: str) -> Screen:
        self.clock.move(seconds=5)
        screen = self.conversations.answer(Turn(GATEWAY, session, who, text))
        size = measure(screen.text)
        assert screen.text.strip()
        assert size.units <= (USSD_BUDGET.gsm7 if size.encoding == "gsm7" else USSD_BUDGET.ucs2), screen.text
        assert screen.ended or LINE.search(screen.text), f"trapped: {screen.text}"
        return screen

    def _says_nothing_new(self, line: Line, session: str, text: str) -> Screen:
        """Bring a turn that answers no question that was on the screen: it changes nothing."""
        before = self.ledger.facts()
        screen = self._answered(line.number, session, text)
        assert not changed(before, self.ledger.facts())
        # Now the service may stand elsewhere than this phone: what was answered need not be so again.
        line.answered, line.safe, line.screen = [], 0, None
        return screen

    def _text(self, who: str, text: str) -> None:
        self.clock.move(seconds=5)
        sms = Text(GATEWAY, f"id{next(self.ids)}", who, text)
        talked, before = self._known(who), self.ledger.facts()
        receive(self.conversations, sms)
        ended = _fresh(talked, self.clock()) and self._known(who).ended
        self._check_decided(text, before, ended=ended)
        facts, rows = self.ledger.facts(), self.ledger.rows()
        receive(self.conversations, sms)
        assert (self.ledger.facts(), self.ledger.rows()) == (facts, rows)
        line = self.lines[who]
        line.answered, line.safe = [turn for turn in line.answered if turn[2].ended], 0

    def _check_decided(self, text: str, before: Facts, *, ended: bool) -> None:
        differs = changed(before, self.ledger.facts())
        self.reached.update(f"{table} by sms" for table in differs)
        command = read_command(text)
        decided = DECISIONS.get(command.action, set()) if command else set()
        assert ended or differs <= decided, f"{differs} changed by {text!r}"

    def _known(self, who: str) -> Any:
        with reading(self.container.engine) as session:
            return self.conversations._for_sms(session, who)

    def _asked(self, who: str, channel: str) -> tuple[Prompt | None, int]:
        """Return the question that waits, and how many lines it showed."""
        journal = self._known(who).journal.copy()
        with reading(self.container.engine) as session:
            work = Work.within(session, who, self.clock())
            contexts = self.conversations._context(who, self.clock(), channel, work)
            return Player(home, contexts, USSD_BUDGET).asked(journal), len(journal.shown)

    def _sensible(self, who: str, pick: int, channel: str = "ussd") -> str:
        prompt, shown = self._asked(who, channel)
        if shown:
            # The first line is what most choose: so a conversation comes to its end.
            return str(max(pick - 1, 0) % shown + 1)
        key = prompt.key if prompt else ""
        match prompt:
            case _ if key in TYPED:
                return TYPED[key][pick % len(TYPED[key])]
            case Secret():
                return SECRETS.get(key) or self._code(who)
            case Number() | Amount():
                return "1" if prompt.none and pick == 8 else str(min(max(prompt.low, 60), prompt.high))
            case _:
                return WORD

    def _code(self, who: str) -> str:
        with reading(self.container.engine) as session:
            texts = session.scalars(select(Message.text).where(Message.phone == who).order_by(Message.id))
            codes = [code for text in texts for code in CODE.findall(text)]
        return codes[-1] if codes else "000000"

    def _gets_out(self, line: Line) -> None:
        """From wherever a session stands, one key leads to a menu, unless the question is whether to go on."""
        if not line.talking or self._known(line.number).journal.resuming:
            return
        self._types(line, MENU)
        if line.talking:
            assert isinstance(self._asked(line.number, "ussd")[0], Menu), line.screen


def decide(session: Session, clock: Callable[[], Any], *, turns_away: bool) -> None:
    """Decide on what waits longest, and show a verified need to Lyon."""
    now = clock()
    waiting = select(VillageAssociation).where(VillageAssociation.state == AssociationState.PENDING)
    if association := session.scalars(waiting).first():
        actor = {"actor": "user:1", "association_id": association.id}
        if turns_away:
            reject_association(session, now, **actor, reason="...")
        else:
            verify_association(session, now, **actor)
    need = session.scalars(select(Need).where(Need.state == NeedState.REPORTED)).first()
    if not need or need.association.state is not AssociationState.VERIFIED:
        return
    if turns_away:
        reject_need(session, now, actor="user:1", need_id=need.id, reason="...")
        return
    verify_need(session, now, actor="user:1", need_id=need.id, urgency=Urgency.NORMAL)
    contact = active_contact(session, LYON)
    shown = select(Proposal.id).where(Proposal.need_id == need.id)
    if contact and not session.scalar(shown):
        proposed(session, now, need, contact.association)


def held_by(url: str, clock: MovedClock) -> Container:
    made = Settings(
        _env_file=None,  # type: ignore[call-arg]  # pydantic-settings' own parameter
        database_url=url,
        secret_key="a-key-that-protects-nothing-but-tests",
    )
    return Container(made, make_engine(url), {"console": ConsoleGateway()}, clock)


@pytest.fixture
def furnished(tmp_path: Path) -> Path:
    """A database with a project, a need that was shown, one that was not yet verified, and all who talk."""
    clock, path = MovedClock(), tmp_path / "furnished.db"
    container = held_by(f"sqlite:///{path}", clock)
    upgrade(container.engine)
    settle(container.engine)
    with transaction(container.engine) as session:
        staffed_village(session, clock())
        project_of(session, clock())
        lyon_asked(session, clock(), need_of(session, clock()))
        need_of(session, clock(), verified=False)
        village(session, clock(), NEIGHBOUR, name="Tamaloukt").state = AssociationState.PENDING
        for phone, language in LANGUAGES.items():
            know_phone(session, clock(), phone, language)
        user = {"name": "Malika", "role": UserRole.COORDINATOR, "password_hash": "-", "password_once": False}
        session.add(User(**user, phone=COORDINATOR, created_at=clock()))
    with container.engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    container.engine.dispose()
    return path


def test_whatever_happens_conversations_keep_their_promises(
    furnished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Journals are written when the machine says so: what a killed process loses must not depend on the time.
    monkeypatch.setattr(Journals, "_write_behind", lambda _self: None)
    monkeypatch.setattr(security, "_HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    Talks.reached = Counter()
    chosen = settings(
        max_examples=EXAMPLES, stateful_step_count=STEPS, suppress_health_check=list(HealthCheck), print_blob=False
    )
    run_state_machine_as_test(lambda: Talks(tmp_path / "tiwizi.db", furnished), settings=chosen)
    print(Talks.reached)
    # A machine that gets nowhere would promise nothing.
    assert len(Talks.reached) > 12, Talks.reached
