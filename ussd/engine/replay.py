"""Playing a dialogue: the journal is replayed, the new answer goes to the waiting prompt, and the next one is shown."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic

from service.domain.text import clean
from ussd.engine.dialogue import C, Dialogue, Talk
from ussd.engine.paging import Budget, paginate
from ussd.engine.prompts import DIGITS, Choice, End, Enter, Menu, MisreadError, Option, Prompt, Recall, Review

BACK, MENU, MORE = "0", "00", "98"
# Entries of the journal that nobody typed begin with these: what was looked up, which dialogue began.
LOOKED, ENTERED = "=", "#"


@dataclass
class Journal:
    """All that is kept of a conversation: accepted answers as `[key, value]`, and how the screen stands now.

    `shown` are the options on the screen, so that a list that changes meanwhile cannot shift an answer; `editing` is the place
    of the answer that is being corrected; `correcting` says that the lines to correct are on the screen; `resuming`, that the
    question whether to go on is.
    """

    entries: list[list[Any]] = field(default_factory=list)
    page: int = 0
    shown: list[list[str]] = field(default_factory=list)
    editing: int | None = None
    correcting: bool = False
    resuming: bool = False

    @property
    def begun(self) -> bool:
        """Whether something was answered inside a dialogue that a person would not want to type again."""
        entered = [place for place, (key, _) in enumerate(self.entries) if key.startswith(ENTERED)]
        return bool(entered) and any(_typed(key) for key, _ in self.entries[entered[-1] + 1 :])


@dataclass(frozen=True)
class Screen:
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

    def resume(self, journal: Journal) -> Screen:
        """Return the question whether to go on with what was begun."""
        journal.resuming = True
        return self.show(journal)

    def answer(self, journal: Journal, typed: str) -> Screen:
        """Feed one answer and return the next screen. Changes the journal; facts change only when the dialogue ends."""
        waiting = self._replay(journal)
        if isinstance(waiting, Screen):
            return waiting
        typed = clean(typed)
        key = typed.translate(DIGITS)
        if journal.resuming:
            return self._go_on(journal, waiting, typed)
        if key == MORE:
            journal.page += 1
            return self._render(journal, waiting)
        if key == MENU:
            return self._to_menu(journal, waiting)
        if key == BACK and not (isinstance(waiting.prompt, Menu) and waiting.prompt.zero):
            return self._back(journal, waiting)
        return self._feed(journal, waiting, typed)

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
        """Return `[answer]` where the journal, or the step itself, has one. What no longer fits is forgotten from there on."""
        key = _entry_key(step)
        if journal.editing is not None and waiting.place == journal.editing:
            return None
        if waiting.place < len(journal.entries):
            entry_key, value = journal.entries[waiting.place]
            fits = step.version == value if isinstance(step, Enter) else isinstance(step, Recall) or step.accepts(value)
            if entry_key == key and fits:
                return [value]
            del journal.entries[waiting.place :]
            if isinstance(step, Enter) and entry_key == key:
                waiting.notice = waiting.ctx.voice.say("notice.changed")
        if isinstance(step, Prompt):
            return None
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
        return Screen(pages[journal.page], ended=False)

    def _feed(self, journal: Journal, waiting: "_Waiting[C]", typed: str) -> Screen:
        shown = [Option(value, text) for value, text in journal.shown]
        try:
            answer = _read(journal, waiting.prompt, typed, shown)
        except MisreadError as misread:
            waiting.notice = waiting.ctx.voice.say(misread.key, **misread.values)
            journal.page = 0
            return self._render(journal, waiting)
        journal.page = 0
        if journal.correcting:
            return self._edit(journal, answer)
        if isinstance(waiting.prompt, Review) and answer == "correct":
            journal.correcting = True
            return self._render(journal, waiting)
        return self._accept(journal, waiting, answer)

    def _accept(self, journal: Journal, waiting: "_Waiting[C]", answer: Any) -> Screen:
        entry = [waiting.prompt.key, answer]
        if journal.editing is not None:
            journal.entries[journal.editing] = entry
            journal.editing = None
            return self.show(journal)
        journal.entries.append(entry)
        waiting.place += 1
        after = self._advance(journal, waiting, answer)
        return after if isinstance(after, Screen) else self._render(journal, after)

    def _edit(self, journal: Journal, key: str) -> Screen:
        journal.correcting = False
        places = [place for place, (entry_key, _) in enumerate(journal.entries) if entry_key == key]
        journal.editing = places[-1]
        return self.show(journal)

    def _back(self, journal: Journal, waiting: "_Waiting[C]") -> Screen:
        if journal.page:
            journal.page -= 1
            return self._render(journal, waiting)
        if journal.correcting or journal.editing is not None:
            journal.correcting, journal.editing = False, None
            return self.show(journal)
        while journal.entries and not _typed(journal.entries[-1][0]):
            journal.entries.pop()
        if journal.entries:
            journal.entries.pop()
        return self.show(journal)

    def _to_menu(self, journal: Journal, waiting: "_Waiting[C]") -> Screen:
        del journal.entries[waiting.menus[-1] if waiting.menus else 0 :]
        journal.page, journal.correcting, journal.editing = 0, False, None
        return self.show(journal)

    def _go_on(self, journal: Journal, waiting: "_Waiting[C]", typed: str) -> Screen:
        shown = [Option(value, text) for value, text in journal.shown]
        try:
            answer = Choice("resume").read(typed, shown)
        except MisreadError as misread:
            waiting.notice = waiting.ctx.voice.say(misread.key, **misread.values)
            return self._render(journal, waiting)
        journal.resuming, journal.page = False, 0
        if answer == "again":
            journal.entries, journal.editing, journal.correcting = [], None, False
        return self.show(journal)


def _read(journal: Journal, prompt: Prompt, typed: str, shown: list[Option]) -> Any:
    return Choice(prompt.key).read(typed, shown) if journal.correcting else prompt.read(typed, shown)


def _entry_key(step: Prompt | Recall | Enter) -> str:
    match step:
        case Recall():
            return LOOKED + step.key
        case Enter():
            return ENTERED + step.key
        case _:
            return step.key


def _typed(key: str) -> bool:
    return not key.startswith((LOOKED, ENTERED))
