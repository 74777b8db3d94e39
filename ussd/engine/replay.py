"""Playing a dialogue: the journal is replayed, the new answer goes to the waiting prompt, and the next one is shown."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple

from service.domain.text import clean
from service.messaging.segments import fold
from ussd.engine.dialogue import C, Dialogue, Talk
from ussd.engine.journal import Journal, typed
from ussd.engine.paging import Budget, paginate
from ussd.engine.prompts import DIGITS, Choice, End, Enter, Menu, MisreadError, Option, Prompt, Recall, Review

BACK, MENU, MORE = "0", "00", "98"


class Screen(NamedTuple):
    """What goes to the phone; `ended` closes the session."""

    text: str
    ended: bool


@dataclass
class _Waiting(Generic[C]):
    """A replayed conversation at the prompt that waits for an answer."""

    ctx: C
    talk: Talk
    prompt: Prompt
    place: int
    menus: list[int]
    notice: str = ""


class Player(Generic[C]):
    """Plays one root dialogue. `make_context` gives a fresh context, for each replay begins from nothing."""

    def __init__(self, root: Dialogue[C], make_context: Callable[[], C], budget: Budget) -> None:
        """Keep what every turn needs."""
        self.root = root
        self.make_context = make_context
        self.budget = budget

    def show(self, journal: Journal) -> Screen:
        """Return the screen that waits for an answer."""
        waiting = self._replay(journal)
        return waiting if isinstance(waiting, Screen) else self._render(journal, waiting)

    def asked(self, journal: Journal) -> Prompt | None:
        """Return the prompt that waits for an answer, None when the conversation is over."""
        waiting = self._replay(journal)
        return None if isinstance(waiting, Screen) else waiting.prompt

    def resume(self, journal: Journal) -> Screen:
        """Return the question whether to go on with what was begun."""
        journal.resuming = True
        return self.show(journal)

    def answer(self, journal: Journal, text: str) -> Screen:
        """Feed one answer and return the next screen. Changes the journal; facts change only when the dialogue ends."""
        waiting = self._replay(journal)
        if isinstance(waiting, Screen):
            return waiting
        text = clean(text)
        key = text.translate(DIGITS)
        if journal.resuming:
            return self._go_on(journal, waiting, text)
        if key == MORE and journal.more:
            journal.page += 1
            return self._render(journal, waiting)
        if key == MENU:
            return self._to_menu(journal, waiting)
        if key == BACK and not (isinstance(waiting.prompt, Menu) and waiting.prompt.zero):
            return self._back(journal, waiting)
        return self._feed(journal, waiting, text)

    def _replay(self, journal: Journal) -> "_Waiting[C] | Screen":
        ctx = self.make_context()
        talk = self.root(ctx)
        waiting: _Waiting[C] = _Waiting(ctx, talk, Prompt(""), 0, [])
        return self._advance(journal, waiting, None)

    def _advance(self, journal: Journal, waiting: "_Waiting[C]", answer: Any) -> "_Waiting[C] | Screen":
        """Run the dialogue until it asks what the journal does not answer, or ends."""
        while True:
            try:
                step = waiting.talk.send(answer)
            except StopIteration as stop:
                return self._finish(waiting.ctx, stop.value)
            if isinstance(step, Menu):
                waiting.menus.append(waiting.place)
            kept = self._kept(journal, waiting, step)
            if kept is None:
                assert isinstance(step, Prompt)  # noqa: S101  # the two others always have an answer
                waiting.prompt = step
                return waiting
            waiting.place += 1
            answer = kept[0]

    def _kept(self, journal: Journal, waiting: "_Waiting[C]", step: Prompt | Recall | Enter) -> list[Any] | None:
        """Return `[answer]` where the journal or the step has one; forget what no longer fits, and all after it."""
        key = step.entry
        if waiting.place < len(journal.entries):
            entry_key, value = journal.entries[waiting.place]
            if entry_key == key and step.accepts(value):
                return [value]
            if isinstance(step, Enter) and entry_key == key:
                waiting.notice = waiting.ctx.voice.say("notice.changed")
            journal.cut(waiting.place)
        if isinstance(step, Prompt):
            kept = _kept_later(journal, step)
            if kept is None:
                return None
            value = kept[1]
        else:
            value = step.version if isinstance(step, Enter) else step.look()
        journal.entries.append([key, value])
        return [value]

    def _finish(self, ctx: C, end: End) -> Screen:
        lines = ctx.voice.say(end.key, **end.values).split("\n")
        return Screen(paginate(lines, "", "", self.budget)[0], ended=True)

    def _render(self, journal: Journal, waiting: "_Waiting[C]") -> Screen:
        voice, prompt = waiting.ctx.voice, waiting.prompt
        question, options = prompt.question(voice), prompt.options(voice)
        if journal.resuming:
            question = voice.say("resume")
            options = [Option("go_on", voice.say("resume.go_on")), Option("again", voice.say("resume.again"))]
        elif journal.correcting and isinstance(prompt, Review):
            question, options = voice.say("review.which"), prompt.corrections(voice)
        journal.shown = [[option.value, option.text] for option in options]
        lines = [waiting.notice, *question.split("\n"), *(f"{n} {option.text}" for n, option in enumerate(options, 1))]
        keys = f"{voice.say('key.back')}  {voice.say('key.menu')}"
        if isinstance(prompt, Menu):
            keys = f"{BACK} {prompt.zero.text}" if prompt.zero else ""
        if journal.resuming:
            keys = ""
        pages = paginate([line for line in lines if line], keys, voice.say("key.more"), self.budget)
        journal.page = min(journal.page, len(pages) - 1)
        journal.more = journal.page < len(pages) - 1
        return Screen(pages[journal.page], ended=False)

    def _feed(self, journal: Journal, waiting: "_Waiting[C]", text: str) -> Screen:
        if isinstance(waiting.prompt, Review) and self._unread(journal, waiting):
            journal.page += 1
            return self._render(journal, waiting)
        shown = [Option(*line) for line in journal.shown]
        try:
            answer = _read(journal, waiting.prompt, text, shown)
        except MisreadError as misread:
            waiting.notice = waiting.ctx.voice.say(misread.key, count=None, **misread.values)
            journal.page = 0
            return self._render(journal, waiting)
        journal.page = 0
        if journal.correcting:
            journal.correct(answer)
            return self.show(journal)
        if isinstance(waiting.prompt, Review) and answer == "correct":
            journal.correcting = True
            return self._render(journal, waiting)
        return self._accept(journal, waiting, answer)

    def _unread(self, journal: Journal, waiting: "_Waiting[C]") -> bool:
        """Tell whether the summary goes on after this page, before the line that sends it: unread, it is not sent."""
        if journal.correcting or not journal.more:
            return False
        send, page = f"1 {journal.shown[0][1]}", self._render(journal, waiting).text.split("\n")
        return send not in page and fold(send) not in page

    def _accept(self, journal: Journal, waiting: "_Waiting[C]", answer: Any) -> Screen:
        journal.entries.append([waiting.prompt.key, answer])
        waiting.place += 1
        after = self._advance(journal, waiting, answer)
        return after if isinstance(after, Screen) else self._render(journal, after)

    def _back(self, journal: Journal, waiting: "_Waiting[C]") -> Screen:
        if journal.page:
            journal.page -= 1
            return self._render(journal, waiting)
        if journal.correcting or journal.before:
            journal.drop_correction()
            return self.show(journal)
        while journal.entries and not typed(journal.entries[-1][0]):
            journal.entries.pop()
        if journal.entries:
            journal.entries.pop()
        return self.show(journal)

    def _to_menu(self, journal: Journal, waiting: "_Waiting[C]") -> Screen:
        journal.cut(waiting.menus[-1] if waiting.menus else 0)
        return self.show(journal)

    def _go_on(self, journal: Journal, waiting: "_Waiting[C]", text: str) -> Screen:
        shown = [Option(*line) for line in journal.shown]
        try:
            answer = Choice("resume").read(text, shown)
        except MisreadError as misread:
            waiting.notice = waiting.ctx.voice.say(misread.key, count=None, **misread.values)
            return self._render(journal, waiting)
        journal.resuming, journal.page = False, 0
        if answer == "again":
            journal.cut(0)
        return self.show(journal)


def _read(journal: Journal, prompt: Prompt, text: str, shown: list[Option]) -> Any:
    return Choice(prompt.key).read(text, shown) if journal.correcting else prompt.read(text, shown)


def _kept_later(journal: Journal, prompt: Prompt) -> list[Any] | None:
    """Return the entry that an answer after a corrected one may keep, and forget those it passes over."""
    if isinstance(prompt, Review):
        journal.later, journal.before = [], []
    for place, (key, value) in enumerate(journal.later):
        if key == prompt.key and prompt.accepts(value):
            kept = journal.later[place]
            del journal.later[: place + 1]
            return kept
    return None
