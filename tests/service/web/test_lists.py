"""Lists: searched, narrowed, put in order, paged and downloaded by their address alone, however long they are."""

import csv
import io
import re
import zipfile
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from sqlalchemy import Engine

from service.container import Clock
from service.domain.spreadsheet import FORMULA
from service.domain.states import AssociationState
from service.locales import Language
from service.models.session import transaction
from service.web.admin.lists import MOST, PER_PAGE
from service.web.admin.lists.downloads import LONGEST_NAME, LONGEST_PART, file_name
from tests.conftest import MovedClock
from tests.service.web import crowd
from tests.service.web.counting import counted
from tests.service.web.person import Person
from tests.service.web.registers import Registers, assaisse

LISTS = (
    "associations",
    "diaspora",
    "needs",
    "proposals",
    "projects",
    "progress",
    "contributions",
    "testimonies",
    "sheets",
    "people",
    "messages",
    "messages/all",
)
MANY = 60
Fill = Callable[..., None]


@pytest.fixture
def fill(engine: Engine, clock: Clock) -> Fill:
    """Writes rows of everything, numbers `first` to `last`."""

    def fill(first: int, last: int, **changes: Any) -> None:
        with transaction(engine) as session:
            session.merge(assaisse())
        people = crowd.Crowd(clock(), [assaisse().code], villages=last, abroad=last, **changes)
        numbers = range(first, last + 1)
        for tables in (crowd.VILLAGES, crowd.ABROAD, crowd.NEEDS, crowd.PROJECTS, crowd.HANDED_OVER, crowd.MESSAGES):
            crowd.fill(engine, people, tables, numbers)

    return fill


def references(page: str) -> list[str]:
    """The needs of a page, in its order."""
    return re.findall(r"\b[A-Z][0-9A-Z]-[0-9A-Z]{3}\b", page)


@pytest.mark.parametrize("name", LISTS)
def test_a_page_of_many_rows_asks_as_often_as_a_page_of_one(
    coordinator: Person, engine: Engine, fill: Fill, name: str
) -> None:
    asked, rows = [], []
    for first, last in ((1, 1), (2, MANY)):
        fill(first, last)
        with counted(engine) as statements:
            page = coordinator.get(f"/admin/{name}").text
        asked.append(statements)
        rows.append(page.count('<tr role="row"'))
    assert rows[1] > rows[0] + 2
    assert len(asked[0]) == len(asked[1]), "\n".join(sorted(set(asked[1]) - set(asked[0])))


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("name", LISTS)
def test_every_list_says_what_it_is_for_and_how_it_fills(
    viewer: Person, fill: Fill, name: str, language: Language
) -> None:
    empty = viewer.get(f"/admin/{name}", lang=language)
    assert (empty.status_code, "<table" in empty.text.partition('class="list"')[2].partition("<h2")[0]) == (200, False)
    fill(1, 1)
    assert '<tr role="row"' in viewer.get(f"/admin/{name}").text


def test_what_was_asked_stays_in_the_links_and_in_the_form(coordinator: Person, fill: Fill) -> None:
    fill(1, 120)
    page = coordinator.get("/admin/needs", q="tamount", urgency="low", state="verified", sort="-cost").text
    assert 'value="tamount"' in page
    assert '<option value="low" selected>' in page
    assert '<option value="-cost" selected>' in page
    assert 'aria-sort="descending"' in page
    links = [link for link in re.findall(r'href="(/admin/needs\?[^"]*)"', page) if "lang=" not in link]
    assert len(links) == 2 + 3  # two downloads and three headings: all fits on a page
    assert all("q=tamount" in link and "urgency=low" in link and "state=verified" in link for link in links)
    assert 'href="/admin/needs">' in page


def test_pages_follow_each_other_and_nobody_is_shown_twice(coordinator: Person, fill: Fill) -> None:
    fill(1, 120)
    seen = [
        re.findall(r"<div>(?:<a[^>]*>)?(N\d+)", coordinator.get("/admin/needs", page=page, sort="cost").text)
        for page in "123"
    ]
    assert [len(page) for page in seen] == [PER_PAGE, PER_PAGE, 20]
    assert len({need for page in seen for need in page}) == 120


def found(person: Person, name: str, **asked: str) -> list[str]:
    """What stands in a list's first column, in its order."""
    return [line[0] for line in table(downloaded(person, f"/admin/{name}", format="csv", **asked))[1:]]


@pytest.mark.parametrize(("name", "last", "waiting"), [("needs", 40, [20, 40]), ("projects", 10, range(2, 11))])
def test_what_waits_comes_first_and_oldest_in_a_search_as_well(
    coordinator: Person, clock: MovedClock, fill: Fill, name: str, last: int, waiting: Sequence[int]
) -> None:
    fill(1, last)
    clock.move(days=60)
    coordinator.sign_in()
    as_it_is = found(coordinator, name)
    assert as_it_is[: len(waiting)] == [f"N{number}" for number in waiting]
    assert as_it_is[-1] == "N1"
    assert found(coordinator, name, q="tamount") == as_it_is


