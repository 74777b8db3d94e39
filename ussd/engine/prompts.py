"""What a dialogue can ask. A prompt knows its question and what it accepts; it knows no transport and no database."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import EnumType, StrEnum
from typing import Any, Protocol

# Answers are JSON, because the journal is.
Answer = Any
# Points, commas and apostrophes group by three; centimes may be written when there are none.
NUMBER = re.compile(r"(?P<whole>[0-9]+|[0-9]{1,3}([.,'][0-9]{3})+)([.,]0{1,2})?")
DIGITS = str.maketrans("٠١٢٣٤٥٦٧٨٩", "0123456789")


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


@dataclass(frozen=True)
class Option:
    """A numbered line of a choice: what the journal keeps, and what is shown."""

    value: str
    text: str


@dataclass(frozen=True)
class Prompt:
    """A question. `key` names its text and its place in the journal; `values` fill the text."""

    key: str
    values: Mapping[str, Any] = field(default_factory=dict, kw_only=True)

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
    """One of several. Options from the database come as a function, called only when they are shown."""

    choices: Options = ()

    def options(self, voice: Voice) -> list[Option]:
        """Return the numbered lines."""
        if isinstance(self.choices, EnumType | Sequence):
            return [Option(member.value, voice.write(member)) for member in self.choices]
        return list(self.choices())

    def read(self, typed: str, shown: Sequence[Option]) -> Answer:
        """Accept the number of a line."""
        number = typed.translate(DIGITS)
        if not (number.isascii() and number.isdigit() and 1 <= int(number[:4]) <= len(shown)):
            raise MisreadError("expect.choice", highest=len(shown))
        return shown[int(number) - 1].value


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
class Number(Prompt):
    """A whole number from `low` to `high`, however it is grouped. `nothing` offers `1` for none, as 0 goes back."""

    low: int = 1
    high: int = 1_000_000_000
    nothing: str = ""

    def question(self, voice: Voice) -> str:
        """Return the question, with the line for none."""
        asked = voice.say(self.key, **self.values)
        return f"{asked}\n1 {voice.say(self.nothing)}" if self.nothing else asked

    def read(self, typed: str, shown: Sequence[Option]) -> Answer:  # noqa: ARG002  # a number is not a line
        """Accept `1500`, `1 500`, `1.500`, `1500,00 dh`, `١٥٠٠`."""
        written = typed.translate(DIGITS).lower().removesuffix("dh").removesuffix("mad").replace(" ", "")
        grouped = NUMBER.fullmatch(written)
        digits = re.sub("[.,']", "", grouped["whole"]) if grouped else ""
        if not 0 < len(digits) <= len(str(self.high)):
            raise MisreadError("expect.number", low=self.low, high=self.high)
        number = 0 if self.nothing and digits == "1" else int(digits)
        if not self.accepts(number):
            raise MisreadError("expect.number", low=self.low, high=self.high)
        return number

    def accepts(self, answer: Answer) -> bool:
        """Tell whether the number is within bounds."""
        return self.low <= answer <= self.high or (answer == 0 and bool(self.nothing))


@dataclass(frozen=True)
class Text(Prompt):
    """A few words, at most `longest` characters. `check` may refuse them (MisreadError); it is not asked on replay."""

    longest: int = 60
    shortest: int = 2
    check: Callable[[str], None] | None = None

    def read(self, typed: str, shown: Sequence[Option]) -> Answer:  # noqa: ARG002  # words are not a line
        """Accept words that fit."""
        if len(typed) > self.longest:
            raise MisreadError("expect.shorter", longest=self.longest)
        if len(typed) < self.shortest or not any(letter.isalpha() for letter in typed):
            raise MisreadError("expect.words")
        if self.check:
            self.check(typed)
        return typed


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

    def options(self, voice: Voice) -> list[Option]:
        """Return *send* and *correct*."""
        return [Option("send", voice.say(self.send)), Option("correct", voice.say("review.correct"))]

    def corrections(self, voice: Voice) -> list[Option]:
        """Return the lines that can be corrected, by their short names."""
        return [Option(key, voice.say(f"{key}.label")) for key in self.lines]

    def read(self, typed: str, shown: Sequence[Option]) -> Answer:
        """Accept the number of a line."""
        return Choice(self.key).read(typed, shown)


@dataclass(frozen=True)
class Recall:
    """Not a question: a look at the world whose JSON answer the journal keeps, so that a replay looks no more."""

    key: str
    look: Callable[[], Answer]


@dataclass(frozen=True)
class Enter:
    """Not a question: a dialogue begins here, in this version; `draft` says that its answers are worth keeping."""

    key: str
    version: int
    draft: bool


@dataclass(frozen=True)
class End:
    """The last screen, said after the fact was written."""

    key: str
    values: Mapping[str, Any] = field(default_factory=dict)
