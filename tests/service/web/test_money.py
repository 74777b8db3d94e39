"""A project's money at the admin view: seen by all, changed by coordinators, and never overwritten."""

from datetime import timedelta

import pytest
from flask import Flask
from playwright.sync_api import Browser
from sqlalchemy import select

from service.container import Container
from service.domain.ledger import ArrivalState, Source
from service.domain.money import Currency, Money
from service.domain.roles import UserRole
from service.models import AuditEntry, ExchangeRate
from service.models.session import reading, transaction
from service.usecases.contributions import write_line
from tests.conftest import MovedClock
from tests.service.usecases.money import Account, dirhams
from tests.service.web.person import MakeUser, Person
from tests.service.web.test_pages import look, sign_in
from tests.world import officer_of


@pytest.fixture
def account(container: Container, clock: MovedClock) -> Account:
    """Lyon promised 5 000 EUR, of which some arrived, and some was counted differently; the commune gives too."""
    account = Account(container.engine, clock)
    account.introduced()
    account.pledges()
    arrived = Money(200_001, Currency.EUR)
    account.counts(account.declares(arrived), arrived)
    account.counts(account.declares(Money.of(1_000)), Money.of(900))
    with transaction(account.engine) as session:
        values = {"reference": account.reference, "source": Source.COMMUNE, "amount": Money.of(96_000)}
        write_line(session, clock(), officer=officer_of(session), **values)  # type: ignore[arg-type]  # as named
    return account


@pytest.fixture
def page(account: Account) -> str:
    return f"/admin/projects/{account.need}/money"


def test_the_page_shows_the_plan_what_arrived_and_every_entry(coordinator: Person, account: Account, page: str) -> None:
    assert f'href="{page}"' in coordinator.get("/admin/needs").text
    said = coordinator.get(page).text
    assert "il manque 110\u00a0000\u00a0DH" in said
    for cell in ("54\u00a0000,00\u00a0DH", "21\u00a0600,11", "96\u00a0000,00", "2\u00a0000,01\u00a0EUR", "10,8000"):
        assert cell in said
    assert "totaux du projet après chaque écriture" in said
    assert "1,0000" not in said
    assert "compté 900,00" in said
    assert "+212" not in said
    donor = account.lines()["Lyon-Taliouine"].diaspora_id
    village = f"/admin/associations/{account.association}"
    for way in (f"/admin/projects/{account.need}", village, f"/admin/diaspora/{donor}"):
        assert f'<a href="{way}">' in said, way
    # What two persons counted differently waits on the first page.
    assert f'<a href="{page}"><code>{account.reference}</code>' in coordinator.get("/admin/").text


def test_work_on_site_is_not_said_to_have_brought_nothing(coordinator: Person, account: Account) -> None:
    said = coordinator.get("/admin/contributions").text
    assert account.columns("village_labour") == dirhams(60_000, 0, 0)
    assert (said.count("<dt>Promis</dt>"), said.count("<dt>Reçu</dt>")) == (3, 2)


def test_a_coordinator_confirms_on_paper_and_writes_lines(coordinator: Person, account: Account, page: str) -> None:
    line = account.lines()["commune"].id
    coordinator.send(f"/admin/contributions/{line}/confirm", page=page, reason=" ")
    assert account.columns("commune") == dirhams(96_000, 0, 0)
    coordinator.send(f"/admin/contributions/{line}/confirm", page=page, reason="PV du 3 mai")
    assert account.columns("commune") == dirhams(96_000, 96_000, 0)
    assert "PV du 3 mai" in coordinator.get(page).text
    coordinator.send(f"{page}/line", page=page, source="state_programme", name="INDH", amount="80 000")
    assert account.columns("INDH") == dirhams(80_000, 0, 0)


@pytest.mark.parametrize(
    "form",
    [
        {"source": "diaspora", "amount": "80000"},
        {"source": "commune", "amount": "beaucoup"},
        {"source": "commune", "amount": "-5"},
        {"source": "province", "amount": "0"},
        {"source": "other", "amount": "5", "name": "x" * 61},
    ],
)
def test_a_line_that_cannot_be_changes_nothing(
    coordinator: Person, account: Account, page: str, form: dict[str, str]
) -> None:
    before = {name: line.columns for name, line in account.lines().items()}
    coordinator.send(f"{page}/line", page=page, **form)
    assert {name: line.columns for name, line in account.lines().items()} == before
    assert "Rien n&#39;a changé" in coordinator.get(page).text


def test_a_correction_is_an_entry_with_its_reason(coordinator: Person, account: Account, page: str) -> None:
    first = account.arrivals()[0].id
    coordinator.send(f"/admin/arrivals/{first}/correct", page=page, reason="Reçu d'un autre projet")
    assert account.arrival(first).state is ArrivalState.WITHDRAWN
    assert account.columns() == dirhams(54_000, 0, 0)
    said = coordinator.get(page).text
    assert "-21\u00a0600,11" in said
    assert "Reçu d&#39;un autre projet" in said


def test_a_rate_is_set_for_what_comes_and_what_was_entered_keeps_its_own(
    coordinator: Person, account: Account, page: str
) -> None:
    day = account.clock().date()
    coordinator.send(f"{page}/rate", page=page, rate="11,05", day=str(day), reason="Bank Al-Maghrib")
    coordinator.send(f"{page}/rate", page=page, rate="12", day=str(day + timedelta(days=1)), reason="Bank Al-Maghrib")
    coordinator.send(f"{page}/rate", page=page, rate="x", day="", reason="")
    with reading(account.engine) as session:
        (row,) = session.scalars(select(ExchangeRate)).all()
        assert (row.rate, row.source) == (110_500, "Bank Al-Maghrib")
        assert (
            session.scalars(select(AuditEntry).where(AuditEntry.action == "rate.set")).one().actor.startswith("user:")
        )
    assert account.columns().promised == 5_400_000


def test_who_only_views_changes_nothing(app: Flask, make_user: MakeUser, page: str) -> None:
    make_user("Brahim", UserRole.VIEWER)
    viewer = Person(app.test_client())
    viewer.sign_in("Brahim")
    said = viewer.get(page).text
    assert "il manque" in said
    assert "<form" not in said.partition("<main")[2]
    for path in (f"{page}/line", f"{page}/rate"):
        assert viewer.send(path, page=page, source="commune", amount="1").status_code == 403


def test_there_is_no_money_page_without_a_project(coordinator: Person, account: Account) -> None:
    assert account
    assert coordinator.get("/admin/projects/99999/money").status_code == 404


@pytest.mark.browser
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("language", ["fr", "ar"])
def test_the_page_fits_a_phone_and_a_screen(
    chromium: Browser, served: str, make_user: MakeUser, page: str, width: int, language: str
) -> None:
    make_user()
    context = chromium.new_context(base_url=served, viewport={"width": width, "height": 800}, locale="fr-FR")
    tab = context.new_page()
    sign_in(tab)
    tab.goto(f"{page}?lang={language}")
    for summary in tab.locator("main > details > summary").all():
        summary.click()
    look(tab, f"money-{language}")
    context.close()
