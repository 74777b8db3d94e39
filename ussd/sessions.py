"""Turns: what a carrier or an SMS brings is fed to the conversation, and every turn is answered once."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from time import sleep
from typing import NamedTuple

from sqlalchemy import delete, event
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session

from service.container import Container
from service.domain.errors import MoveError, TiwiziError
from service.locales import Language
from service.messaging.segments import fold
from service.models.journals import JournalRow
from service.models.phones import stopped_since
from service.models.session import reading, transaction
from service.security import keyed_hash
from ussd.dialogues.context import Context
from ussd.dialogues.home import CALLER, home
from ussd.engine.journal import LOOKED, Journal
from ussd.engine.paging import SMS_BUDGET, USSD_BUDGET
from ussd.engine.prompts import Answer, Option, Prompt
from ussd.engine.replay import Player, Screen
from ussd.journals import FLUSH_EVERY, Conversation, Journals
from ussd.work import AnsweredError, TooSoonError, Work, answered_before

# How long what was begun can be gone on with.
DRAFT_KEPT = timedelta(hours=24)
SEPARATOR = "*"
TICK = timedelta(microseconds=1)
# Times that a process waits for what another one writes behind: half a second in all, in vain for a typed star.
PATIENCE = 10
# Answers that a long dial or a lost session may bring at once: more are no person's, and each is a replay.
MOST_AT_ONCE = 50
SMS_SESSION = "sms"
GOES_ON, ENDS = "CON ", "END "


class Turn(NamedTuple):
    """A request of a carrier that sends all that was typed in the session, joined by `*`, as Africa's Talking does."""

    gateway: str
    session: str
    phone: str
    text: str


class _New(NamedTuple):
    """What was typed since, None when the text does not go on from what we know; `several` when it is many answers."""

    typed: str | None
    several: bool

    @property
    def next(self) -> bool:
        """Whether the text goes on by one answer."""
        return bool(self.typed) and SEPARATOR not in (self.typed or "")


