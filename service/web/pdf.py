"""An experience sheet on paper: one or two A4 pages, in French or, from right to left, in Arabic."""

from functools import lru_cache

from service.locales import Language
from service.usecases.experiences import Experience, Quote
from service.web.paper import BODY, DEEP, HEADING, SMALL, SOFT, TITLE, Paper

KEPT = 64  # sheets drawn lately: drawing one takes a second


@lru_cache(KEPT)
def draw_sheet(read: Experience) -> bytes:
    """Return a sheet as a PDF with its fonts in it; letters that the fonts lack are left out."""
    paper = _Sheet(read)
    paper.draw()
    return bytes(paper.output())


class _Sheet(Paper):
    def __init__(self, read: Experience) -> None:
        language = Language(read.language)
        super().__init__(read.title, language, note="")
        self.read = read
        self.note = self.voice.say("sheet.note")

    def draw(self) -> None:
        """Write the whole sheet."""
        read, say = self.read, self.voice.say
        self.text_of(f"Tiwizi · {say('sheet.kind')} · {read.reference}", SMALL, colour=DEEP)
        self.text_of(read.title, TITLE, "B")
        self.text_of(read.place, HEADING, colour=SOFT)
        self.line_across()
        self.text_of(read.summary, BODY + 1)
        self.rows(say("sheet.heading.facts"), read.facts, (3, 7))
        self.rows(say("sheet.heading.money"), read.money, (4, 2, 2, 2), headed=True)
        self.rows(say("sheet.heading.steps"), read.steps, (2, 8))
        self.section(say("sheet.heading.difficulties"), read.difficulties)
        self.section(say("sheet.heading.lessons"), read.lessons)
        if read.quotes:
            self.heading(say("sheet.heading.quotes"))
        for quote in read.quotes:
            self._quote(quote)

    def _quote(self, quote: Quote) -> None:
        # Who said it stands below it.
        self.keep(BODY, 3)
        right = quote.language == Language.AR
        marks = "«{}»" if right else "« {} »"
        self.text_of(marks.format(quote.text), BODY, "" if right else "I", right=right)
        self.text_of(f"– {quote.by}", SMALL, colour=SOFT)
        self.ln(1)
