"""The question that waits while a text comes: whether the text is its answer, or a word of command."""

import re
from dataclasses import dataclass

from ussd.engine.prompts import Menu, MisreadError, Option, Prompt, Show
from ussd.engine.typed import Secret, Text
from ussd.transports.keywords import PUNCTUATION, Action, Command

# What a person may say in the middle of anything, even where words are the answer.
ALWAYS = frozenset({Action.HELP, Action.INFO, Action.NEED, Action.MENU, Action.GO_ON})
# Words that stand before a code.
BEFORE_CODES = frozenset({Action.JOIN, Action.PIN})
# Words after which numbers are read, or a reason is written.
BEFORE_NUMBERS = frozenset({Action.NEED, Action.PLEDGE, Action.PROGRESS, Action.PAUSE, Action.NO, Action.ARRIVAL})
DIGIT = re.compile(r"\d")
# The line that a mere yes or no chooses, by what it stands for: its words may be others, in another language.
CHOSEN = {Action.YES: frozenset({"yes", "accept"}), Action.NO: frozenset({"no", "refuse"})}
# Digits by themselves, also in groups; those of a PIN or a code are so many.
FIGURES = re.compile(r"(?<![\w+-])\d+(?: \d+)*(?![\w-])")
LIKE_SECRET = range(4, 7)


@dataclass(frozen=True)
class Question:
    """A prompt that waits, and the lines it showed."""

    prompt: Prompt
    shown: list[Option]

    @property
    def idle(self) -> bool:
        """Whether nothing is lost by turning to something else: a page that was read, a menu."""
        return isinstance(self.prompt, Show | Menu)

    def takes(self, text: str) -> bool:
        """Tell whether the text is an answer, rightly put or not: where words are asked for, words are."""
        return isinstance(self.prompt, Text) or self.fits(text)

    def fits(self, text: str) -> bool:
        """Tell whether the text is an answer that goes on; a secret is not compared."""
        if isinstance(self.prompt, Secret):
            return len(DIGIT.findall(text)) == self.prompt.digits
        try:
            self.prompt.read(text, self.shown)
        except MisreadError:
            return False
        return True

    def means(self, command: Command, text: str) -> bool:
        """Tell whether a keyword is one here: words that answer the question, or go on as a sentence, are not."""
        if command.about_one or (command.alone and command.action in ALWAYS):
            return True
        if self.takes(text):
            return False
        return self.idle or command.action not in {Action.YES, Action.NO}

    def answer(self, command: Command | None, text: str) -> str:
        """Return what of the text is the answer: people write *code 482913!*, and say no more."""
        if not isinstance(self.prompt, Secret):
            return self._line(command) or text
        return (command.rest if command and command.action in BEFORE_CODES else text).strip(PUNCTUATION)

    def _line(self, command: Command | None) -> str:
        """Return the number of the line that a mere *oui* or *non* chooses; empty where it chooses none."""
        values = CHOSEN.get(command.action, ()) if command and command.alone else ()
        return next((str(number) for number, line in enumerate(self.shown, 1) if line.value in values), "")


def kept(text: str, command: Command | None, question: Question | None) -> str:
    """Return what may be kept of a text: no digits that are a secret, no NUL, which PostgreSQL cannot keep.

    People also send a PIN that nobody asked for: where digits answer nothing, those that might be one go too.
    """
    text = text.replace("\x00", "")
    if (question and isinstance(question.prompt, Secret)) or (command and command.action in BEFORE_CODES):
        return DIGIT.sub("*", text)
    if (command and command.action in BEFORE_NUMBERS) or (question and question.takes(text)):
        return text
    return FIGURES.sub(lambda found: _masked(found[0]), text)


def _masked(figures: str) -> str:
    return DIGIT.sub("*", figures) if len(DIGIT.findall(figures)) in LIKE_SECRET else figures
