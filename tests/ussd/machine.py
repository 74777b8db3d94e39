"""Everybody talks at once, drops, repeats, texts and forgets: a Hypothesis state machine over the real hooks."""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule
from sqlalchemy import select
from sqlalchemy.orm import Session

from service.container import Container
from service.messaging.segments import measure
from service.models import Need
from service.models.session import reading, transaction
from service.web.gateways import make_gateways
from service.web.hook import LARGEST_BODY
from tests.conftest import MovedClock
from tests.ussd.carriers import Http
from tests.ussd.facts import DECIDING, DECISIONS, Facts, Ledger, Snapshot, changed
from tests.ussd.people import BEGINS, NUMBERS, ODD, PIN, REFERRING, ROUTE, STRAIGHT_ON, TEXTS, WHO, sensible
from tests.ussd.projects import decide, turn_standing, withdraw
from ussd.dialogues.home import home
from ussd.engine.journal import DRAFTED, ENTERED, Journal
from ussd.engine.paging import SMS_BUDGET, USSD_BUDGET
from ussd.engine.prompts import Menu, Prompt
from ussd.engine.replay import BACK, MENU, MORE, Player, Screen
from ussd.hooks import hooks_blueprint
from ussd.sessions import Conversations
from ussd.transports.keywords import read_command
from ussd.work import Work

LINE = re.compile(r"^\d+ ", re.MULTILINE)
TALK = "talk "
RESUME, CORRECT = "(go on?)", "(which line?)"
EARLIER = 31


class Process:
    """A web process: its own conversations, behind its own hooks."""

    def __init__(self, container: Container) -> None:
        self.conversations = Conversations(container)
        config: dict[str, object] = {"MAX_CONTENT_LENGTH": LARGEST_BODY}
        self.carrier = Http(make_gateways(config, [hooks_blueprint(self.conversations)]).test_client())


