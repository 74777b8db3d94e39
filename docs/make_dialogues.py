"""Write `docs/dialogues.md`: every screen a phone can show, in all languages. Run `python -m docs.make_dialogues`."""
# ruff: noqa: INP001  # a script beside the page it writes, in no package

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from service.domain.money import Currency, Money
from service.domain.roles import OfficerRole
from service.locales import Language, speaker
from service.messaging.segments import fold
from service.models.base import Base
from service.models.session import make_engine, transaction
from service.usecases.communes import load_communes
from tests.conftest import spare_hashes
from tests.service.locales.catalogues import texts
from tests.ussd.cast import DIAL
from tests.ussd.tour import PARTS, Scene, Tour, play
from ussd.dialogues.home import OFFERED
from ussd.dialogues.projects import LINES
from ussd.engine.dialogue import Dialogue

PAGE = Path(__file__).with_name("dialogues.md")
COLUMNS = {Language.FR: "Français", Language.SHI: "Tachelhit", Language.AR: "العربية", Language.EN: "English"}
INTRODUCTION = """\
# Les écrans du téléphone

Tout ce que Tiwizi peut montrer sur un téléphone simple, dans l'ordre de la conversation. Cherchez d'abord qui appelle,
puis ce que l'on veut faire. Chaque écran porte un numéro ; en dessous, ce que l'on a tapé, et sur quel écran, pour y
arriver. `0` revient en arrière, `00` va au menu, `98` montre la suite ; un trait sépare les pages d'un même écran.
Par SMS, les questions sont les mêmes : envoyez MENU et répondez à chaque message.

Les noms, les nombres, les codes et les références sont des exemples. Un écran qui se répète n'est montré qu'une fois.
Certains accents manquent : tous les téléphones ne les ont pas.
"""
COLOPHON = """\
---
Page écrite par le programme (`python -m docs.make_dialogues`), à ne pas corriger à la main : les phrases sont dans
`service/locales`. Le nom d'un dialogue dans le code est l'ancre de son titre.
"""
EXAMPLES: dict[str, Any] = {
    "low": 1,
    "high": 20_000,
    "highest": 7,
    "longest": 40,
    "digits": 4,
    "first": date(2026, 11, 23),
    "last": date(2029, 11, 22),
    "reference": "K7-4Q2",
    "douar": "Ifri",
    "code": "402817",
    "day": date(2026, 11, 25),
    "reason": "...",
    "step": "...",
    "deed": "...",
    "diaspora": "Lyon-Taliouine",
    "amount": Money.of(5_000, Currency.EUR),
    "role": OfficerRole.TREASURER,
    "number": "+212 612-345678",
    "who": "...",
    "percent": 60,
    "what": "...",
    "of": "K7-4Q2",
    "condition": "...",
    "name": "Ait Abdallah",
}
# The codes of two kinds have one name.
DIALLED = {"pin.dial": {"code": DIAL}}
# What is said of an answer, beside the texts that only say what was expected.
ANSWERED = {"pin.wrong", "pin.easy", "pin.differs", "code.wrong", "officers.taken"}
Chapter = list[Scene]
FRENCH = speaker(Language.FR)
GREETINGS = {"home", "welcome"}  # a caller's chapter begins with them
# What is only an SMS' word, or behind the menu of a project, has no line of the first screen.
LEADING = {f"project.line.{name}": line.leads_to for name, line in LINES.items()} | {
    f"home.{name}": one for name, one in OFFERED.items() if FRENCH.knows(f"home.{name}")
}
TITLES = {
    "officers.seen": "officers.see",
    "need.complete": "need.seen.complete",
    "testimony.mine": "testimony.old",
    "sheet.consent": "sheet.own",
    "number": "web.numbers.title",
} | {one.name: key for key, one in LEADING.items() if isinstance(one, Dialogue)}


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
    french = tours[Language.FR]
    chapters = [_chapter(who, [tours[language][who] for language in COLUMNS]) for who in french]
    return "\n".join([INTRODUCTION, _contents(french), *chapters, _phrases(told), COLOPHON])


