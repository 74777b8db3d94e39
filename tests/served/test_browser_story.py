"""The whole story in a real browser: phones on the simulator's table, a coordinator at the admin view, one service."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from service.domain.sectors import Urgency
from tests.served.conftest import Service, serving
from tests.service.web.phone.table import (
    FRANCE,
    OFFICER,
    SCREENSHOTS,
    SECRETARY,
    Complaints,
    PhoneOnTable,
    phone_at,
    say,
    shows,
)

pytestmark = [pytest.mark.served, pytest.mark.browser]

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "diaspora.csv"
LYON = "+33639980011"  # of Les Amis de Taliouine, in the example
PATIENCE, SMS_WITHIN = 15_000, 30_000  # milliseconds
REFERENCE = re.compile(r"\b[0-9A-Z]{2}-[0-9A-Z]{3}\b")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with serving(tmp_path_factory.mktemp("browser"), "web", "worker") as service:
        yield service


@pytest.fixture
def complaints() -> Complaints:
    return Complaints()


@pytest.fixture
def people(chromium: Browser, running: Service, complaints: Complaints) -> Iterator[list[Page]]:
    """Two windows of the same size that know nothing of each other: the phones' and the coordinator's."""
    contexts = [
        chromium.new_context(viewport={"width": 1280, "height": 900}, locale="fr-FR", base_url=running.url)
        for _ in range(2)
    ]
    expect.set_options(timeout=PATIENCE)
    pages = [context.new_page() for context in contexts]
    for page in pages:
        page.set_default_timeout(PATIENCE)
        page.on("console", complaints.hear)
        page.on("pageerror", lambda error: complaints.append(str(error)))
    yield pages
    expect.set_options(timeout=None)
    for context in contexts:
        context.close()


def pick(phone: PhoneOnTable, words: str) -> None:
    """Press the number of the line that says the words, and send."""
    shows(phone, words)
    (number,) = re.findall(rf"^(\d+) .*{re.escape(words)}", phone.screen.inner_text(), re.MULTILINE)
    phone.press(*number)
    phone.primary()


def write(phone: PhoneOnTable, question: str, text: str) -> None:
    shows(phone, question)
    phone.answer(text)


def hears(phone: PhoneOnTable, words: str) -> None:
    expect(phone.inbox.filter(has_text=words)).to_have_count(1, timeout=SMS_WITHIN)


def picture(page: Page, name: str) -> None:
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"story-{name}.png", full_page=True)


def registers(village: PhoneOnTable) -> None:
    village.primary()
    for words in ("Français", "J'accepte", "Inscrire", "Secr", "Taroudannt"):
        pick(village, words)
    write(village, "commune", "taliwin")
    pick(village, "Taliouine")
    write(village, "douar", "Ifri")
    write(village, "association", "Association Ifri")
    shows(village, "Douar Ifri, Taliouine")


def reports(village: PhoneOnTable) -> None:
    village.primary()
    pick(village, "Signaler un besoin")
    pick(village, "Eau potable")
    write(village, "foyers", "84")
    write(village, "Cout total", "320 000")
    write(village, "Part du village", "60000")
    write(village, "En quelques mots", "Puits du bas")
    shows(village, "Eau potable, 84 foyers")


def signs_in(coordinator: Page, name: str, password: str) -> None:
    coordinator.goto("/admin/")
    coordinator.fill("#name", name)
    coordinator.fill("#password", password)
    coordinator.get_by_role("button", name=say("web.sign_in.enter")).click()
    coordinator.fill("#new", "olive argan safran")
    coordinator.fill("#again", "olive argan safran")
    picture(coordinator, "2-one-time-password")
    coordinator.get_by_role("button", name=say("web.password.save")).click()
    expect(coordinator.get_by_text(say("web.password.changed"))).to_be_visible()


def verifies(coordinator: Page, page: str, row: str, urgency: Urgency | None = None) -> None:
    coordinator.goto(page)
    line = coordinator.get_by_role("row").filter(has_text=row)
    if urgency:
        line.get_by_role("combobox").select_option(urgency.value)
    line.get_by_role("button", name=say("web.verify"), exact=True).click()
    coordinator.get_by_role("button", name=say("web.sure.yes")).click()
    expect(line.locator(".state.verified").first).to_be_visible()


def test_the_whole_story_in_a_browser(running: Service, people: list[Page], complaints: Complaints) -> None:
    table, coordinator = people
    imported = running.tiwizi("import", "diaspora", str(EXAMPLE), "--yes")
    assert imported.returncode == 0, imported.stderr
    created = running.tiwizi("admin", "create", "Zahra", "--role", "coordinator", "--json")
    password = json.loads(created.stdout)["password"]

    table.goto("/phone")
    village, lyon = phone_at(table, SECRETARY), phone_at(table, FRANCE)
    lyon.part("number").fill(LYON)
    lyon.part("number").press("Enter")
    registers(village)
    picture(table, "1-registering")
    pick(village, "Envoyer")
    hears(village, "Association Ifri")
    village.primary()

    signs_in(coordinator, "Zahra", password)
    verifies(coordinator, "/admin/associations", "Association Ifri")
    picture(coordinator, "3-association-verified")
    hears(village, "vérifiée")

    reports(village)
    picture(table, "4-reporting")
    pick(village, "Envoyer")
    shows(village, "Réf")
    (reference,) = REFERENCE.findall(village.screen.inner_text())
    hears(village, f"réf. {reference}")
    village.primary()

    verifies(coordinator, "/admin/needs", reference, Urgency.HIGH)
    picture(coordinator, "5-need-verified")
    matched = running.tiwizi("job", "match")
    assert matched.returncode == 0, matched.stderr

    expect(lyon.badge).to_have_text("1", timeout=SMS_WITHIN)
    lyon.open_tray()
    hears(lyon, f"INFO {reference}")
    picture(table, "6-alert")
    lyon.write_sms(f"OUI {reference}")
    hears(lyon, f"intéret pour {reference} est noté")

    village.primary()
    shows(village, "Répondre")
    home = village.screen.inner_text().split("\n")
    assert home[:3] == ["Association Ifri", f"Les Amis de Taliouine s'intéresse à {reference}", "1 Répondre"]
    picture(table, "7-waiting-matter")
    pick(village, "Répondre")
    pick(village, "Oui, accepter")
    for question in ("Choisissez un code secret", "encore une fois"):
        write(village, question, "2580")
    shows(village, "Merci")

    village.open_tray()
    hears(village, "+33 6 39 98 00 11")
    hears(lyon, "+212 6 00 00 00 01")
    picture(table, "8-introduced")
    assert complaints == []


def test_a_phone_fits_a_narrow_window_and_works_there(people: list[Page], complaints: Complaints) -> None:
    table, _ = people
    table.set_viewport_size({"width": 360, "height": 780})
    table.goto("/phone")
    officer = phone_at(table, OFFICER)
    officer.primary()
    pick(officer, "English")
    shows(officer, "1 ")
    officer.element.scroll_into_view_if_needed()
    picture(table, "narrow-360")
    assert table.evaluate("document.documentElement.scrollWidth") <= 360
    assert complaints == []
