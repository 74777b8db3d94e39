"""Write `docs/dialogues.md`: every screen a phone can show, in all languages. Run `python -m docs.make_dialogues`."""
# ruff: noqa: INP001  # a script beside the page it writes, in no package

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from service.locales import Language, speaker
from service.messaging.segments import fold, measure
from service.models.base import Base
from service.models.session import make_engine, transaction
from service.usecases.communes import load_communes
from tests.service.locales.catalogues import texts
from tests.ussd.tour import Scene, Tour, callers
from ussd.engine.paging import USSD_BUDGET

PAGE = Path(__file__).with_name("dialogues.md")
COLUMNS = {Language.FR: "Français", Language.SHI: "Tachelhit", Language.AR: "العربية", Language.EN: "English"}
INTRODUCTION = """\
# Les écrans du téléphone

Tout ce que Tiwizi peut montrer sur un téléphone simple, écran par écran, dans l'ordre de la conversation. Chaque
écran porte un numéro ; en dessous, ce que l'on a tapé, et sur quel écran, pour y arriver. `0` revient en arrière,
`00` va au menu, `98` montre la suite. Un trait sépare les pages d'un même écran. Sous chaque page, sa longueur et
celle que tous les réseaux laissent passer : 160 signes, 70 dès qu'il y a une lettre arabe.

Les noms, les nombres et les références sont des exemples. Cette page est écrite par le programme
(`python -m docs.make_dialogues`) et ne se corrige pas à la main : les phrases sont dans `service/locales`.
"""
EXAMPLES: dict[str, Any] = {"low": 1, "high": 20_000, "highest": 7, "longest": 40, "reason": "..."}
Chapter = list[Scene]


def page() -> str:
    """Return the page, as the code and the catalogues are now; takes some seconds."""
    tours: dict[Language, dict[str, Chapter]] = {}
    told: set[str] = set()
    with TemporaryDirectory() as folder:
        engine = make_engine(f"sqlite:///{folder}/country.db")
        Base.metadata.create_all(engine)
        with transaction(engine) as session:
            load_communes(session)
        for language in COLUMNS:
            tours[language], told = _toured(engine, language)
        engine.dispose()
    chapters = (_chapter(who, [tours[language][who] for language in COLUMNS]) for who in tours[Language.FR])
    return "\n".join([INTRODUCTION, *chapters, _phrases(told)])


def _toured(engine: Engine, language: Language) -> tuple[dict[str, Chapter], set[str]]:
    with Session(engine) as session:
        tour = Tour(language)
        chapters = {who: tour.of(session, phone) for who, phone in callers(session, language).items()}
        session.rollback()
    return chapters, tour.told


def _chapter(who: str, languages: Sequence[Chapter]) -> str:
    lines = [f"## {who}", ""]
    rows = list(zip(*languages, strict=True))
    for name, group in groupby(rows, key=lambda row: row[0].dialogue):
        some = list(group)
        opened = some[0][0]
        lines += [f"### {opened.typed.lstrip('0123456789 ')} (`{name}`)", ""] if opened.after else []
        lines += [f"| | {' | '.join(COLUMNS.values())} |", "|---" * (len(COLUMNS) + 1) + "|"]
        lines += [_row(row) for row in some]
        lines.append("")
    return "\n".join(lines)


def _row(row: Sequence[Scene]) -> str:
    french = row[0]
    if any(scene.keys != french.keys for scene in row):
        raise ValueError(f"the languages part at screen {french.number}: {[sorted(scene.keys) for scene in row]}")
    way = f"<br>{french.after} : {_marked(french.typed)}" if french.after else ""
    cells = (_cell(language, scene.pages) for language, scene in zip(COLUMNS, row, strict=True))
    return f"| **{french.number}**{way} | {' | '.join(cells)} |"


def _cell(language: Language, pages: Sequence[str]) -> str:
    shown = "<hr>".join(f"{_marked(text)}<br><sub>{_length(text)}</sub>" for text in pages)
    return f'<div dir="rtl">{shown}</div>' if language is Language.AR else shown


def _length(text: str) -> str:
    size = measure(text)
    return f"{size.units}/{USSD_BUDGET.gsm7 if size.encoding == 'gsm7' else USSD_BUDGET.ucs2}"


def _phrases(told: set[str]) -> str:
    """Return the lines that only some answers or some moments bring."""
    rest = [key for key in texts(Language.FR, "ussd") if key not in told]
    asked = [key for key in rest if key.startswith("expect.")]
    sections = {
        "Quand la réponse ne convient pas": (asked, "Une ligne au-dessus de la même question."),
        "À certains moments seulement": (
            [key for key in rest if key not in asked],
            "Quand le monde a bougé entre-temps.",
        ),
    }
    return "\n".join(line for title, (keys, said) in sections.items() for line in _list(title, keys, said))


def _list(title: str, keys: Sequence[str], said: str) -> Iterator[str]:
    yield from (f"## {title}", "", said, "", f"| {' | '.join(COLUMNS.values())} |", "|---" * len(COLUMNS) + "|")
    for key in keys:
        spoken = (fold(speaker(language).say(key, **EXAMPLES)) for language in COLUMNS)
        yield f"| {' | '.join(_cell(language, [text]) for language, text in zip(COLUMNS, spoken, strict=True))} |"
    yield ""


def _marked(text: str) -> str:
    for sign in "\\*_`|<[":
        text = text.replace(sign, f"\\{sign}")
    return text.replace("  ", " &nbsp; ").replace("\n", "<br>")


if __name__ == "__main__":
    PAGE.write_text(page())
