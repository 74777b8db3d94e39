"""What a dialogue can ask. A prompt knows its question and what it accepts; it knows no transport and no database."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import EnumType, StrEnum
from typing import Any, NamedTuple, Protocol

from service.domain.text import search_key
from ussd.engine.journal import DRAFTED, ENTERED, LOOKED

# Answers are JSON, because the journal is.
Answer = Any
DIGITS = str.maketrans("٠١٢٣٤٥٦٧٨٩", "0123456789")
FEWEST_LETTERS = 2
LINE_NUMBER = re.compile("[0-9]{1,4}")


class Voice(Protocol):
    """Speaks one language: catalogue keys in, text out."""

    def say(self, key: str, /, *, count: int | None = None, **values: Any) -> str:
        """Return the text of a key."""
        ...

    def write(self, value: object) -> str:
        """Return a value as people of the language read it."""
        ...


class MisreadError(Exception):
    """The answer does not fit: the catalogue key of one line that says what is expected."""

    def __init__(self, key: str, **values: object) -> None:
        """Keep what fills the line."""
        super().__init__(key)
        self.key = key
        self.values = values


class Option(NamedTuple):
    """A numbered line of a choice: what the journal keeps, and what is shown."""

    value: str
    text: str


@dataclass(frozen=True)
class Prompt:
    """A question. `key` names its text and its place in the journal; `values` fill the text."""

    key: str
    values: Mapping[str, Any] = field(default_factory=dict, kw_only=True)

    @property
    def entry(self) -> str:
        """What the journal keeps its answer by."""
        return self.key

    def question(self, voice: Voice) -> str:
        """Return the question."""
        return voice.say(self.key, **self.values)

    def options(self, voice: Voice) -> list[Option]:  # noqa: ARG002  # for those that have some
        """Return the numbered lines, looked up now."""
        return []

    def read(self, typed: str, shown: Sequence[Option]) -> Answer:
        """Return what the journal keeps of an answer to the options that were shown.

        Raises MisreadError when it does not fit.
        """
        raise NotImplementedError

    def accepts(self, answer: Answer) -> bool:  # noqa: ARG002  # most kept answers stay good
        """Tell whether a kept answer still fits, after an earlier one was corrected."""
        return True


Options = type[StrEnum] | Sequence[StrEnum] | Callable[[], Sequence[Option]]


@dataclass(frozen=True)
class Choice(Prompt):
    """One of several. Options from the database come as a function, called only when they are shown.

    `none` is the text of a last line for no answer, which the journal keeps as None.
    """

    choices: Options = ()
    none: str = field(default="", kw_only=True)

    def options(self, voice: Voice) -> list[Option]:
        """Return the numbered lines."""
        last = [Option("", voice.say(self.none))] if self.none else []
        if isinstance(self.choices, EnumType | Sequence):
            return [*(Option(member.value, voice.write(member)) for member in self.choices), *last]
        return [*self.choices(), *last]

    def read(self, typed: str, shown: Sequence[Option]) -> Answer:
        """Accept the number of a line, or letters with which just one line begins."""
        number = typed.translate(DIGITS)
        if LINE_NUMBER.fullmatch(number) and 1 <= int(number) <= len(shown):
            return shown[int(number) - 1].value or None
        letters = search_key(typed)
        meant = [option for option in shown if search_key(option.text).startswith(letters)]
        if len(letters) < FEWEST_LETTERS or letters.isdigit() or len(meant) != 1:
            expected = "expect.choice" if len(shown) > 1 else "expect.choice.only"
            raise MisreadError(expected, highest=len(shown))
        return meant[0].value or None


@dataclass(frozen=True)
class Menu(Choice):
    """A choice that `00` comes back to. Its `zero` option, if any, answers to 0: there is nowhere to go back to."""

    zero: Option | None = None

    def read(self, typed: str, shown: Sequence[Option]) -> Answer:
        """Accept the number of a line, or 0."""
        if self.zero and typed.translate(DIGITS) == "0":
            return self.zero.value
        return super().read(typed, shown)


@dataclass(frozen=True)
class Show(Prompt):
    """Something to read; the way on is back or the menu."""

    def read(self, typed: str, shown: Sequence[Option]) -> Answer:  # noqa: ARG002  # nothing is asked
        """Accept nothing."""
        raise MisreadError("expect.keys")


@dataclass(frozen=True)
class Review(Prompt):
    """What was understood, before it counts: send, or correct one of `lines` (keys of earlier prompts)."""

    lines: Sequence[str] = ()
    send: str = "review.send"
    also: str = ""

    def options(self, voice: Voice) -> list[Option]:
        """Return *send*, *correct*, and what may be done besides (`also`, which the journal keeps as that)."""
        besides = [Option("also", voice.say(self.also))] if self.also else []
        return [Option("send", voice.say(self.send)), Option("correct", voice.say("review.correct")), *besides]

    def corrections(self, voice: Voice) -> list[Option]:
        """Return the lines that can be corrected, by their short names."""
        return [Option(key, voice.say(f"{key}.label")) for key in self.lines]

    def read(self, typed: str, shown: Sequence[Option]) -> Answer:
        """Accept the number of a line."""
        return Choice(self.key).read(typed, shown)


class Recall(NamedTuple):
    """Not a question: a look at the world whose JSON answer the journal keeps, so that a replay looks no more."""

    key: str
    look: Callable[[], Answer]

    @property
    def entry(self) -> str:
        """What the journal keeps its answer by."""
        return LOOKED + self.key

    def accepts(self, answer: Answer) -> bool:  # noqa: ARG002  # as it was seen, so it stays
        """Tell that a kept answer is good."""
        return True


class Enter(NamedTuple):
    """Not a question: a dialogue begins here, in this version; `draft` says that its answers are worth keeping."""

    key: str
    version: int
    draft: bool

    @property
    def entry(self) -> str:
        """What the journal keeps the version by."""
        return (DRAFTED if self.draft else ENTERED) + self.key

    def accepts(self, answer: Answer) -> bool:
        """Tell whether the answers that follow were given to this version."""
        return bool(self.version == answer)


@dataclass(frozen=True)
class End:
    """The last screen, said after the fact was written."""

    key: str
    values: Mapping[str, Any] = field(default_factory=dict)
