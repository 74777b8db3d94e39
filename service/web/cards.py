"""Cards to keep beside the phone: one A4 page for a village or for an association abroad, in any language."""

from enum import StrEnum
from functools import lru_cache

from fpdf.enums import Align

from service.locales import Language
from service.web.paper import BODY, DEEP, LINE, PALE, POINT, SMALL, SOFT, Paper

KEPT = 8
WHITE = 255
TITLE, CALL = 20, 16  # points
# The words that each may send, the most needed first.
VILLAGE_WORDS = (
    *("need", "progress", "confirm", "arrival", "project", "mine", "info", "yes", "no"),
    *("officers", "testimony", "experience", "go_on", "callback", "help", "stop"),
)
DIASPORA_WORDS = (
    *("enrol", "yes", "no", "info", "pledge", "mine", "project", "profile", "pause"),
    *("testimony", "experience", "go_on", "callback", "language", "help", "stop"),
)
KEYS = (("1, 2, 3…", "digit"), ("0", "back"), ("00", "menu"), ("98", "more"))


class Holder(StrEnum):
    """Whose card it is."""

    VILLAGE = "village"
    DIASPORA = "diaspora"


WORDS = {Holder.VILLAGE: VILLAGE_WORDS, Holder.DIASPORA: DIASPORA_WORDS}
# A list is of one's own needs, or of what others need.
MEANT = {(Holder.DIASPORA, "mine"): "proposals"}


@lru_cache(KEPT)
def draw_card(holder: Holder, language: Language, code: str, number: str) -> bytes:
    """Return a card as a PDF; `code` is what a village dials, `number` where both write to, as people write it."""
    card = _Card(holder, language)
    card.draw(code, number)
    return bytes(card.output())


class _Card(Paper):
    def __init__(self, holder: Holder, language: Language) -> None:
        super().__init__("Tiwizi", language, note="")
        self.holder = holder
        self.note = self.voice.say("card.note")
        self.set_title(self.voice.say(f"card.{self.holder}.title"))

    def draw(self, code: str, number: str) -> None:
        """Write the whole card."""
        say = self.voice.say
        self.text_of(say("card.kind"), SMALL, colour=DEEP)
        self.text_of(say(f"card.{self.holder}.title"), TITLE, "B")
        self.text_of(say(f"card.{self.holder}.lead"), BODY, colour=SOFT)
        self._ways_in(code, number)
        self.rows(say("card.words"), [(say(f"card.word.{one}"), self._does(one)) for one in WORDS[self.holder]], (3, 7))
        steps = enumerate(say(f"card.{self.holder}.next").splitlines(), start=1)
        self.section(say("card.next"), "\n".join(f"{number}. {step}" for number, step in steps))
        if self.holder is Holder.VILLAGE:
            self.section(say("card.keys"), " · ".join(f"{key} {say(f'card.key.{name}')}" for key, name in KEYS))
        self.section(say("card.safe"), say(f"card.{self.holder}.safe"))

    def _ways_in(self, code: str, number: str) -> None:
        """Write what to dial and where to write to, large, on a ground of its own."""
        ways = [("card.dial", code), ("card.write", number)]
        said = ways if self.holder is Holder.VILLAGE else ways[1:]
        self.ln(1.5)
        self.set_fill_color(*PALE)
        self.rect(self.l_margin, self.get_y(), self.epw, len(said) * (BODY + CALL) * POINT * LINE, style="F")
        for key, value in said:
            self.text_of(self.voice.say(key), BODY, colour=SOFT, align=Align.C)
            # A number keeps its direction in every language.
            self.text_of(value, CALL, "B", colour=DEEP, align=Align.C, right=False)
        self.set_fill_color(WHITE)

    def _does(self, word: str) -> str:
        return self.voice.say(f"card.does.{MEANT.get((self.holder, word), word)}")