def test_more_than_a_thousand_are_not_counted(coordinator: Person, engine: Engine, clock: Clock, fill: Fill) -> None:
    fill(1, 1)
    people = crowd.Crowd(clock(), [assaisse().code], villages=1, abroad=1)
    crowd.fill(engine, people, crowd.NEEDS, range(2, MOST + 10))
    with counted(engine) as statements:
        page = coordinator.get("/admin/needs").text
    assert "Plus de 1\u00a0000" in page
    assert f"Page 1 sur {MOST // PER_PAGE}" in page
    assert not [statement for statement in statements if "count(" in statement.lower()]
    assert len(table(downloaded(coordinator, "/admin/needs", format="csv"))) == MOST + 10


def downloaded(person: Person, path: str, **asked: str) -> bytes:
    """The file that an address gives; the answer is closed, as a server does."""
    data: bytes = person.client.get(path, query_string=asked, buffered=True).data
    return data


def table(file: bytes, separator: str = ";") -> list[list[str]]:
    return list(csv.reader(io.StringIO(file.decode("utf-8-sig"), newline=""), delimiter=separator))


def cells(file: bytes) -> list[list[str]]:
    """What a workbook's first sheet says, row by row."""
    sheet = zipfile.ZipFile(io.BytesIO(file)).read("xl/worksheets/sheet1.xml")
    space = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    return [
        ["".join(cell.itertext()) for cell in row.iter(f"{space}c")]
        for row in ET.fromstring(sheet).iter(f"{space}row")  # noqa: S314  # our own file
    ]


@pytest.mark.parametrize("name", LISTS)
def test_a_download_has_all_that_is_listed_and_no_more(coordinator: Person, fill: Fill, name: str) -> None:
    fill(1, MANY)
    csv_rows = table(downloaded(coordinator, f"/admin/{name}", format="csv"))
    xlsx_rows = cells(downloaded(coordinator, f"/admin/{name}", format="xlsx"))
    assert len(csv_rows) == len(xlsx_rows) > 1
    assert csv_rows[0] == xlsx_rows[0]
    assert len({len(row) for row in csv_rows}) == 1


@pytest.mark.usefixtures("needs")
def test_a_workbook_says_the_village_and_has_a_name_and_arrows(coordinator: Person) -> None:
    file = downloaded(coordinator, "/admin/needs", format="xlsx")
    head, first, *_ = cells(file)
    assert first[head.index("Douar")]
    book = zipfile.ZipFile(io.BytesIO(file))
    assert 'name="Besoins"' in book.read("xl/workbook.xml").decode()
    assert "<autoFilter " in book.read("xl/worksheets/sheet1.xml").decode()


@pytest.mark.usefixtures("needs")
def test_a_download_is_narrowed_as_the_page_is_and_named_after_it(coordinator: Person) -> None:
    asked = {"format": "csv", "q": "abdallah", "sort": "-reported"}
    answer = coordinator.client.get("/admin/needs", query_string=asked, buffered=True)
    head, *rows = table(answer.data)
    assert head[:6] == ["Référence", "Domaine", "Titre", "Signalé le", "Foyers", "Coût (DH)"]
    assert [row[0] for row in rows] == ["A3-BCD", "K7-4QE"]
    assert rows[0][2:6] == ["Puits du haut", date(2026, 11, 23).isoformat(), "84", "320000,00"]
    stands = head.index("Où en est")
    assert head[stands + 1] == "Attend depuis"
    assert rows[1][stands : stands + 2] == ["à vérifier", date(2026, 11, 23).isoformat()]
    assert answer.data.startswith("\ufeff".encode())
    assert answer.headers["Content-Disposition"] == "attachment; filename=tiwizi-needs-abdallah-2026-11-23.csv"
    english = downloaded(coordinator, "/admin/needs", format="csv", q="k7-4qe", lang="en")
    assert table(english, ",")[1][5] == "320000.00"
    assert coordinator.get("/admin/needs", format="exe").mimetype == "text/html"


@pytest.mark.usefixtures("needs")
@pytest.mark.parametrize(
    ("path", "asked", "name"),
    [
        ("needs", {}, "needs"),
        ("needs", {"province": assaisse().province_code}, "needs-taroudannt"),
        ("needs", {"state": "verified", "sector": "water", "province": ""}, "needs-verifie-eau-potable"),
        ("needs", {"state": "nonsense", "since": "someday"}, "needs"),
        ("needs", {"since": "2026-11-01", "association": "1"}, "needs-du-2026-11-01-association-1"),
        ("needs", {"q": "Aït \u202e../'\"عين"}, "needs-ait-yn"),
        ("people", {"phone": "0600000001"}, "people-numero"),
        (
            "needs",
            {"lang": "ar", "state": "verified", "commune": assaisse().code, "until": "2026-11-30"},
            "needs-verified-assaisse-until-2026-11-30",
        ),
    ],
)
def test_the_name_of_a_download_says_what_it_was_narrowed_to(
    coordinator: Person, path: str, asked: dict[str, str], name: str
) -> None:
    answer = coordinator.client.get(f"/admin/{path}", query_string={"format": "csv", **asked}, buffered=True)
    assert answer.headers["Content-Disposition"] == f"attachment; filename=tiwizi-{name}-2026-11-23.csv"


