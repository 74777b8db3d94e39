"""The pages of figures: each picture with its table and its file, of a period and a province that the address says."""

import csv
import re
from io import StringIO

import pytest
from flask import Flask

from service.container import Container
from service.domain.ledger import Source
from service.domain.money import Currency, Money
from service.domain.sectors import Sector
from service.domain.states import MessageState
from service.locales import Language, speaker
from service.models import Message
from service.models.session import transaction
from service.usecases.contributions import write_line
from service.web.admin.pictures import ROOMS
from service.web.charts import Chart, Column, Row, Tile, Unit, exact, shown
from tests.conftest import MovedClock
from tests.service.usecases.money import Account
from tests.service.web.person import Person
from tests.world import SECRETARY, officer_of

ROOM_NAMES = list(ROOMS)
CHARTS = {
    "needs": ["time", "sectors", "places"],
    "path": ["path", "waits"],
    "money": ["money", "tellers"],
    "messages": ["gateways", "gateway-android"],
}


@pytest.fixture
def account(container: Container, clock: MovedClock) -> Account:
    """A need that became a project with money, and messages on their way."""
    account = Account(container.engine, clock)
    clock.move(days=2)
    account.introduced()
    account.pledges()
    arrived = Money(200_001, Currency.EUR)
    account.counts(account.declares(arrived), arrived)
    with transaction(account.engine) as session:
        values = {"reference": account.reference, "source": Source.COMMUNE, "amount": Money.of(96_000)}
        write_line(session, clock(), officer=officer_of(session), **values)  # type: ignore[arg-type]  # as named
        for number, state in enumerate([MessageState.DELIVERED, MessageState.DELIVERED, MessageState.FAILED]):
            row = {"key": f"k{number}", "phone": SECRETARY, "template": "x", "kind": "news", "priority": 4}
            row |= {"language": "fr", "text": "x", "parts": 1, "state": state, "gateway": "android", "cost": 25}
            session.add(Message(**row, created_at=clock(), next_at=clock(), expires_at=clock()))
    return account


def rows_of(person: Person, room: str, name: str, **asked: str) -> list[list[str]]:
    answer = person.get(f"/admin/figures/{room}/{name}.csv", **asked)
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"].startswith(f'attachment; filename="tiwizi-{name}-')
    assert answer.text.startswith("\ufeff")
    return list(csv.reader(StringIO(answer.text[1:]), delimiter=";"))


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize("room", ROOM_NAMES)
def test_each_picture_has_its_table_its_file_and_words_for_who_does_not_see(viewer: Person, room: str) -> None:
    for language in Language:
        page = viewer.get(f"/admin/figures/{room}", lang=language).text
        for name in CHARTS[room]:
            begins = f'<svg class="picture" role="img" aria-labelledby="{name}-title {name}-about"'
            picture = re.search(rf"{begins}.*?</svg>", page, re.DOTALL)
            assert picture
            assert f'<title id="{name}-title">' in picture[0]
            assert re.search(rf'<desc id="{name}-about">[^<]{{10,}}', picture[0])
            table = page.partition(f'id="{name}-heading"')[2].partition("</section>")[0]
            written = rows_of(viewer, room, name)
            assert table.count('<tr role="row">') == len(written)
            assert {row[0] for row in written} <= set(re.findall(r">([^<>]+)<", table.replace("&#39;", "'")))
            assert f"/admin/figures/{room}/{name}.csv?" in table


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize("room", ROOM_NAMES)
def test_a_page_needs_no_style_of_its_own_and_tells_by_patterns(viewer: Person, room: str) -> None:
    answer = viewer.get(f"/admin/figures/{room}")
    assert "unsafe-inline" not in answer.headers["Content-Security-Policy"]
    assert not re.search(r"\sstyle=|<style|<script", answer.text)
    drawn = set(re.findall(r'fill="url\(#([pt]\d)\)"', answer.text))
    assert drawn
    assert drawn <= set(re.findall(r'<pattern id="([pt]\d)"', answer.text))
    assert "+212" not in answer.text
    assert len(answer.data) < 100_000


