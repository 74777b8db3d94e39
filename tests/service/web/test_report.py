"""The yearly report: a workbook and a paper of the same figures, which add up and are nobody's formula."""

import shutil
import subprocess
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from pypdf import PdfReader

from service.container import Container
from service.domain.ledger import Source
from service.domain.money import Currency, Money
from service.domain.testimonies import Publication
from service.locales import Language, speaker
from service.models import Testimony as Said
from service.models import VillageAssociation
from service.models.session import reading, transaction
from service.usecases.contributions import write_line
from service.usecases.figures.year import YearReport, report_of
from service.web.report import on_paper, workbook
from service.web.report.tables import Tables
from tests.conftest import MovedClock
from tests.service.usecases.money import Account
from tests.service.usecases.test_figures import more_needs
from tests.service.web.person import Person
from tests.world import officer_of

Rows = list[tuple[Any, ...]]
FORMULA = '=HYPERLINK("http://127.0.0.1/","x")'
SHEETS = ("summary", "path", "needs", "projects", "money", "sectors", "provinces", "communes", "testimonies", "notes")


@pytest.fixture
def account(container: Container, clock: MovedClock) -> Account:
    """A project with money of three sources, needs that nobody looked at, a testimony, a name like a formula."""
    account = Account(container.engine, clock)
    account.introduced()
    account.pledges()
    arrived = Money(200_001, Currency.EUR)
    account.counts(account.declares(arrived), arrived)
    more_needs(account, 3, clock())
    with transaction(account.engine) as session:
        values = {"reference": account.reference, "source": Source.COMMUNE, "amount": Money.of(96_000)}
        write_line(session, clock(), officer=officer_of(session), **values)  # type: ignore[arg-type]  # as named
        session.get_one(VillageAssociation, account.association).name = FORMULA
        said = {"text": "Merci", "language": "fr", "publication": Publication.NAMED, "written_at": clock()}
        session.add(Said(need_id=account.need, officer_id=officer_of(session).id, **said))
    return account


@pytest.fixture
def report(account: Account) -> YearReport:
    with reading(account.engine) as session:
        return report_of(session, account.clock(), 2026)


def read(content: bytes, language: Language = Language.FR) -> dict[str, Rows]:
    """The sheets of a workbook by what they are, without their heads."""
    book = load_workbook(BytesIO(content))
    names = {speaker(language).say(f"report.sheet.{name}"): name for name in SHEETS}
    assert book.sheetnames == list(names)
    return {names[sheet.title]: list(sheet.iter_rows(min_row=2, values_only=True)) for sheet in book}


def add(rows: Rows, column: int) -> float:
    return round(sum(row[column] or 0 for row in rows), 2)


def text_of(content: bytes) -> str:
    return " ".join(" ".join(page.extract_text() for page in PdfReader(BytesIO(content)).pages).split())


def test_the_sheets_add_up_to_the_summary(report: YearReport) -> None:
    sheets = read(workbook(report, Language.FR))
    figures = [row[1] for row in sheets["summary"]]
    needs, verified, households, cost, begun, handed_over, promised, confirmed, received, euros, _, testimonies = (
        figures
    )
    assert (needs, verified, begun, handed_over, testimonies) == (4, 1, 1, 0, 1)
    assert needs == len(sheets["needs"]) == sheets["path"][0][1]
    assert verified == sheets["path"][1][1]
    for name in ("sectors", "provinces", "communes"):
        assert [add(sheets[name], column) for column in (-3, -2, -1)] == [needs, begun, handed_over]
    assert (households, cost) == (add(sheets["needs"], 5), add(sheets["needs"], 6)) == (4 * 84, 4 * 320_000)
    for name, columns in (("money", (3, 4, 5)), ("projects", (11, 12, 13))):
        assert [add(sheets[name], column) for column in columns] == [promised, confirmed, received]
    assert (promised, confirmed, received) == (210_000, 21_600.11, 21_600.11)
    assert euros == round(210_000 / 10.8, 2)
    assert testimonies == add(sheets["testimonies"], 2)


def test_the_workbook_says_what_the_ledger_says_and_who_said_it(report: YearReport, account: Account) -> None:
    money = read(workbook(report, Language.FR))["money"]
    columns = account.columns()
    from_abroad = [row for row in money if row[2] == "EUR"]
    assert {row[1] for row in from_abroad} == {"Responsable du village", "Association partenaire"}
    assert [add(from_abroad, column) * 100 for column in (3, 4, 5)] == [
        columns.promised,
        columns.confirmed,
        columns.received,
    ]
    assert [add(from_abroad, column) for column in (6, 7, 8)] == [5000, 2000.01, 2000.01]