def _toured(engine: Engine, language: Language) -> tuple[dict[str, Chapter], set[str]]:
    spare_hashes()  # the tour types many PINs
    with Session(engine) as session:
        play(session, language)
        tour = Tour(language)
        chapters = {part.title: tour.of(session, part) for part in PARTS}
        session.rollback()
    return chapters, tour.told


def _contents(french: dict[str, Chapter]) -> str:
    """Return who dials, each with what they may do and on which screens it is."""
    lines = []
    for who, scenes in french.items():
        parts = (
            f"[{_title(name)}](#{name}-{group[0].number}) {group[0].number}"
            for name, group in _grouped(scenes)
            if name not in GREETINGS
        )
        lines.append(f"- **{who}** : {' · '.join([f'écran {scenes[0].number}', *parts])}")
    return "\n".join([*lines, ""])


def _chapter(who: str, languages: Sequence[Chapter]) -> str:
    lines = [f"## {who}", ""]
    rows = {row[0].number: row for row in zip(*languages, strict=True)}
    for name, group in _grouped(languages[0]):
        lines += [f'### <a id="{name}-{group[0].number}"></a>{_title(name)}', ""] if name not in GREETINGS else []
        lines += [f"| | {' | '.join(COLUMNS.values())} |", "|---" * (len(COLUMNS) + 1) + "|"]
        lines += [_row(rows[scene.number]) for scene in group]
        lines.append("")
    return "\n".join(lines)


def _grouped(scenes: Chapter) -> list[tuple[str, Chapter]]:
    return [(name, list(group)) for name, group in groupby(scenes, key=lambda scene: scene.dialogue)]


def _title(name: str) -> str:
    """Return the line of a menu that leads to a dialogue."""
    return FRENCH.say(TITLES.get(name, name))


def _row(row: Sequence[Scene]) -> str:
    french = row[0]
    if any(_told(scene) != _told(french) for scene in row):
        raise ValueError(f"the languages part at screen {french.number}: {[sorted(scene.keys) for scene in row]}")
    way = f"<br>{french.after} : {_marked(french.typed)}" if french.after else ""
    cells = (_cell(language, scene.pages) for language, scene in zip(COLUMNS, row, strict=True))
    return f"| **{french.number}**{way} | {' | '.join(cells)} |"


def _told(scene: Scene) -> set[str]:
    # Whom to call in which language: everybody on the stage speaks the one of the column.
    return {key for key in scene.keys if not key.startswith("coordinator.language.")}


def _cell(language: Language, pages: Sequence[str]) -> str:
    shown = "<hr>".join(map(_marked, pages))
    return f'<div dir="rtl">{shown}</div>' if language is Language.AR else shown


def _phrases(told: set[str]) -> str:
    """Return the lines that only some answers or some moments bring."""
    rest = [key for key in texts(Language.FR, "ussd") if key not in told]
    asked = [key for key in rest if key.startswith("expect.") or key in ANSWERED]
    sections = {
        "Quand la réponse ne convient pas": (asked, "Une ligne au-dessus de la même question."),
        "À certains moments seulement": (
            [key for key in rest if key not in asked],
            "Par SMS, quand un collègue a répondu plus vite, ou dans un cas rare.",
        ),
    }
    return "\n".join(line for title, (keys, said) in sections.items() for line in _list(title, keys, said))


def _list(title: str, keys: Sequence[str], said: str) -> Iterator[str]:
    yield from (f"## {title}", "", said, "", f"| {' | '.join(COLUMNS.values())} |", "|---" * len(COLUMNS) + "|")
    for key in keys:
        spoken = (fold(speaker(language).say(key, **EXAMPLES | DIALLED.get(key, {}))) for language in COLUMNS)
        yield f"| {' | '.join(_cell(language, [text]) for language, text in zip(COLUMNS, spoken, strict=True))} |"
    yield ""


def _marked(text: str) -> str:
    for sign in "\\*_`|<[":
        text = text.replace(sign, f"\\{sign}")
    return text.replace("  ", " &nbsp; ").replace("\n", "<br>")


if __name__ == "__main__":
    PAGE.write_text(page())