class Conversations:
    """All conversations of a running service."""

    def __init__(self, container: Container) -> None:
        """Take part in the conversations of the container's database."""
        self.container = container
        self.journals = Journals(container.engine)
        self.began = container.clock()
        # Whether other processes answer turns as well; on SQLite there is one (`service.cli.serve`).
        self._shared = container.engine.dialect.name == "postgresql"

    def close(self) -> None:
        """Put on disk what is not there yet; call it last."""
        self.journals.close()

    def answer(self, turn: Turn) -> Screen:
        """Answer a USSD turn. The same turn again gives the same screen, byte for byte, and changes nothing.

        A screen that ends the session is returned when its facts are on disk.
        """
        with self.journals.turn_of(turn.phone):
            key = self._key(turn, turn.text)
            held = self.journals.here(turn.phone)
            if held and held.session == turn.session and (reply := held.replies.get(key)):
                return _screen(reply)
            try:
                return self._answered(turn, key, held)
            except (IntegrityError, OperationalError):
                # Another was faster to write what may be there once only, or both waited for each other: perhaps this
                # very turn, played by another process. What became of it is looked up; else it is played once more.
                with reading(self.container.engine) as session:
                    reply = answered_before(session, key)
                return _screen(reply) if reply else self._answered(turn, key, held)

    def answer_sms(
        self, session: Session, phone: str, text: str | None, start: str = "", given: Sequence[tuple[str, Answer]] = ()
    ) -> Screen | None:
        """Go on with this phone's conversation by SMS, in the caller's transaction; `start` begins a dialogue.

        `given` are answers to questions of that dialogue, by their keys: these are asked no more. Without a `text` the
        question is shown again. None when nothing is begun: then the text is not an answer.
        """
        now = self.container.clock()
        work = Work.within(session, phone, now)
        before = self._for_sms(session, phone)
        if not start and not _fresh(before, now):
            return None
        player = Player(home, self._context(phone, now, "sms", work, start), SMS_BUDGET)
        journal = Journal(later=[list(one) for one in given]) if start else before.journal.copy()
        if start or text is None:
            journal.resuming = False
            screen = player.show(journal)
        else:
            screen = player.answer(journal, text)
        at = _following(before, now)
        after = Conversation(SMS_SESSION, Journal() if screen.ended else journal, screen.ended, touched_at=at)
        if not work.forgets:
            self.journals.write(session, phone, after)
        forget = self._forget if work.forgets else self.journals.forget
        event.listen(session, "after_commit", lambda _session: forget(phone), once=True)
        return screen

    def asked_by_sms(self, session: Session, phone: str) -> tuple[Prompt, list[Option]] | None:
        """Return the question that a text of this phone answers, with the lines it showed.

        None when none waits: no conversation by SMS, and none by USSD that is worth going on with.
        """
        now = self.container.clock()
        known = self._for_sms(session, phone)
        if not _fresh(known, now) or not (known.session == SMS_SESSION or known.journal.begun):
            return None
        work = Work.within(session, phone, now)
        prompt = Player(home, self._context(phone, now, "sms", work), SMS_BUDGET).asked(known.journal.copy())
        return (prompt, [Option(*line) for line in known.journal.shown]) if prompt else None

    def end_by_sms(self, session: Session, phone: str) -> None:
        """Forget what was begun, in the caller's transaction: the world moved under it."""
        at = _following(self._for_sms(session, phone), self.container.clock())
        self.journals.write(session, phone, Conversation(SMS_SESSION, touched_at=at))
        event.listen(session, "after_commit", lambda _session: self.journals.forget(phone), once=True)

    def speak(self, session: Session, phone: str, language: Language) -> None:
        """Go on with what was begun in another language, in the caller's transaction."""
        known = self._for_sms(session, phone)
        if not known.journal.entries:
            return
        caller = LOOKED + CALLER
        entries = [
            [key, {**seen, "language": language.value}] if key == caller else [key, seen]
            for key, seen in known.journal.entries
        ]
        journal = replace(known.journal, entries=entries)
        at = _following(known, self.container.clock())
        self.journals.write(session, phone, replace(known, journal=journal, touched_at=at))
        event.listen(session, "after_commit", lambda _session: self.journals.forget(phone), once=True)

    def draft(self, session: Session, phone: str, carrier_session: str) -> Journal | None:
        """Return what was begun in this session of the carrier's, None when it ended or the person went on since."""
        known = self._for_sms(session, phone)
        begun = known.session == carrier_session and not known.ended and known.journal.begun
        return known.journal if begun else None

    def _for_sms(self, session: Session, phone: str) -> Conversation:
        """Return what the database has, unless a dial that this process answered is not written yet."""
        held, stored = self.journals.here(phone), self.journals.load(session, phone)
        newer = held and held.touched_at and (stored.touched_at is None or held.touched_at >= stored.touched_at)
        return held if held and newer else stored

    def _play(self, turn: Turn, key: str, held: Conversation | None, *, moved: bool = False) -> Screen:
        now = self.container.clock()
        with Work(self.container.engine, turn.phone, key, now) as work:
            known, new = self._known(turn, key, held, work, moved=moved)
            player = Player(home, self._context(turn.phone, now, "ussd", work), USSD_BUDGET)
            journal = known.journal.copy()
            screen = self._moved(turn, work) if moved else _feed(player, journal, known, turn, work, new)
            reply = (ENDS if screen.ended else GOES_ON) + screen.text
            after = Conversation(
                turn.session,
                Journal() if screen.ended else journal,
                screen.ended,
                len(turn.text),
                key,
                {**(known.replies if known.session == turn.session else {}), key: reply},
                _following(known, now),
            )
            if screen.ended:
                self._write_end(turn, reply, known, after, work)
            else:
                self.journals.keep(turn.phone, after)
        return screen

    def _answered(self, turn: Turn, key: str, held: Conversation | None) -> Screen:
        """Play the turn; end politely when the world moved, unless this very turn, played elsewhere, moved it."""
        try:
            try:
                return self._play(turn, key, held)
            except TiwiziError:
                # A colleague was faster, say: nothing of this turn was kept.
                return self._play(turn, key, self.journals.here(turn.phone), moved=True)
        except AnsweredError as answered:
            return _screen(answered.reply)

    def _write_end(self, turn: Turn, reply: str, known: Conversation, after: Conversation, work: Work) -> None:
        changed, session, phone = work.changes, work.facts(), turn.phone
        if work.forgets:
            work.answered(reply)
            self._forget(phone)
            return
        if not changed:
            self.journals.write(session, phone, after)
        elif not self.journals.end(session, phone, after, known):
            # Begun here, ended by SMS or through another process: its facts are written, and not once more.
            self.journals.forget(phone)
            over = self.journals.load(session, phone)
            confirmed = turn.text[: over.text_length].rpartition(SEPARATOR)[2]
            if over.session == turn.session and self._new(over, turn).typed == confirmed:
                # That process died before it answered, and the same confirmation was asked for again.
                raise AnsweredError(over.farewell)
            raise MoveError
        work.answered(reply)
        self.journals.written(phone, after)

    def _forget(self, phone: str) -> None:
        """Keep nothing of a phone's conversation, nor of what is being written behind at this moment."""
        self.journals.forget(phone)
        self.journals.flush()
        with transaction(self.container.engine) as session:
            session.execute(delete(JournalRow).where(JournalRow.phone == phone))

    def _known(
        self, turn: Turn, key: str, held: Conversation | None, work: Work, *, moved: bool
    ) -> tuple[Conversation, _New]:
        """Return the conversation before this turn: what this process knows, unless the text says that it went on."""
        if held and held.session == turn.session and not held.ended and (new := self._new(held, turn)).next:
            return held, new
        newest = self._newest(work.session(), turn.phone)
        if newest is not held or self._shared:
            newest = self._caught_up(newest, turn)
        told: str | None
        if newest.session == turn.session:
            # A session that has ended has told its facts: whatever else comes of it, it was told farewell.
            told = newest.replies.get(key) or ("" if moved else newest.farewell)
        else:
            told = answered_before(work.session(), key) if turn.text else None
        if told:
            raise AnsweredError(told)
        return newest, self._new(newest, turn)

    def _caught_up(self, known: Conversation, turn: Turn) -> Conversation:
        """Wait for another process that writes behind: its answers lie between what the database has and this text."""
        for _ in range(PATIENCE):
            new = self._new(known, turn)
            if new.several or SEPARATOR not in (new.typed or ""):
                break
            sleep(FLUSH_EVERY)
            with reading(self.container.engine) as session:
                known = self._newest(session, turn.phone)
        return known

    def _newest(self, session: Session, phone: str) -> Conversation:
        """Return what this process or the database has, whichever went on further."""
        held, stored = self.journals.here(phone), self.journals.load(session, phone)
        if held is None or held.touched_at is None or stored.touched_at is None:
            return held or stored
        if held.session == stored.session:
            return held if held.text_length >= stored.text_length and not stored.ended else stored
        return held if held.touched_at >= stored.touched_at else stored

    def _new(self, known: Conversation, turn: Turn) -> _New:
        typed = self._new_part(known, turn)
        if typed is None or SEPARATOR not in typed:
            return _New(typed, several=False)
        # A star may be part of an answer. But what was on disk when this process began may lag behind what its
        # predecessor answered: then the stars stand between answers that died with it.
        return _New(typed, known.from_disk and known.touched_at is not None and known.touched_at < self.began)

    def _context(self, phone: str, now: datetime, channel: str, work: Work, start: str = "") -> Callable[[], Context]:
        """Return what makes a fresh context for each replay."""
        return partial(Context, phone, work, now, channel, self.container.settings, start)

    def _moved(self, turn: Turn, work: Work) -> Screen:
        ctx = self._context(turn.phone, work.now, "ussd", work)()
        ctx.language = ctx.caller()["language"] or ctx.language
        return Screen(fold(ctx.voice.say("ended.moved")), ended=True)

    def _new_part(self, known: Conversation, turn: Turn) -> str | None:
        """Return what was typed since, or None when the text does not go on from what we know."""
        before, new = turn.text[: known.text_length], turn.text[known.text_length :]
        if not new or self._key(turn, before) != known.text_hash or (before and not new.startswith(SEPARATOR)):
            return None
        return new[1:] if before else new

    def _key(self, turn: Turn, text: str) -> str:
        """Return what a turn of this session with this text is known by: it tells nothing of what was typed.

        The phone is part of it: not every carrier promises that no other phone is given the same session.
        """
        return keyed_hash(self.container.settings.secret_key, turn.gateway, turn.phone, turn.session, text)


