"""Write `docs/translations.md`: the texts that wait for a native speaker. Run again, it keeps the marks."""
# ruff: noqa: INP001  # a script beside the page it writes, in no package

from collections.abc import Iterator, Mapping
from pathlib import Path

from babel.messages.pofile import read_po

from service.locales import ROOT, Language

PAGE = Path(__file__).with_name("translations.md")
AWAITED = {Language.SHI: "Tachelhit (`shi`)", Language.AR: "Arabic (`ar`)"}
INTRODUCTION = """\
# Texts awaiting a native reader

The Tachelhit and the Arabic below wait for someone who spoke them as a child. Read each text aloud, as on a small
phone. Where it is right, put your initials in the last column. Where it is not, change it in
`service/locales/<language>/<file>.po` and run `python docs/make_translations.py`, then `make test`, which says when a
text has become too long. A mark stays as long as its text does.

What stands in braces is filled in later and keeps its name; `⏎` begins a new line. Tachelhit is in plain ASCII
letters, which every phone shows; capitals that people send back (BESOIN, OUI…) are words the service reads
(`ussd/transports/keywords.py`).
"""
COLUMNS = "| key | French | text | read by |\n|---|---|---|---|"
Row = tuple[str, str, str]


def page(marks: Mapping[Row, str]) -> str:
    """Return the page, with the `marks` that rows (language, key, text) had before."""
    sections = (_section(language, title, marks) for language, title in AWAITED.items())
    return "\n".join([INTRODUCTION, *sections])


def marks(written: str) -> dict[Row, str]:
    """Return who read what, from a page written before."""
    found, language = {}, ""
    for line in written.splitlines():
        if line.startswith("## "):
            language = line.rpartition("`")[0].rpartition("`")[2]
        cells = [cell.strip() for cell in line.split(" | ")]
        if language and len(cells) == COLUMNS.partition("\n")[0].count("|") - 1:
            key, _, text, mark = cells
            found[language, key.strip("| `"), text] = mark.strip("| ")
    return found


def _section(language: Language, title: str, marks: Mapping[Row, str]) -> str:
    lines = [f"## {title}", ""]
    for path in sorted((ROOT / language).glob("*.po")):
        french, here = (dict(_texts(ROOT / one / path.name)) for one in (Language.FR, language))
        lines += [f"### {path.name}", "", COLUMNS]
        for key, text in here.items():
            source = french.get(key) or french[f"{key.partition('[')[0]}[1]"]
            lines.append(f"| `{key}` | {source} | {text} | {marks.get((language, key, text), '')} |")
        lines.append("")
    return "\n".join(lines)


def _texts(path: Path) -> Iterator[tuple[str, str]]:
    """Give each text of a catalogue with its key; plural forms are numbered, `web.waiting.needs[1]`."""
    with path.open("rb") as file:
        catalogue = read_po(file, locale=None)
    for message in catalogue:
        if isinstance(message.id, str) and message.id:
            yield message.id, _cell(str(message.string))
        elif message.id and message.string:
            yield from ((f"{message.id[0]}[{form}]", _cell(text)) for form, text in enumerate(message.string))


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ⏎ ")


if __name__ == "__main__":
    before = PAGE.read_text() if PAGE.exists() else ""
    PAGE.write_text(page(marks(before)))
