"""The yearly report on paper: its summary, tables that fit on a page, and how the figures came about."""

from decimal import Decimal

from service.locales import Language, Speaker, speaker
from service.usecases.figures.year import YearReport
from service.web.charts import decimal_in
from service.web.paper import BODY, DEEP, SMALL, SOFT, TITLE, Paper
from service.web.report.tables import Cell, Table, Tables

# Parts of the width of the columns that tell most.
WIDTHS = {"summary": (6, 4, 7), "testimonies": (4, 4, 2), "sectors": (5, 3, 3, 3), "provinces": (5, 5, 2, 2, 2)}
WIDTHS |= {"path": (6, 3, 4, 4), "money": (4, 4, 2, 3, 3, 3)}
MONEY = len(WIDTHS["money"])  # columns: what was said in euros is in the workbook


def on_paper(report: YearReport, language: Language) -> bytes:
    """Return the report as a PDF with its fonts in it, in French or Arabic."""
    tables = Tables(report, speaker(language))
    title = tables.voice.say("report.title", year=str(report.year))
    paper = Paper(title, language, tables.voice.say("report.foot"))
    paper.text_of("Tiwizi", SMALL, colour=DEEP)
    paper.text_of(title, TITLE, "B")
    paper.text_of(tables.voice.say("report.drawn", day=report.drawn_at), BODY, colour=SOFT)
    paper.line_across()
    for table in tables.on_paper():
        _write(paper, table)
    return bytes(paper.output())


def _write(paper: Paper, table: Table) -> None:
    if table.name == "notes":
        paper.heading(table.title)
        for row in table.rows:
            paper.text_of(f"– {row[0]}", BODY - 1)
        return
    rows = [[_written(paper.voice, cell) for cell in row[:MONEY]] for row in table.rows]
    paper.rows(table.title, [table.heads[:MONEY], *rows] if rows else [], WIDTHS[table.name], headed=True)


def _written(voice: Speaker, cell: Cell) -> str:
    match cell:
        case None:
            return "–"
        case Decimal():
            return decimal_in(voice, cell)
        case _:
            return voice.write(cell)
