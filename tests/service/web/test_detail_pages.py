"""From the first page to a need and back in a real browser, on a phone and on a laptop."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from service.domain.states import AssociationState, NeedState
from tests.conftest import MovedClock
from tests.service.web.person import MakeUser
from tests.service.web.registers import Registers
from tests.service.web.test_pages import sign_in

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
def need(clock: MovedClock, registers: Registers) -> str:
    """A need of a village that is verified, with another one like it, three days old; its page."""
    verified = registers.association("أيت عبد الله", AssociationState.VERIFIED)
    registers.need(verified, "Puits du haut", NeedState.VERIFIED, "A2-BCD")
    number = registers.need(verified, "Puits du bas " + "x" * 40, reference="A3-BCD")
    clock.move(days=3)
    return f"/admin/needs/{number}"


def test_a_need_is_verified_and_taken_back_from_the_first_page(page: Page, need: str, make_user: MakeUser) -> None:
    make_user()
    sign_in(page)
    page.get_by_role("link", name="A3-BCD").click()
    page.wait_for_url(f"**{need}")
    page.get_by_label("Urgence").select_option("high")
    page.get_by_role("button", name="C'est vérifié").click()
    assert "est vérifié" in page.get_by_role("status").inner_text()
    page.get_by_text("Annuler la décision").first.click()
    page.get_by_role("button", name="Annuler la décision").click()
    assert "est annulée" in page.get_by_role("status").inner_text()
    page.locator("nav.kinds").get_by_role("link", name="Propositions").click()
    assert "Rien ici pour le moment" in page.locator("section.history").inner_text()