@dataclass
class Line:
    """A phone: its session, the process that answers it, and the turns that must be answered again as they were."""

    number: str
    process: int = 0
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
    """A village, its partner, a coordinator and a stranger.

    `reached` counts the dialogues that began, and what was changed by an answer to which question.
    """

    reached: Counter[str]

    def __init__(self, container: Container, clock: MovedClock, ledger: Ledger, furnished: Snapshot) -> None:
        super().__init__()
        self.container, self.clock, self.ledger = container, clock, ledger
        self.clock.now = MovedClock().now
        furnished.restore(container.engine)
        self.processes = [Process(container), Process(container)]
        self.lines = {number: Line(number) for number in NUMBERS}
        self.ids = count(1)

    def teardown(self) -> None:
        for line in self.lines.values():
            self._gets_out(line)
        for process in self.processes:
            process.conversations.close()

    # What people do by USSD.

    @rule(who=WHO)
    def dials(self, who: str) -> None:
        self._dial(self.lines[who])

    @rule(who=WHO, picks=ROUTE)
    def goes_on(self, who: str, picks: list[int]) -> None:
        for pick in picks:
            line = self._on_line(who)
            self._types(line, self._sensible(line, pick))

    @rule(who=WHO, picks=ROUTE)
    def goes_on_to_the_end(self, who: str, picks: list[int]) -> None:
        for pick in [*picks, *STRAIGHT_ON]:
            line = self._on_line(who)
            self._types(line, self._sensible(line, pick))
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
        if line.session:
            self._process(line).carrier.end(line.session, who)
            line.screen = None
        assert not changed(before, self.ledger.facts())

    # What carriers do.

    @rule(who=WHO, back=st.integers(0, 4), process=st.integers(0, 1))
    def the_carrier_repeats_a_turn(self, who: str, back: int, process: int) -> None:
        self.the_journals_are_written()
        if turns := self.lines[who].answered[-1 - back :]:
            session, text, screen = turns[0]
            facts, rows = self.ledger.facts(), self.ledger.rows()
            assert self.processes[process].carrier.turn(session, who, text) == screen
            assert (self.ledger.facts(), self.ledger.rows()) == (facts, rows)

    @rule(who=WHO, place=st.integers(0, EARLIER - 1))
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
        self._text(self.lines[who], text)

    @rule(who=WHO, word=st.sampled_from(REFERRING), need=st.integers(0, 5))
    def texts_about_a_need(self, who: str, word: str, need: int) -> None:
        with reading(self.container.engine) as session:
            references = list(session.scalars(select(Need.reference).order_by(Need.id)))
        reference = references[need % len(references)]
        self._text(self.lines[who], word.format(reference) if "{}" in word else f"{word} {reference}")

    @rule(begins=BEGINS, picks=ROUTE)
    def talks_by_sms(self, begins: tuple[str, str], picks: list[int]) -> None:
        who, word = begins
        self._text(self.lines[who], word)
        self.answers_by_sms(who, [*picks, *STRAIGHT_ON])

    @rule(who=WHO, picks=ROUTE)
    def answers_by_sms(self, who: str, picks: list[int]) -> None:
        for pick in picks:
            line = self.lines[who]
            if not self._asked_by_sms(line):
                return
            self._text(line, self._sensible(line, pick, "sms"))

    # What happens to the service, and around it.

    @rule()
    def the_journals_are_written(self) -> None:
        for process in self.processes:
            process.conversations.journals.flush()
        for line in self.lines.values():
            line.safe = len(line.answered)

    @rule(who=WHO)
    def another_process_answers(self, who: str) -> None:
        self.the_journals_are_written()  # a thumb is slower than the writing behind
        line = self.lines[who]
        line.process = 1 - line.process

    @rule(process=st.integers(0, 1))
    def a_process_is_restarted(self, process: int) -> None:
        self.processes[process].conversations.close()
        self.processes[process] = Process(self.container)

    @rule(process=st.integers(0, 1))
    def a_process_is_killed(self, process: int) -> None:
        self.processes[process].conversations.journals._unwritten.clear()
        self.a_process_is_restarted(process)
        for line in self.lines.values():
            if line.process == process:
                del line.answered[line.safe :]

    @rule(delta=st.sampled_from([{"minutes": 2}, {"minutes": 11}, {"hours": 25}, {"days": 8}]))
    def time_passes(self, delta: dict[str, float]) -> None:
        self.clock.move(**delta)
        for process in self.processes:
            process.conversations.journals.let_go()

    @rule(turns_away=st.booleans())
    def a_coordinator_decides(self, turns_away: bool) -> None:  # noqa: FBT001  # Hypothesis gives it
        self._moves(lambda session, now: decide(session, now, turns_away=turns_away))

    @rule(how=st.sampled_from([withdraw, turn_standing]))
    def the_world_moves(self, how: Callable[[Session, datetime], None]) -> None:
        self._moves(how)

    # How it is done.

    def _moves(self, how: Callable[[Session, datetime], None]) -> None:
        with transaction(self.container.engine) as session:
            how(session, self.clock())

    def _process(self, line: Line) -> Process:
        return self.processes[line.process]

    def _on_line(self, who: str) -> Line:
        line = self.lines[who]
        if not line.talking:
            self._dial(line)
        return line

    def _dial(self, line: Line) -> None:
        self._hang_up(line)
        self._turn(line, "")

    def _hang_up(self, line: Line) -> None:
        line.earlier, line.answered, line.safe = [*line.earlier, *line.answered][-EARLIER:], [], 0
        line.session, line.text, line.screen = f"ATUid_{line.number}_{next(self.ids)}", "", None

    def _types(self, line: Line, typed: str) -> None:
        self._turn(line, f"{line.text}*{typed}" if line.text else typed)

    def _sensible(self, line: Line, pick: int, channel: str = "ussd") -> str:
        prompt, journal = self._asked(line, channel)
        with reading(self.container.engine) as session:
            return sensible(session, line.number, prompt, len(journal.shown), pick)

    def _asked(self, line: Line, channel: str = "ussd") -> tuple[Prompt | None, Journal]:
        """Return the question that waits, and what was answered before."""
        conversations = self._process(line).conversations
        with reading(self.container.engine) as session:
            journal = conversations._for_sms(session, line.number).journal.copy()
            work = Work.within(session, line.number, self.clock())
            contexts = conversations._context(line.number, self.clock(), channel, work)
            budget = USSD_BUDGET if channel == "ussd" else SMS_BUDGET
            prompt = Player(home, contexts, budget).asked(journal)
        began = (key for key, _ in journal.entries if key.startswith((DRAFTED, ENTERED)))
        self.reached.update(f"{TALK}{key[1:]}" for key in began)
        return prompt, journal

    def _asked_by_sms(self, line: Line) -> Prompt | None:
        with reading(self.container.engine) as session:
            waits = self._process(line).conversations.asked_by_sms(session, line.number)
        return waits[0] if waits else None

    def _question(self, line: Line) -> str:
        prompt, journal = self._asked(line)
        return RESUME if journal.resuming else CORRECT if journal.correcting else prompt.key if prompt else ""

    # What must hold.

    def _turn(self, line: Line, text: str) -> None:
        before, question = self.ledger.facts(), self._question(line) if line.talking else ""
        screen = self._answered(line, line.session, text)
        if differs := changed(before, self.ledger.facts()):
            assert screen.ended, f"{differs} changed before the end"
            assert question in DECIDING, f"{differs} changed by an answer to {question!r}"
            self.reached.update(f"{question} {table}" for table in differs)
        # An answer that is nothing makes the text of the turn before: then this was that turn.
        if text != line.text or line.screen is None:
            line.answered.append((line.session, text, screen))
        if screen.ended:
            self._keeps_what_was_said(line)
        line.text, line.screen = text, screen

    def _keeps_what_was_said(self, line: Line) -> None:
        with reading(self.container.engine) as session:
            if not self._process(line).conversations._for_sms(session, line.number).session:
                # They left: of what they were answered on the way nothing is known any more, not even to say it again.
                line.answered = [turn for turn in line.answered if turn[2].ended]
        line.safe = len(line.answered)

    def _answered(self, line: Line, session: str, text: str) -> Screen:
        """Bring a turn, twice: the carrier sees that both are answered with 200, CON or END, and the same bytes."""
        self.clock.move(seconds=5)
        screen = self._process(line).carrier.turn(session, line.number, text)
        size = measure(screen.text)
        assert screen.text.strip()
        assert size.units <= (USSD_BUDGET.gsm7 if size.encoding == "gsm7" else USSD_BUDGET.ucs2), screen.text
        assert screen.ended or LINE.search(screen.text), f"trapped: {screen.text}"
        return screen

    def _says_nothing_new(self, line: Line, session: str, text: str) -> Screen:
        """Bring a turn that answers no question that was on the screen: it changes nothing."""
        before = self.ledger.facts()
        screen = self._answered(line, session, text)
        assert not changed(before, self.ledger.facts())
        # Now the service may stand elsewhere than this phone: what was answered need not be so again.
        line.answered, line.safe, line.screen = [], 0, None
        return screen

    def _text(self, line: Line, text: str) -> None:
        self.clock.move(seconds=5)
        carrier, message_id = self._process(line).carrier, f"id{next(self.ids)}"
        prompt, before = self._asked_by_sms(line), self.ledger.facts()
        carrier.sms(message_id, line.number, text)
        self._check_decided(text, before, prompt.key if prompt else "")
        facts, rows = self.ledger.facts(), self.ledger.rows()
        carrier.sms(message_id, line.number, text)
        assert (self.ledger.facts(), self.ledger.rows()) == (facts, rows)
        line.answered, line.safe = [turn for turn in line.answered if turn[2].ended], 0

    def _check_decided(self, text: str, before: Facts, question: str) -> None:
        differs, command = changed(before, self.ledger.facts()), read_command(text)
        decided = DECISIONS.get(command.action, set()) if command else set()
        assert differs <= decided or question in DECIDING, f"{differs} changed by {text!r} to {question!r}"
        self.reached.update(f"sms {question} {table}" for table in differs)

    def _gets_out(self, line: Line) -> None:
        """From wherever a session stands one key leads to a menu; a second, where it was begun again from its text."""
        for _ in range(2):
            # Whether to go on is asked before any menu.
            if line.talking and self._question(line) != RESUME:
                self._types(line, MENU)
        if line.talking and self._question(line) != RESUME:
            assert isinstance(self._asked(line)[0], Menu), line.screen