def test_work_on_site_says_nothing_of_what_arrived(report: YearReport) -> None:
    sheets, said = read(workbook(report, Language.FR)), speaker(Language.FR).write
    for name, giver, received in (("money", 0, 5), ("projects", 10, 13)):
        arrived = {row[giver]: row[received] for row in sheets[name] if row[giver] != said(Source.DIASPORA)}
        assert arrived == {said(Source.VILLAGE_LABOUR): None, said(Source.COMMUNE): 0}


def test_what_people_typed_is_no_formula_and_a_day_is_a_day(report: YearReport) -> None:
    book = load_workbook(BytesIO(workbook(report, Language.FR)))
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    named = [cell for cell in cells if cell.value == FORMULA]
    assert named
    assert {cell.data_type for cell in named} == {"s"}
    assert not [cell for cell in cells if cell.data_type == "f" or cell.hyperlink]
    assert isinstance(book["Besoins"]["K2"].value, datetime)


@pytest.mark.parametrize("language", [Language.FR, Language.AR])
def test_the_paper_has_the_same_numbers_as_the_workbook(report: YearReport, language: Language) -> None:
    paper = text_of(on_paper(report, language))
    voice = speaker(language)
    assert "2026" in paper
    for table in Tables(report, voice).on_paper():
        for row in table.rows:
            for cell in row[1:6]:
                if isinstance(cell, int):
                    assert voice.write(cell) in paper
    for amount in ("210 000,00", "21 600,11") if language is Language.FR else ("210.000,00", "21.600,11"):
        assert amount in paper.replace("\u00a0", " ")


@pytest.mark.parametrize("language", list(Language))
def test_the_workbook_speaks_every_language_and_names_no_person(report: YearReport, language: Language) -> None:
    content = workbook(report, language)
    sheets = read(content, language)
    said = "\n".join(str(cell) for rows in sheets.values() for row in rows for cell in row)
    for private in ("+212", "+33", "Fatima", "Puits du bas"):
        assert private not in said
    assert load_workbook(BytesIO(content)).worksheets[0].sheet_view.rightToLeft is (language is Language.AR or None)


def test_money_of_another_year_is_not_in_it(account: Account) -> None:
    account.clock.move(days=60)
    account.pledges(Money.of(1_000))
    with reading(account.engine) as session:
        before, after = (report_of(session, account.clock(), year) for year in (2026, 2027))
    assert (before.in_all.promised, after.in_all.promised) == (21_000_000, 100_000)
    # A project that money was entered for is in the report of that year, too; an older one that stands still is not.
    assert [len(one.projects) for one in (before, after)] == [1, 1]


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize(
    ("asked", "kind", "begins"),
    [
        ({"format": "xlsx"}, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", b"PK"),
        ({"format": "pdf"}, "application/pdf", b"%PDF"),
        ({"format": "pdf", "lang": "ar"}, "application/pdf", b"%PDF"),
    ],
)
def test_a_button_of_the_page_gives_the_report(viewer: Person, asked: dict[str, str], kind: str, begins: bytes) -> None:
    assert 'action="/admin/figures/report"' in viewer.get("/admin/figures").text
    answer = viewer.get("/admin/figures/report", year="2026", **asked)
    assert (answer.status_code, answer.content_type) == (200, kind)
    assert answer.data.startswith(begins)
    assert viewer.get("/admin/figures/report", year="20260").status_code == 404


def test_the_workbook_opens_in_libreoffice(report: YearReport, tmp_path: Path) -> None:
    """Of each sheet, all that the workbook says comes out of LibreOffice as it went in."""
    office = shutil.which("soffice")
    if office is None:
        pytest.skip("NOT TESTED IN LIBREOFFICE. Not found: apt-get install libreoffice-calc-nogui")
    (tmp_path / "report.xlsx").write_bytes(workbook(report, Language.AR))
    # -1: every sheet, in a file of its own.
    csv = "csv:Text - txt - csv (StarCalc):59,34,76,1,,0,false,true,false,false,false,-1"
    home = f"-env:UserInstallation=file://{tmp_path}/profile"
    command = [
        office,
        home,
        "--headless",
        "--convert-to",
        csv,
        "--outdir",
        str(tmp_path),
        str(tmp_path / "report.xlsx"),
    ]
    subprocess.run(command, check=True, capture_output=True, timeout=100)
    written = {path.stem: path.read_text() for path in tmp_path.glob("report-*.csv")}
    assert len(written) == len(SHEETS)
    tables = {table.name: table for table in Tables(report, speaker(Language.AR)).all()}
    assert FORMULA.replace('"', '""') in written[f"report-{tables['needs'].title}"]
    for table in tables.values():
        assert len(written[f"report-{table.title}"].splitlines()) == len(table.rows) + 1
