"""The public pages in a real browser, with and without scripts: no overflow, no complaint, keys large enough."""

from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest
from playwright.sync_api import Browser, Page
from sqlalchemy import Engine

from service.container import Container
from service.models.session import transaction
from service.settings import Settings
from service.usecases.exports import ask_export, make_next
from tests.conftest import MovedClock
from tests.service.web.person import PASSWORD, MakeUser
from tests.service.web.public_story import PublicStory, tell_public_story

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)]
SCREENSHOTS = Path(__file__).parents[3] / "build" / "screenshots"
PLACES = ("", "projects", "experiences", "testimonies", "figures", "network", "join", "privacy", "search?q=eau")
SMALL = """
    [...document.querySelectorAll('button, input:not([type=hidden]), select, nav a, .tiles a')]
        .filter(one => one.offsetParent && one.offsetHeight < 44)
        .map(one => one.outerHTML)
"""


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    return settings.model_copy(update={"exports_folder": str(tmp_path / "exports")})


@pytest.fixture
def story(engine: Engine, clock: MovedClock) -> PublicStory:
    return tell_public_story(engine, clock())


@pytest.fixture(params=[360, 1280])
def tab(request: pytest.FixtureRequest, chromium: Browser, served: str) -> Iterator[Page]:
    """A window without scripts, which complains of what comes from elsewhere."""
    context = chromium.new_context(
        base_url=served, viewport={"width": request.param, "height": 800}, java_script_enabled=False
    )
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("request", lambda asked: said.append(asked.url) if not asked.url.startswith(served) else None)
    yield page
    assert said == []
    context.close()


def look(page: Page, name: str) -> None:
    width = page.viewport_size["width"] if page.viewport_size else 0
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"public-{name}-{width}.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), f"{name} overflows at {width}"
    assert page.evaluate(SMALL) == [], name


@pytest.mark.parametrize("language", ["shi"])  # the others are looked at with all pages (tests/served)
def test_every_public_page_fits(tab: Page, story: PublicStory, language: str) -> None:
    for place in (*PLACES, f"projects/{story.running}", f"projects/{story.finished}", f"experiences/{story.finished}"):
        joint = "&" if "?" in place else "?"
        tab.goto(f"/{place}{joint}lang={language}")
        look(tab, f"{place.partition('?')[0].replace('/', '-') or 'home'}-{language}")


@pytest.mark.parametrize("language", ["fr", "ar"])
def test_the_exports_fit(
    tab: Page, container: Container, story: PublicStory, make_user: MakeUser, language: str
) -> None:
    user = make_user()
    with transaction(container.engine) as session:
        for kind, asked in (("iati", {"amounts": True}), ("person", {"phone": "+33639980001"})):
            ask_export(session, container.clock(), actor=f"user:{user}", kind=kind, **asked)
    assert make_next(container.engine, container.settings, container.clock, "worker", Event())
    assert make_next(container.engine, container.settings, container.clock, "worker", Event())
    assert story
    tab.goto("/admin/sign-in?lang=fr")
    tab.get_by_label("Nom", exact=True).fill("Zahra")
    tab.get_by_label("Mot de passe").fill(PASSWORD)
    tab.get_by_role("button", name="Entrer").click()
    tab.goto(f"/admin/exports?lang={language}")
    look(tab, f"exports-{language}")
    tab.goto("/admin/exports/2")
    look(tab, f"person-{language}")
    tab.goto("/admin/diaspora")
    look(tab, f"diaspora-{language}")