def _feed(player: Player[Context], journal: Journal, known: Conversation, turn: Turn, work: Work, new: _New) -> Screen:
    """Feed what is new in the carrier's text."""
    if known.session != turn.session:
        begun = not turn.text and journal.begun and _fresh(known, work.now)
        # A STOP takes back as well what was agreed to in a conversation that is not yet over.
        if begun and not stopped_since(work.session(), turn.phone, known.touched_at):
            return player.resume(journal)
        journal.cut(0)
        # A long dial (`*384*84*2#`), or a conversation we know nothing of: everything typed comes at once.
        return _feed_all(player, journal, turn.text.split(SEPARATOR) if turn.text else [], work)
    if new.typed is None:
        # The carrier repeats an older turn: show where we stand.
        return player.show(journal)
    if new.several:
        return _feed_all(player, journal, new.typed.split(SEPARATOR), work)
    return player.answer(journal, new.typed)


def _feed_all(player: Player[Context], journal: Journal, answers: list[str], work: Work) -> Screen:
    """Feed several answers. None of them may change a fact or be a secret: nobody has seen the question."""
    screen = player.show(journal)
    work.too_soon = True
    for answer in answers[:MOST_AT_ONCE]:
        if screen.ended:
            break
        before = journal.copy()
        try:
            screen = player.answer(journal, answer)
        except TooSoonError:
            journal.back_to(before)
            screen = player.show(journal)
            break
    work.too_soon = False
    return screen


def _following(before: Conversation, now: datetime) -> datetime:
    """Return when a conversation goes on: after what it goes on from, also by a clock that stood still or went back."""
    return max(now, before.touched_at + TICK) if before.touched_at else now


def _fresh(known: Conversation, now: datetime) -> bool:
    return not known.ended and known.touched_at is not None and now - known.touched_at < DRAFT_KEPT


def _screen(reply: str) -> Screen:
    return Screen(reply.removeprefix(ENDS).removeprefix(GOES_ON), reply.startswith(ENDS))
