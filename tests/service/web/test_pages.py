"""The pages in a real browser: at 360 and 1280 px nothing overflows, nothing complains, keys reach everything."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page

from service.container import Container
from service.domain.roles import UserRole
from service.domain.sectors import Sector
from service.domain.states import AssociationState, NeedState
from service.gateways.base import Outcome, Sent
from service.messaging.health import locked_state, stop_gateway
from service.messaging.outbox import tell
from service.messaging.sender import drain
from service.models.session import transaction
from service.usecases.inbox import note_text
from service.usecases.phones import know_phone
from tests.peers.scripted import ScriptedGateway
from tests.service.web.person import PASSWORD, MakeUser
from tests.service.web.registers import Registers

# A page does not see which database is behind; the tests beside this one try both.
pytestmark = [pytest.mark.browser, pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)]
SCREENSHOTS = Path(__file__).parents[3] / "build" / "screenshots"
WIDTHS = [360, 1280]
SMALL = """
    [...document.querySelectorAll('button, input:not([type=hidden]), select, nav a')]
        .filter(one => one.offsetParent && one.offsetHeight < 44)
        .map(one => one.outerHTML)
"""
LONG = "Association Tamount pour le développement, la coopération et l'environnement des Ait"


@pytest.fixture
def complaints() -> list[str]:
    return []


@pytest.fixture(params=WIDTHS)
def page(request: pytest.FixtureRequest, chromium: Browser, served: str, complaints: list[str]) -> Iterator[Page]:
    context = chromium.new_context(
        base_url=served, viewport={"width": request.param, "height": 800}, locale="fr-FR", reduced_motion="reduce"
    )
    page = context.new_page()

    def hear(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            complaints.append(message.text)

    def outside(address: str) -> None:
        if not address.startswith(served):
            complaints.append(f"asked {address}")

    page.on("console", hear)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda asked: outside(asked.url))
    yield page
    context.close()


@pytest.fixture
def villages(registers: Registers) -> None:
    """What a coordinator may find on a Monday."""
    waiting = registers.association(LONG[:80], douar="Tizi n'Test Oufella")
    registers.association("أيت عبد الله", douar="تيزي")
    verified = registers.association("Ait \u202eevil\u202c", AssociationState.VERIFIED)
    registers.need(waiting, "Puits du bas", reference="K7-4Q2")
    registers.need(verified, "ماء صالح للشرب للدوار كله", reference="A2-BCD")
    registers.need(verified, "x" * 60, reference="A3-BCD", sector=Sector.ROADS)
    registers.need(verified, "École", NeedState.VERIFIED, "A4-BCD", Sector.EDUCATION)


def sign_in(page: Page) -> None:
    page.goto("/admin/sign-in")
    page.get_by_label("Nom", exact=True).fill("Zahra")
    page.get_by_label("Mot de passe").fill(PASSWORD)
    page.get_by_role("button", name="Entrer").click()
    page.wait_for_url("**/admin/")


def look(page: Page, name: str) -> None:
    """Take a picture, and see that nothing is wider than the window and nothing to press smaller than a finger."""
    width = page.viewport_size["width"] if page.viewport_size else 0
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}-{width}.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), f"{name} overflows at {width}"
    assert page.evaluate(SMALL) == []


def test_the_public_page_in_every_language(page: Page, complaints: list[str]) -> None:
    for language in ("fr", "ar", "shi", "en"):
        page.goto(f"/?lang={language}")
        look(page, f"home-{language}")
    assert complaints == []


@pytest.mark.usefixtures("villages")
def test_a_coordinators_morning(page: Page, complaints: list[str], make_user: MakeUser) -> None:
    make_user()
    page.goto("/admin/sign-in")
    look(page, "sign-in")
    sign_in(page)
    look(page, "waiting")
    page.get_by_role("link", name="associations attendent").click()
    look(page, "associations")
    page.get_by_text("Refuser").nth(0).click()
    page.get_by_label("Pourquoi ?").first.fill("Nous ne joignons personne au numéro donné.")
    look(page, "associations-rejecting")
    page.get_by_role("button", name="Refuser").first.click()
    look(page, "associations-confirming")
    page.get_by_role("button", name="Oui, confirmer").click()
    assert "est refusée" in page.get_by_role("status").inner_text()
    page.get_by_role("button", name="C'est vérifié").first.click()
    page.get_by_role("button", name="Oui, confirmer").click()
    assert "est vérifiée" in page.get_by_role("status").inner_text()
    look(page, "associations-decided")
    page.goto("/admin/needs")
    look(page, "needs")
    page.get_by_role("table").get_by_label("Urgence").first.select_option("high")
    page.get_by_role("button", name="C'est vérifié").first.click()
    page.get_by_role("button", name="Oui, confirmer").click()
    assert "est vérifié et le village" in page.get_by_role("status").inner_text()
    look(page, "needs-decided")
    page.goto("/admin/needs?lang=ar")
    look(page, "needs-ar")
    page.goto("/admin/password?lang=fr")
    look(page, "password")
    menu = page.locator("summary", has_text="Menu")
    if menu.is_visible():  # on a phone
        menu.click()
    page.get_by_role("button", name="Se déconnecter").click()
    page.wait_for_url("**/admin/sign-in")
    assert complaints == []


def test_a_missing_page_leads_back(page: Page, complaints: list[str]) -> None:
    page.goto("/nowhere")
    look(page, "missing")
    page.get_by_role("link", name="Retour à l'accueil").click()
    page.wait_for_url("**/")
    assert [said for said in complaints if "404" not in said] == []


def test_the_keyboard_alone_signs_in_and_its_place_is_seen(page: Page, make_user: MakeUser) -> None:
    make_user()
    page.goto("/admin/sign-in")
    page.wait_for_function("document.activeElement.id === 'name'")
    page.keyboard.type("Zahra")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Tab")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    page.wait_for_url("**/admin/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    assert page.evaluate("getComputedStyle(document.activeElement).clipPath") == "none"


@pytest.fixture
def troubled_messages(container: Container) -> None:
    """What an admin may find after a bad night."""
    now, long_ago = container.clock(), container.clock() - timedelta(hours=3)
    replies = [
        Sent(Outcome.UNKNOWN, reason="ReadTimeout"),
        Sent(Outcome.REFUSED, reason="403 InvalidPhoneNumber"),
        Sent(Outcome.REFUSED, reason="x" * 120),
        Sent(Outcome.ACCEPTED, "a1"),
    ]
    gateway = ScriptedGateway(lambda message: replies[int(message.phone[-1])])
    settings = container.settings.model_copy(update={"sms_routes": {"*": (gateway.name,)}})
    with transaction(container.engine) as session:
        for number in range(len(replies)):
            phone = f"+21260000000{number}"
            tell(session, now, event=f"K{number}", phone=phone, template="need_saved", reference="K7-4Q2")
    drain(replace(container, settings=settings, gateways={gateway.name: gateway}))
    with transaction(container.engine) as session:
        tell(session, long_ago, event="old", phone="+33639980001", template="need_verified", reference="K7-4Q2")
        stop_gateway(session, now, "*", "cli")
        locked_state(session, "console").heard_at = long_ago


@pytest.mark.usefixtures("troubled_messages")
def test_an_admins_bad_morning(page: Page, complaints: list[str], make_user: MakeUser) -> None:
    make_user(role=UserRole.ADMIN)
    sign_in(page)
    look(page, "waiting-unsent")
    page.get_by_role("link", name="Messages non partis").click()
    for language in ("ar", "shi", "en", "fr"):
        page.goto(f"/admin/messages?lang={language}")
        look(page, f"messages-{language}")
    page.get_by_role("button", name="Renvoyer").first.click()
    assert "de nouveau en attente" in page.get_by_role("status").inner_text()
    page.get_by_role("button", name="Remettre en marche").click()
    assert "partent de nouveau" in page.get_by_role("status").inner_text()
    assert complaints == []


def test_an_answer_is_measured_while_it_is_typed_and_sent(
    page: Page, complaints: list[str], container: Container, make_user: MakeUser
) -> None:
    make_user()
    with transaction(container.engine) as session:
        know_phone(session, container.clock(), "+212612345678")
        note_text(session, container.clock(), "+212612345678", understood=False)
    sign_in(page)
    page.goto("/admin/inbox")
    look(page, "inbox")
    page.get_by_role("link", name="Pas encore inscrit").click()
    page.get_by_label("Votre message").fill("Nous arrivons demain.")
    page.get_by_text("Signes : 29 sur 160").wait_for()  # with who sends it
    for language in ("ar", "fr"):
        page.goto(f"{page.url.partition('#')[0].partition('?')[0]}?lang={language}")
        look(page, f"conversation-{language}")
    page.get_by_label("Votre message").fill("Nous arrivons demain.")
    page.get_by_role("button", name="Envoyer", exact=True).click()
    assert "en route" in page.get_by_role("status").inner_text()
    page.goto("/admin/broadcasts/new")
    look(page, "broadcast-new")
    page.get_by_label("Français").fill("Réunion à Taliouine.")
    page.get_by_text("SMS : 1").wait_for()
    page.get_by_label("ne demande ni argent").check()
    page.get_by_role("button", name="Voir qui").click()
    page.get_by_role("button", name="Proposer à l'approbation").wait_for()
    look(page, "broadcast-seen")
    page.get_by_role("button", name="Proposer à l'approbation").click()
    page.get_by_text("Une autre personne doit").wait_for()
    look(page, "broadcast")
    assert complaints == []
