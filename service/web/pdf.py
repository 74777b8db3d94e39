"""An experience sheet on paper: one or two A4 pages, in French or, from right to left, in Arabic."""

import logging
from collections.abc import Sequence
from functools import cached_property, lru_cache
from typing import Any, TypeVar

import fontpkg_amiri
from fpdf import FPDF
from fpdf.enums import Align, TableBordersLayout, VAlign, XPos, YPos
from fpdf.fonts import FontFace, TTFFont

from service.locales import Language, Speaker, speaker
from service.usecases.experiences import Experience, Quote, Row

# Millimetres and points.
MARGIN, FOOT, LINE, RULE = 18, 22, 1.45, 0.3
TITLE, HEADING, BODY, SMALL = 24, 14, 11.5, 9
POINT = 25.4 / 72
INK, SOFT, DEEP, PALE = (27, 36, 34), (77, 90, 87), (11, 79, 74), (230, 242, 239)
FAMILY = "Amiri"
FILES = {"": "Amiri-Regular.ttf", "B": "Amiri-Bold.ttf", "I": "Amiri-Italic.ttf", "BI": "Amiri-BoldItalic.ttf"}
SCRIPTS: dict[bool, dict[str, Any]] = {
    True: {"direction": "rtl", "script": "arab", "language": "ara"},
    False: {"direction": "ltr"},
}
T = TypeVar("T")
KEPT = 64  # sheets drawn lately: drawing one takes a second

# It tells of every table of a font that it leaves out.
logging.getLogger("fontTools").setLevel(logging.ERROR)


@lru_cache(KEPT)
def draw_sheet(read: Experience) -> bytes:
    """Return a sheet as a PDF with its fonts in it; letters that the fonts lack are left out."""
    paper = _Paper(read)
    paper.draw()
    return bytes(paper.output())


class _Paper(FPDF):
    """A4 for one sheet. `right` says that it is read from right to left."""

    def __init__(self, read: Experience) -> None:
        """Take the fonts, and begin the first page."""
        super().__init__(format="A4")
        self.read = read
        self.voice: Speaker = speaker(read.language)
        self.right = read.language == Language.AR
        self.set_margins(MARGIN, MARGIN)
        self.set_auto_page_break(auto=True, margin=FOOT)
        for style, file in FILES.items():
            self.add_font(FAMILY, style, fontpkg_amiri.ROOT / "files" / file)
        self.set_title(read.title)
        self.set_author("Tiwizi")
        self.set_lang(read.language)
        self.add_page()

    def draw(self) -> None:
        """Write the whole sheet."""
        read, say = self.read, self.voice.say
        self._write(f"Tiwizi · {say('sheet.kind')} · {read.reference}", SMALL, colour=DEEP)
        self._write(read.title, TITLE, "B")
        self._write(read.place, HEADING, colour=SOFT)
        self._rule()
        self._write(read.summary, BODY + 1)
        self._table("sheet.heading.facts", read.facts, (3, 7))
        self._table("sheet.heading.money", read.money, (4, 2, 2, 2), headed=True)
        self._table("sheet.heading.steps", read.steps, (2, 8))
        self._section("sheet.heading.difficulties", read.difficulties)
        self._section("sheet.heading.lessons", read.lessons)
        if read.quotes:
            self._heading("sheet.heading.quotes")
        for quote in read.quotes:
            self._quote(quote)

    def footer(self) -> None:
        """End each page with what its figures are, and its number."""
        self.set_y(-FOOT + 4)
        self._write(self.voice.say("sheet.note"), SMALL - 1, colour=SOFT)
        self._write(f"{self.page_no()}", SMALL, colour=SOFT, align=Align.C)

    def _write(
        self,
        text: str,
        size: float,
        style: str = "",
        *,
        colour: tuple[int, int, int] = INK,
        align: Align | None = None,
        right: bool | None = None,
    ) -> None:
        rtl = self.right if right is None else right
        self._pen(size, style, colour, right=rtl)
        self.multi_cell(
            0,
            size * POINT * LINE,
            self._known(text),
            align=align or (Align.R if rtl else Align.L),
            new_x=XPos.LMARGIN,
            new_y=YPos.NEXT,
        )

    def _pen(self, size: float, style: str, colour: tuple[int, int, int], *, right: bool) -> None:
        self.set_font(FAMILY, style, size)
        self.set_text_color(*colour)
        self.set_text_shaping(True, **SCRIPTS[right])

    def _rule(self) -> None:
        self.ln(1.5)
        self.set_draw_color(*DEEP)
        self.set_line_width(RULE * 2)
        self.line(self.l_margin, self.get_y(), self.w - self.r_margin, self.get_y())
        self.ln(2.5)

    def _heading(self, key: str) -> None:
        self.ln(2.5)
        # Never alone at the foot of a page.
        if self.will_page_break(HEADING * POINT * LINE * 3):
            self.add_page()
        self._write(self.voice.say(key), HEADING, "B", colour=DEEP)

    def _section(self, key: str, text: str) -> None:
        if text:
            self._heading(key)
            self._write(text, BODY)

    def _quote(self, quote: Quote) -> None:
        # Who said it stands below it.
        if self.will_page_break(BODY * POINT * LINE * 3):
            self.add_page()
        right = quote.language == Language.AR
        marks = "«{}»" if right else "« {} »"
        self._write(marks.format(quote.text), BODY, "" if right else "I", right=right)
        self._write(f"– {quote.by}", SMALL, colour=SOFT)
        self.ln(1)

    def _table(self, key: str, rows: Sequence[Row], widths: Sequence[int], *, headed: bool = False) -> None:
        """Write rows, the first column where reading begins; numbers stand where reading ends."""
        if not rows:
            return
        self._heading(key)
        self._pen(BODY - 0.5, "", INK, right=self.right)
        self.set_draw_color(*SOFT)
        self.set_line_width(RULE / 3)
        begin, end = (Align.R, Align.L) if self.right else (Align.L, Align.R)
        aligned = [begin, *([end] * (len(widths) - 1) if headed else [begin] * (len(widths) - 1))]
        with self.table(
            col_widths=tuple(self._turned(widths)),
            text_align=tuple(self._turned(aligned)),
            borders_layout=TableBordersLayout.HORIZONTAL_LINES if headed else TableBordersLayout.NONE,
            first_row_as_headings=headed,
            headings_style=FontFace(emphasis="B", color=DEEP, fill_color=PALE),
            line_height=BODY * POINT * LINE,
            padding=(0.2, 1),
            v_align=VAlign.T,
        ) as table:
            for row in rows:
                cells = table.row()
                for text in self._turned(row):
                    cells.cell(self._known(text))

    def _turned(self, parts: Sequence[T]) -> Sequence[T]:
        return parts[::-1] if self.right else parts

    def _known(self, text: str) -> str:
        return "".join(letter for letter in text if letter == "\n" or ord(letter) in self._letters).strip()

    @cached_property
    def _letters(self) -> frozenset[int]:
        font = self.fonts[FAMILY.lower()]
        assert isinstance(font, TTFFont)  # noqa: S101  # one that was added from a file is
        return frozenset(font.cmap)
