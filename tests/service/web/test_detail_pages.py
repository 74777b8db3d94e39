"""The first page and the pages of one thing in a real browser: in two languages, on a phone and on a laptop."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Page
from sqlalchemy import Engine, select

from service.domain.states import AssociationState, NeedState
from service.models import Need
from service.models.associations import active_officer
from service.models.diaspora import active_contact
from service.models.session import transaction
from service.usecases.callbacks import ask_callback
from tests.conftest import MovedClock
from tests.service.web.person import MakeUser
from tests.service.web.registers import Registers
from tests.service.web.test_pages import LONG, look, sign_in
from tests.ussd.projects import half_done, project_of, staffed_village
from tests.world import LYON, SECRETARY, settle, village

# A page does not see which database is behind; the tests beside this one try both.
pytestmark = [pytest.mark.browser, pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)]


@pytest.fixture(params=[360, 1280])
def page(request: pytest.FixtureRequest, chromium: Browser, served: str) -> Iterator[Page]:
    context = chromium.new_context(
        base_url=served, viewport={"width": request.param, "height": 800}, locale="fr-FR", reduced_motion="reduce"
    )
    opened = context.new_page()
    complaints: list[str] = []
    opened.on("console", lambda said: complaints.append(said.text) if said.type in {"error", "warning"} else None)
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    yield opened
    context.close()
    assert complaints == []


@pytest.fixture
def monday(engine: Engine, clock: MovedClock, registers: Registers) -> dict[str, str]:
    """A project half done, a village that waits with two needs alike, someone to call; the pages to look at."""
    settle(engine)
    with transaction(engine) as session:
        staffed_village(session, clock())
        half_done(session, clock() + timedelta(days=1), project_of(session, clock()))
        village(session, clock(), "+212600001001", name="Association Tiwizi Ifri")
        ask_callback(session, clock(), phone=SECRETARY, channel="ussd")
        project = session.scalars(select(Need)).one()
        officer, contact = active_officer(session, SECRETARY), active_contact(session, LYON)
        assert officer
        assert contact
    registers.phones = 100
    registers.association(LONG[:80], douar="Tizi n'Test Oufella")
    registers.association("Ait \u202eevil\u202c", AssociationState.PENDING)
    verified = registers.association("أيت عبد الله", AssociationState.VERIFIED)
    registers.need(verified, "Puits du haut", NeedState.VERIFIED, "A2-BCD")
    need = registers.need(verified, "Puits du bas " + "x" * 40, reference="A3-BCD")
    clock.move(days=3)
    return {
        "today": "/admin/",
        "association": f"/admin/associations/{officer.association_id}",
        "diaspora-one": f"/admin/diaspora/{contact.association_id}",
        "need": f"/admin/needs/{need}",
        "project": f"/admin/projects/{project.id}",
        "officer": f"/admin/officers/{officer.id}",
        "contact": f"/admin/contacts/{contact.id}",
        "tour": "/admin/tour",
    }


def test_the_pages_of_one_thing_fit(page: Page, monday: dict[str, str], make_user: MakeUser) -> None:
    make_user()
    sign_in(page)
    for name, address in monday.items():
        for language in ("fr", "ar"):
            page.goto(f"{address}?lang={language}")
            look(page, f"{name}-{language}")
            assert page.locator("p.purpose").count() == 1


def test_a_need_is_verified_and_taken_back_from_the_first_page(
    page: Page, monday: dict[str, str], make_user: MakeUser
) -> None:
    make_user()
    sign_in(page)
    page.get_by_role("link", name="A3-BCD").click()
    page.wait_for_url(f"**{monday['need']}")
    page.get_by_label("Urgence").select_option("high")
    page.get_by_role("button", name="Vérifier").click()
    assert "est vérifié" in page.get_by_role("status").inner_text()
    page.get_by_text("Annuler la décision").first.click()
    page.get_by_role("button", name="Annuler la décision").click()
    assert "est annulée" in page.get_by_role("status").inner_text()
    page.locator("nav.kinds").get_by_role("link", name="Propositions").click()
    assert "Rien ici pour le moment" in page.locator("section.history").inner_text()
