"""Paper: A4 pages as PDF, read from left to right or, in Arabic, from right to left; the fonts are in the file."""

import logging
import unicodedata
from collections.abc import Sequence
from functools import cached_property
from typing import Any, TypeVar

import fontpkg_amiri
from fpdf import FPDF
from fpdf.enums import Align, TableBordersLayout, VAlign, XPos, YPos
from fpdf.fonts import FontFace, TTFFont

from service.domain.text import INVISIBLE
from service.locales import Language, Speaker, speaker

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

# It tells of every table of a font that it leaves out.
logging.getLogger("fontTools").setLevel(logging.ERROR)


class Paper(FPDF):
    """A4 in one language. `right` says that it is read from right to left; letters that the fonts lack are left out."""

    # Names may be in the other script, so in a page from left to right each part's is guessed.
    scripts = SCRIPTS

    def __init__(self, title: str, language: Language, note: str) -> None:
        """Take the fonts, and begin the first page; `note` stands at the foot of each."""
        super().__init__(format="A4")
        self.voice: Speaker = speaker(language)
        self.right = language is Language.AR
        self.note = note
        self.set_margins(MARGIN, MARGIN)
        self.set_auto_page_break(auto=True, margin=FOOT)
        for style, file in FILES.items():
            self.add_font(FAMILY, style, fontpkg_amiri.ROOT / "files" / file)
        self.set_title(title)
        self.set_author("Tiwizi")
        self.set_lang(language)
        self.add_page()

    def footer(self) -> None:
        """End each page with the note, and its number."""
        self.set_y(-FOOT + 4)
        self.text_of(self.note, SMALL - 1, colour=SOFT)
        self.text_of(f"{self.page_no()}", SMALL, colour=SOFT, align=Align.C)

    def text_of(
        self,
        text: str,
        size: float,
        style: str = "",
        *,
        colour: tuple[int, int, int] = INK,
        align: Align | None = None,
        right: bool | None = None,
        marked: bool = False,
    ) -> None:
        """Write a paragraph; `size` in points, `right` when it is not read in the direction of the page.

        In a marked one `**words**` are bold and `__words__` lean.
        """
        rtl = self.right if right is None else right
        self._pen(size, style, colour, right=rtl)
        self.multi_cell(
            0,
            size * POINT * LINE,
            self._known(text),
            align=align or (Align.R if rtl else Align.L),
            markdown=marked,
            new_x=XPos.LMARGIN,
            new_y=YPos.NEXT,
        )

    def line_across(self) -> None:
        """Draw a line from margin to margin."""
        self.ln(1.5)
        self.set_draw_color(*DEEP)
        self.set_line_width(RULE * 2)
        self.line(self.l_margin, self.get_y(), self.w - self.r_margin, self.get_y())
        self.ln(2.5)

    def heading(self, text: str) -> None:
        """Write a heading, never alone at the foot of a page."""
        self.ln(2.5)
        self.keep(HEADING, 3)
        self.text_of(text, HEADING, "B", colour=DEEP)

    def section(self, heading: str, text: str) -> None:
        """Write a heading and a paragraph; nothing when there is no text."""
        if text:
            self.heading(heading)
            self.text_of(text, BODY)

    def keep(self, size: float, lines: int) -> None:
        """Begin a new page unless so many lines of so many points still fit here."""
        if self.will_page_break(size * POINT * LINE * lines):
            self.add_page()

    def rows(self, heading: str, rows: Sequence[Sequence[str]], widths: Sequence[int], *, headed: bool = False) -> None:
        """Write rows, the first column where reading begins; numbers stand where reading ends. No rows, no heading."""
        if not rows:
            return
        self.heading(heading)
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

    def _pen(self, size: float, style: str, colour: tuple[int, int, int], *, right: bool) -> None:
        self.set_font(FAMILY, style, size)
        self.set_text_color(*colour)
        self.set_text_shaping(True, **self.scripts[right])

    def _turned(self, parts: Sequence[T]) -> Sequence[T]:
        return parts[::-1] if self.right else parts

    def _known(self, text: str) -> str:
        # What is invisible could turn around what stands beside it.
        return "".join(one for one in text if one == "\n" or self._prints(one)).strip()

    def _prints(self, letter: str) -> bool:
        return ord(letter) in self._letters and unicodedata.category(letter) not in INVISIBLE

    @cached_property
    def _letters(self) -> frozenset[int]:
        font = self.fonts[FAMILY.lower()]
        assert isinstance(font, TTFFont)  # noqa: S101  # one that was added from a file is
        return frozenset(font.cmap)
