"""Texts that wait for a native reader: what the catalogues say, who has read it, and the page that shows both."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from pathlib import Path

from babel.messages.pofile import escape, read_po

from service.locales import Language

AWAITED = {Language.SHI: "Tachelhit (`shi`)", Language.AR: "Arabic (`ar`)"}
HERE = Path(__file__).parents[2]
INTRODUCTION = """\
# Texts awaiting a native reader

The Tachelhit and the Arabic below wait for someone who spoke them as a child. Read each text aloud, as on a small
phone. On paper: tick the box of a text that is right, write over one that is not, sign with your initials.

In a spreadsheet: `tiwizi texts export FILE.csv` (`--language shi` or `ar` for one of them) writes what nobody has read
yet. Put your initials into *read by* where the text is right; where it is not, write the better one under *correction*
as well. `tiwizi texts import FILE.csv --dry-run` then says what is wrong or too long, and without `--dry-run` changes
the catalogues and this page; it is all or nothing. Run `make test` afterwards: it plays every screen with the longest
names. A mark stays as long as its text does; `--all` exports what was read as well.

By hand: change `service/locales/<language>/<file>.po`, put your initials into the last column here, run
`python docs/make_translations.py`.

What stands in braces is filled in later and keeps its name; `⏎` begins a new line. Tachelhit is in plain ASCII
letters, which every phone shows; capitals that people send back (BESOIN, OUI…) are words the service reads
(`ussd/transports/keywords.py`).
"""
COLUMNS = "| ☐ | key | French | text | read by |\n|---|---|---|---|---|"
NEW_LINE = re.compile(r"(?<!\s)\s*(?:⏎|\n)\s*")
Mark = tuple[str, str, str]
"""Language, key and shown text: a mark is worth nothing when one of them is another."""


@dataclass(frozen=True)
class Text:
    """One text to read; a plural form has its number after the key, `web.waiting.needs[1]`."""

    language: Language
    file: str
    key: str
    french: str
    english: str
    said: str

    @property
    def shown(self) -> str:
        """The text on one line, as reviewers see it."""
        return on_one_line(self.said)

    @property
    def mark(self) -> Mark:
        """What its mark is kept under."""
        return self.language, self.key, self.shown


@dataclass(frozen=True)
class Checkout:
    """A folder with the sources: its catalogues, and the page that keeps the marks."""

    root: Path

    @property
    def page(self) -> Path:
        """Where the page is; an installed program has none."""
        return self.root / "docs" / "translations.md"

    def catalogue(self, language: str, file: str) -> Path:
        """Return where a catalogue lies."""
        return self.root / "service" / "locales" / language / file

    def marks(self) -> dict[Mark, str]:
        """Return who has read what; nobody anything where there is no page."""
        return marks(self.page.read_text(encoding="utf-8")) if self.page.exists() else {}

    def texts(self) -> Iterator[Text]:
        """Give every text of the languages that wait, in the order of the catalogues."""
        for language in AWAITED:
            for path in sorted(self.catalogue(language, "").glob("*.po")):
                yield from self._texts(language, path.name)

    def _texts(self, language: Language, file: str) -> Iterator[Text]:
        french, english, here = (
            dict(_forms(self.catalogue(one, file))) for one in (Language.FR, Language.EN, language)
        )
        for key, said in here.items():
            yield Text(language, file, key, _source(french, key), _source(english, key), said)


def page(texts: Iterable[Text], marks: Mapping[Mark, str]) -> str:
    """Return the page of these texts, with the marks that they have; texts of one catalogue stand together."""
    lines = [INTRODUCTION]
    for language, spoken in groupby(texts, attrgetter("language")):
        lines += [f"## {AWAITED[language]}", ""]
        for file, held in groupby(spoken, attrgetter("file")):
            lines += [f"### {file}", "", COLUMNS, *(_line(text, marks.get(text.mark, "")) for text in held), ""]
    return "\n".join(lines)


def marks(written: str) -> dict[Mark, str]:
    """Return who read what, from a page written before."""
    found, language = {}, ""
    for line in written.splitlines():
        if line.startswith("## "):
            language = line.rpartition("`")[0].rpartition("`")[2]
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if language and len(cells) == COLUMNS.partition("\n")[0].count("|") - 1:
            _, key, _, text, mark = cells
            found[language, key.strip("`"), text.replace("\\|", "|")] = mark
    return {row: mark for row, mark in found.items() if mark and row[1] != "key"}


def on_one_line(text: str) -> str:
    """Return a text for one cell of a table."""
    return NEW_LINE.sub(" ⏎ ", text.strip())


def corrected(source: str, changes: Mapping[str, str]) -> str:
    """Return a catalogue's source with other texts for these keys; all else stays as it was, byte for byte.

    Raises KeyError for a key that it does not have.
    """
    for key, text in changes.items():
        name, _, form = key.rstrip("]").partition("[")
        which = rf"\[{form}\]" if form else ""
        head = rf'^msgid "{re.escape(name)}"\n(?:msgid_plural .*\n)?(?:msgstr\[.*\n)*?msgstr{which} '
        found = re.search(rf'{head}(?P<text>".*"(?:\n".*")*)$', source, re.MULTILINE)
        if not found:
            raise KeyError(key)
        source = source[: found.start("text")] + str(escape(text)) + source[found.end("text") :]
    return source


def _line(text: Text, mark: str) -> str:
    french, said = (on_one_line(one).replace("|", "\\|") for one in (text.french, text.said))
    return f"| {'☑' if mark else '☐'} | `{text.key}` | {french} | {said} | {mark} |"


def _source(texts: Mapping[str, str], key: str) -> str:
    """Return the text of another language, which may have fewer plural forms; its last speaks of many."""
    return texts.get(key) or texts[f"{key.partition('[')[0]}[1]"]


def _forms(path: Path) -> Iterator[tuple[str, str]]:
    with path.open("rb") as file:
        catalogue = read_po(file, locale=None)
    for message in catalogue:
        if isinstance(message.id, str) and message.id:
            yield message.id, str(message.string)
        elif message.id and message.string:
            yield from ((f"{message.id[0]}[{form}]", text) for form, text in enumerate(message.string))
