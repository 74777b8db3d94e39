"""Write the coordinator's handbook as PDF, from its prose, the French catalogue and the pictures of the browser's day.

Run `python -m docs.make_handbook` after `make test ARGS="-n 0 tests/served/test_coordinators_day.py"`, which takes the
pictures.
"""
# ruff: noqa: INP001  # a script beside the page it writes, in no package

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from fpdf.enums import Align
from fpdf.fonts import TTFFont
from fpdf.outline import OutlineSection
from PIL import Image

from service.locales import Language
from service.web.paper import BODY, DEEP, HEADING, LINE, POINT, RULE, SCRIPTS, SMALL, SOFT, TITLE, Paper

HERE = Path(__file__).parent
PROSE = HERE / "handbook.md"
PICTURES = HERE.parent / "build" / "handbook"
PAPER = HERE.parent / "service" / "web" / "static" / "handbook.pdf"
# Pixels of each picture, so that what is on which page depends on the words alone; colours enough for flat pages.
SIZE, COLOURS = (1280, 576), 64
INDENT, GAP, WIDTH = 6, 2, 160  # millimetres
CHAPTER = 2  # signs before a heading; of the title there is one
REFERENCE = re.compile(r"\{([\w.]+)\}")
PICTURE = re.compile(r"!\[(.+)\]\((\w+)\)")
ITEM = re.compile(r"(-|\d+\.) (.*)", re.DOTALL)
# What French sets apart by a space, and never at the beginning of a line.
CLINGING, NO_BREAK = re.compile(r" (?=[;:?!»])|(?<=«) "), "\u00a0"
LEANING = re.compile(r"(?<!\*)\*([^*]+)\*(?!\*)")

Picture = Callable[[str], Image.Image | None]


def blocks(prose: str) -> Iterator[str]:
    """Return headings, pictures, paragraphs and the items of lists, each as one line."""
    for part in prose.split("\n\n"):
        for block in re.split(r"\n(?=- |\d+\. )", part.strip()):
            yield CLINGING.sub(NO_BREAK, " ".join(line.strip() for line in block.splitlines()))


def pictures_of(prose: str) -> list[str]:
    """Return the names of the pictures, as often as they are shown."""
    return [name for _, name in PICTURE.findall(prose)]


def draw_handbook(prose: str, picture: Picture) -> bytes:
    """Return the handbook as a PDF; where there is no picture, a frame of its size stands.

    Raises KeyError for a reference that the catalogue does not know, ValueError for one whose text has values.
    """
    paper = _Handbook(picture)
    try:
        for block in blocks(prose):
            paper.write_block(block)
        return bytes(paper.output())
    finally:
        for font in paper.fonts.values():
            if isinstance(font, TTFFont):
                font.ttfont.close()  # who writes to the end does so by itself


def taken(name: str) -> Image.Image:
    """Return a picture that the day in the browser has taken, with few colours."""
    with Image.open(PICTURES / f"{name}.png") as picture:
        if picture.size != SIZE:
            raise ValueError(f"{name} has {picture.size} pixels, not {SIZE}")
        return picture.convert("RGB").quantize(COLOURS)


class _Handbook(Paper):
    # All of it is Latin; guessed, the script of a full stop that stands alone would be Arabic.
    scripts = SCRIPTS | {False: {"direction": "ltr", "script": "latn"}}

    def __init__(self, picture: Picture) -> None:
        super().__init__("Tiwizi", Language.FR, note="")
        self.picture = picture
        self.pictures = 0
        self.began = False

    def write_block(self, block: str) -> None:
        """Write one heading, picture, item or paragraph."""
        if block.startswith("#"):
            signs, _, text = block.partition(" ")
            self._titled(len(signs), text)
        elif found := PICTURE.fullmatch(block):
            self._shown(*found.groups())
        elif found := ITEM.fullmatch(block):
            self._item(*found.groups())
        else:
            self.text_of(self._said(block), BODY, marked=True)
            self.ln(GAP)

    def _titled(self, level: int, text: str) -> None:
        if level == 1:
            self.text_of("Tiwizi", SMALL, colour=DEEP)
            self.text_of(text, TITLE, "B")
            self.set_title(f"Tiwizi : {text}")
            self.note = text
            self.line_across()
            return
        if not self.began:
            # What the title says of the book stands above its contents, which fill the page.
            self.began = True
            self.insert_toc_placeholder(lambda _paper, outline: self._contents(outline))
        self.keep(HEADING, 4)
        self.start_section(text, level - CHAPTER)
        if level == CHAPTER:
            self.heading(text)
        else:
            self.ln(GAP / 2)
            self.text_of(text, BODY + 1, "B", colour=DEEP)

    def _item(self, mark: str, text: str) -> None:
        self.keep(BODY, 2)
        left, top = self.l_margin, self.get_y()
        self.text_of("•" if mark == "-" else mark, BODY, colour=DEEP)
        self.set_left_margin(left + INDENT)
        self.set_y(top)
        self.text_of(self._said(text), BODY, marked=True)
        self.set_left_margin(left)
        self.ln(GAP / 2)

    def _shown(self, legend: str, name: str) -> None:
        height = WIDTH * SIZE[1] / SIZE[0]
        if self.will_page_break(height + GAP + SMALL * POINT * LINE):
            self.add_page()
        self.pictures += 1
        left, top = self.l_margin + (self.epw - WIDTH) / 2, self.get_y() + GAP / 2
        if picture := self.picture(name):
            self.image(picture, left, top, WIDTH, height, alt_text=legend)
        self.set_draw_color(*SOFT)
        self.set_line_width(RULE)
        self.rect(left, top, WIDTH, height)
        self.set_y(top + height + GAP / 2)
        self.text_of(f"Image {self.pictures}. {legend}", SMALL, "I", colour=SOFT, align=Align.C)
        self.ln(GAP)

    def _said(self, text: str) -> str:
        """Return words with what they refer to, in bold as it is on the page."""
        return LEANING.sub(r"__\1__", REFERENCE.sub(lambda found: f"**{self._named(found[1])}**", text))

    def _named(self, key: str) -> str:
        said = self.voice.say(key)
        if "{" in said:
            raise ValueError(f"{key} has values: {said}")
        return said

    def _contents(self, outline: list[OutlineSection]) -> None:
        for section in outline:
            if section.level:
                continue
            top = self.get_y()
            self.text_of(section.name, BODY + 1)
            self.link(self.l_margin, top, self.epw, self.get_y() - top, self.add_link(page=section.page_number))
            self.set_y(top)
            self.text_of(f"{section.page_number}", BODY + 1, align=Align.R)
            self.ln(GAP / 2)


if __name__ == "__main__":
    PAPER.write_bytes(draw_handbook(PROSE.read_text(encoding="utf-8"), taken))