def test_the_numbers_of_a_file_are_the_ledgers(account: Account, viewer: Person) -> None:
    (head, *rows) = rows_of(viewer, "money", "money")
    assert head[:4] == ["Source", "Promis (DH)", "Confirmé (DH)", "Reçu (DH)"]
    assert {row[0]: row[1:] for row in rows} == {
        "Village (travail)": ["60000.00", "0.00", "0.00", "0.00", "0.00", "0.00"],
        "Association de MRE": ["54000.00", "21600.11", "21600.11", "5000.00", "2000.01", "2000.01"],
        "La commune": ["96000.00", "0.00", "0.00", "0.00", "0.00", "0.00"],
    }
    assert account.columns().received == 2_160_011


@pytest.mark.usefixtures("account")
def test_sectors_in_which_nothing_happened_are_named_in_one_line(viewer: Person) -> None:
    assert [row[0] for row in rows_of(viewer, "needs", "sectors")[1:]] == ["Eau potable"]
    page = viewer.get("/admin/figures/needs").text
    left_out = page.partition("Aucun besoin dans : ")[2].partition(".</p>")[0]
    assert len(left_out.split(", ")) == len(Sector) - 1
    assert "Eau potable" not in left_out


@pytest.mark.usefixtures("account")
def test_a_period_and_a_province_stand_in_the_address(viewer: Person) -> None:
    def reported(**asked: str) -> int:
        return sum(int(row[1]) for row in rows_of(viewer, "needs", "sectors", **asked)[1:])

    assert reported() == 1
    assert reported(province="09.541") == 1
    assert reported(province="09.581") == 0
    assert reported(since="2026-11-23", until="2026-11-23") == 1
    assert reported(since="2026-01-01", until="2026-11-22") == 0
    # What makes no sense is as not said.
    assert reported(since="2026-12-01", until="beaucoup", province="99") == 1
    assert reported(since="0001-01-01", until="9999-12-31") == 1
    page = viewer.get("/admin/figures/needs", since="2026-11-01", until="2026-11-30", province="09.541").text
    assert 'value="2026-11-01"' in page
    assert '<option value="09.541" selected>' in page
    assert "Taliouine Assaka" in page
    assert "since=2026-11-01&amp;until=2026-11-30&amp;province=09.541" in page


@pytest.mark.parametrize("path", ["weather", "weather/time.csv", "needs/x.csv"])
def test_there_is_no_other_picture(viewer: Person, path: str) -> None:
    assert viewer.get(f"/admin/figures/{path}").status_code == 404


@pytest.mark.parametrize("room", ROOM_NAMES)
def test_an_empty_register_says_so(viewer: Person, room: str) -> None:
    assert "Rien à montrer sur cette période" in viewer.get(f"/admin/figures/{room}").text


@pytest.mark.parametrize("room", ROOM_NAMES)
def test_money_is_never_public(app: Flask, room: str) -> None:
    stranger = app.test_client()
    assert stranger.get(f"/admin/figures/{room}").status_code in {302, 308}
    assert stranger.get(f"/admin/figures/{room}/money.csv").status_code == 302


def test_what_looks_like_a_formula_is_none() -> None:
    chart = Chart("x", "bars", "", "", "=A", (Column("@B"),), (Row("-1+1", (-5,)), Row("fine", (2,))))
    written = list(csv.reader(StringIO(chart.as_csv()[1:]), delimiter=";"))
    assert written == [["'=A", "'@B"], ["'-1+1", "-5"], ["fine", "2"]]
    # What is below nothing has no bar, but its number.
    assert [mark.length for mark in chart.marks(chart.rows[0])] == [0]


@pytest.mark.parametrize(
    ("value", "unit", "plain", "french"),
    [
        (1234, Unit.COUNT, "1234", "1 234"),
        (123_456, Unit.MINOR, "1234.56", "1\u00a0234,56"),
        (-5, Unit.MINOR, "-0.05", "-0,05"),
        (1500, Unit.MILLI, "1.500", "1,50"),
        (36, Unit.HOURS, "1.5", "1,5"),
    ],
)
def test_a_number_is_exact_in_a_file_and_readable_on_a_page(value: int, unit: Unit, plain: str, french: str) -> None:
    assert str(exact(value, unit)) == plain
    assert shown(speaker(Language.FR), value, unit) == french


@pytest.mark.parametrize(("value", "written"), [(7, "7"), (9_999, "9999"), (10_000, "10k"), (123_456, "123k")])
def test_the_number_of_a_tile_fits_a_phone(value: int, written: str) -> None:
    assert Tile(Row("Taroudannt", (value,)), 0, 0).many == written