def test_a_download_of_much_narrowing_has_a_name_that_no_computer_cuts() -> None:
    assert file_name("needs", ["x" * 99, "", "-", *["Aït Baâmrane"] * 30]).count("x") == LONGEST_PART
    assert len(file_name("needs", ["Aït Baâmrane"] * 30)) <= LONGEST_NAME


@pytest.mark.parametrize("sign", [*"=+-@＝"])
def test_no_cell_is_a_formula(coordinator: Person, registers: Registers, sign: str) -> None:
    evil = f'{sign}HYPERLINK("http://x";"y")'
    registers.need(registers.association(evil, AssociationState.VERIFIED), evil)
    (_, row) = table(downloaded(coordinator, "/admin/needs", format="csv"))
    assert (row[2], f"'{evil}" in row[6:]) == (f"'{evil}", True)
    assert [
        cell
        for line in table(downloaded(coordinator, "/admin/people", format="csv"))
        for cell in line
        if FORMULA.match(cell) and not cell.startswith("'")
    ] == []
    file = downloaded(coordinator, "/admin/needs", format="xlsx")
    assert cells(file)[1][2] == evil
    sheet = zipfile.ZipFile(io.BytesIO(file)).read("xl/worksheets/sheet1.xml").decode()
    assert ("<f>" in sheet, "hyperlink" in sheet) == (False, False)


def test_what_cannot_be_seen_is_written_out_in_a_download(coordinator: Person, registers: Registers) -> None:
    registers.need(registers.association(state=AssociationState.VERIFIED), "a\tb\u202e\u0007")
    for kind, read in (("csv", table), ("xlsx", cells)):
        assert read(downloaded(coordinator, "/admin/needs", format=kind))[1][2] == "a⟨U+0009⟩b⟨U+202E⟩⟨U+0007⟩"


@pytest.mark.parametrize("name", ["needs", "associations", "people", "messages/all"])
def test_who_only_views_downloads_masked_phones_and_finds_nobody_by_number(
    viewer: Person, fill: Fill, name: str
) -> None:
    fill(1, 3)
    number = crowd.own_phone(2)
    for kind in ("csv", "xlsx"):
        file = downloaded(viewer, f"/admin/{name}", format=kind)
        said = str(table(file) if kind == "csv" else cells(file))
        assert "+212•••••02" in said
        assert number[5:] not in said.replace(" ", "")
    if name in {"people", "messages/all"}:
        every, one = viewer.get(f"/admin/{name}").text, viewer.get(f"/admin/{name}", phone=number).text
        assert every.count('<tr role="row"') == one.count('<tr role="row"')


@pytest.mark.parametrize("name", ["people", "messages/all"])
def test_a_coordinator_finds_a_person_by_number(coordinator: Person, fill: Fill, name: str) -> None:
    fill(1, 30)
    number = crowd.own_phone(2)
    page = coordinator.get(f"/admin/{name}", phone=number.replace("+212", "0")).text
    assert page.count('<tr role="row"') == 2
    assert "Rien ne correspond" in coordinator.get(f"/admin/{name}", phone="12").text


@pytest.mark.parametrize("name", ["needs", "associations", "people", "projects"])
def test_a_search_finds_by_a_whole_number(coordinator: Person, fill: Fill, name: str) -> None:
    fill(1, 3)
    assert coordinator.get(f"/admin/{name}", q=crowd.own_phone(2)).text.count('<tr role="row"') == 2


@pytest.mark.parametrize("name", ["needs", "associations", "people", "projects"])
def test_who_only_views_searches_nobody_by_number(viewer: Person, fill: Fill, name: str) -> None:
    fill(1, 3)
    assert "Rien ne correspond" in viewer.get(f"/admin/{name}", q=crowd.own_phone(2)).text


@pytest.mark.parametrize(
    ("asked", "number"),
    [
        ({"state": "failed"}, 2),
        ({"state": "delivered"}, 27),
        ({"kind": "reply"}, 4),
        ({"gateway": "console"}, 30),
        ({"gateway": "smpp"}, 0),
    ],
)
def test_messages_are_narrowed_by_state_kind_and_gateway(
    coordinator: Person, fill: Fill, asked: dict[str, str], number: int
) -> None:
    fill(1, 30)
    page = coordinator.get("/admin/messages/all", **asked).text
    assert page.count('<tr role="row"') == (number and number + 1)
