"""The people of the story: phones whose owners answer by what they show."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from time import monotonic, sleep

from service.cli.carrier import Carrier, Screen, Sms
from service.domain.money import Money
from service.locales import Language, speaker
from service.messaging.segments import fold

SMS_WITHIN = 30  # seconds that a text may take through the outbox
LOOK_EVERY = 0.2  # seconds
MORE = "98"
# Where a line is when the first screen has no room for it.
ELSEWHERE = ("home.other", "project.other")
# What is asked of whoever has several projects.
WHICH = ("project.which", "sheet.which")
CODE_SENT, PLACE = re.compile(r"\b\d{6}\b"), re.compile(r"\{[^}]*\}")
PIN = "2580"  # of people who are not real


class StoryError(Exception):
    """The story did not go on as it must; the sentence says where."""


@dataclass(frozen=True)
class Way:
    """How something is begun: by lines from the first screen on (catalogue keys), or by a word in an SMS."""

    lines: tuple[str, ...]
    word: str
    arabic: str

    def spoken(self, language: Language) -> str:
        """Return the word as people of the language text it."""
        return self.arabic if language is Language.AR else self.word


# Words as they are, the key of a text in the catalogues, or what is written as people of a language read it.
Said = str | StrEnum | Money


class Actor:
    """Someone with a phone who answers what it shows: by USSD, or `by_sms`, where every answer is a text.

    What they look for is looked for as their `language` says it.
    `tell` is shown every screen and every text.
    """

    def __init__(
        self,
        who: str,
        carrier: Carrier,
        code: str,
        tell: Callable[[str, str, str], None],
        *,
        language: Language = Language.FR,
        by_sms: bool = False,
    ) -> None:
        """Take the phone in hand; texts that were on it before are not part of the story."""
        self.who, self.carrier, self.code, self.tell = who, carrier, code, tell
        self.language, self.by_sms = language, by_sms
        self.screen, self.pages = Screen("", goes_on=False), ""
        self.inbox = carrier.inbox()
        self.read = len(self.inbox)

    def begins(self, way: Way, about: str = "") -> None:
        """Begin something: dial and follow its lines, or text its word; of several projects the one it is `about`.

        Raises StoryError when a line is nowhere.
        """
        if self.by_sms:
            self.types(way.spoken(self.language))
        else:
            self.dials()
        for line in () if self.by_sms else way.lines:
            self.follows(line)
            self.chooses(about, *WHICH)
        self.chooses(about, *WHICH)

    def chooses(self, what: str, *asked: str) -> None:
        """Choose something if one of these questions is asked; else it is clear what is meant."""
        if what and any(self._says(self.pages, question) for question in asked):
            self.picks(what)

    def follows(self, line: str) -> None:
        """Follow a line of a menu, also where it is behind *other*. Raises StoryError when it is nowhere."""
        number, found = self._line(line, *ELSEWHERE)
        self.types(number)
        if found != line:
            self.picks(line)

    def dials(self) -> None:
        """Call the service."""
        self._see(f"dials {self.code}", self.carrier.dial(self.code))

    def types(self, *texts: str) -> None:
        """Answer with words or a number, one screen after the other."""
        for text in texts:
            if self.by_sms:
                before = len(self._look())
                self.texts(text)
                self._show(text, Screen(self._reply(before), goes_on=True))
            else:
                self._see(text, self.carrier.answer(text))

    def picks(self, *wanted: Said) -> None:
        """Press the number of the line that says what is wanted, paging on until it shows; one screen after the other.

        Raises StoryError when no line says so.
        """
        for words in wanted:
            self.types(self._line(words)[0])

    def proves(self) -> None:
        """Prove who one is: by the PIN, chosen where there is none yet; by SMS with the code that came.

        Raises StoryError when neither is asked.
        """
        if self.by_sms:
            self.types(self._code(self.screen.text))
        elif self._says(self.pages, "pin.new"):
            self.types(PIN, PIN)
        else:
            self.sees("pin.ask")
            self.types(PIN)

    def invitation(self) -> str:
        """Return the code of the invitation that came. Raises StoryError when none came."""
        return self._code(self.hears("sms.officer_invited").text)

    def says(self, what: StrEnum) -> str:
        """Return how this person says something."""
        return speaker(self.language).write(what)

    def sees(self, *wanted: Said) -> None:
        """Check what the screen says, paging on until it does.

        Raises StoryError.
        """
        for words in wanted:
            while not self._says(self.pages, words):
                if not self._more():
                    raise StoryError(f"{self.who}: expected {words!r} on the screen, but it says:\n{self.pages}")

    def ended(self) -> None:
        """Check that the conversation came to its end, as far as it shows: by SMS the next text begins another.

        Raises StoryError.
        """
        if self.screen.goes_on and not self.by_sms:
            raise StoryError(f"{self.who}: the conversation should have ended, but it says:\n{self.screen.text}")

    def texts(self, text: str) -> None:
        """Send an SMS."""
        self.carrier.sms(text)
        self.tell(self.who, "sends SMS", text)

    def hears(self, *wanted: Said) -> Sms:
        """Wait for an SMS that says all that is wanted.

        Raises StoryError when none came in 30 seconds.
        """
        until = monotonic() + SMS_WITHIN
        while True:
            for sms in self._look()[self.read :]:
                self.read += 1
                if all(self._says(sms.text, words) for words in wanted):
                    return sms
            if monotonic() >= until:
                words = " and ".join(map(repr, wanted))
                raise StoryError(f"{self.who}: no SMS that says {words} came within {SMS_WITHIN} seconds")
            sleep(LOOK_EVERY)

    def _reply(self, before: int) -> str:
        until = monotonic() + SMS_WITHIN
        while not (came := self._look()[before:]) and monotonic() < until:
            sleep(LOOK_EVERY)
        if not came:
            raise StoryError(f"{self.who}: no SMS was answered within {SMS_WITHIN} seconds")
        return "\n".join(sms.text for sms in came)

    def _look(self) -> list[Sms]:
        """Return all texts that ever came, the new ones shown."""
        new = self.carrier.inbox(self.inbox[-1].id if self.inbox else 0)
        for sms in new:
            self.tell(self.who, f"receives SMS ({sms.parts} part, {sms.encoding} {sms.units})", sms.text)
        self.inbox += new
        return self.inbox

    def _line(self, *wanted: Said) -> tuple[str, Said]:
        """Return the number of the line that says what is wanted, or else what is wanted next; and which it is."""
        while not self._find(wanted[0]) and self._more():
            pass
        for words in wanted:
            if number := self._find(words):
                return number, words
        raise StoryError(f"{self.who}: no line says {wanted[0]!r} on the screen:\n{self.pages}")

    def _more(self) -> bool:
        """Turn to the next page, if there is one."""
        more = f"{MORE} " in self.screen.text
        if more:
            self.types(MORE)
        return more

    def _find(self, words: Said) -> str | None:
        pattern = self._pattern(words)
        lines = [line.partition(" ") for line in folded(self.pages).split("\n")]
        told = [(number, text) for number, _, text in lines if number.isdigit()]
        same = [number for number, text in told if pattern.fullmatch(text)]
        return next(iter(same or [number for number, text in told if pattern.search(text)]), None)

    def _says(self, text: str, words: Said) -> bool:
        return bool(self._pattern(words).search(folded(text)))

    def _pattern(self, words: Said) -> re.Pattern[str]:
        # What is written with letters that GSM-7 lacks arrives without them.
        voice = speaker(self.language)
        known = isinstance(words, str) and voice.knows(words)
        said = voice.say(str(words)) if known else voice.write(words)
        return re.compile(".*".join(map(re.escape, PLACE.split(folded(said)))), re.DOTALL)

    def _code(self, text: str) -> str:
        codes: list[str] = CODE_SENT.findall(text)
        if not codes:
            raise StoryError(f"{self.who}: no code is in:\n{text}")
        return codes[0]

    def _see(self, typed: str, screen: Screen) -> None:
        self._show(typed, screen)
        self.tell(self.who, typed, screen.text)

    def _show(self, typed: str, screen: Screen) -> None:
        self.pages = f"{self.pages}\n{screen.text}" if typed == MORE else screen.text
        self.screen = screen


def folded(text: str) -> str:
    """Return a text as the air carries it, line by line: one letter that GSM-7 lacks changes only its own line."""
    return "\n".join(fold(line) for line in text.split("\n"))
