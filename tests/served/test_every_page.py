"""Every page in a browser, in three languages, on a phone and on a laptop: nothing is wrong with any of them.

Pages are found by their links. What has an address and answers HTML is visited, or stands below with its reason; each
template of a page is seen.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

import pytest
from flask import Flask, template_rendered
from flask.sessions import SecureCookieSessionInterface
from playwright.sync_api import Browser, BrowserContext, Page

from service.app import create_app
from service.container import Container
from service.gateways.console import ConsoleGateway
from service.locales import Language
from service.models.migrations import upgrade
from service.models.session import make_engine
from service.settings import Settings
from tests.conftest import MovedClock
from tests.peers.hooks import served
from tests.served.everything import Visitors, fill, only_an_admin
from tests.served.looking import barriers, picture, shape_wrong, texts_wrong
from tests.service.web.person import PASSWORD
from tests.service.web.phone.table import SCREENSHOTS
from ussd.sessions import Conversations
from wsgi import doors

pytestmark = [pytest.mark.served, pytest.mark.browser]

WIDTHS = (1280, 360)
LANGUAGES = (Language.FR, Language.AR, Language.EN)
WITH_AXE = {Language.FR: 1280, Language.AR: 360}
HREF = re.compile(r'<a\b[^>]*?\bhref="([^"]+)"')
MARK = re.compile(r'\b(?:class|data-label)="([^"]*)"|<(\w+)')
# So many addresses of a kind are followed: of things, and with the same questions.
MOST_THINGS, MOST_ASKED = 30, 2
NO_PAGES = {
    "static": "a file",
    "health.alive": "JSON",
    "health.ready": "JSON",
    "metrics.show": "figures for Prometheus",
    "phone.messages": "JSON",
    "public.card": "a paper",
    "public.experience_pdf": "a paper",
    "public.feed": "a feed",
    "public.sitemap": "XML",
    "public.robots": "a text",
    "public.iati": "XML",
    "admin.sheet_pdf": "a paper",
    "admin.figures_csv": "a file",
    "admin.report": "a file",
    "admin.fetch_export": "a file",
    "admin.broadcast_results": "a file",
    "admin.sound": "a sound",
}
PARTS = re.compile(r"^(base|sheet|(admin|public)/(frame|parts|acts|charts|timeline|talk|subject))\.html$|\.xml$")


@dataclass(frozen=True)
class Place:
    """An address, and who goes there; `status` is what they are answered, `name` what its picture is called."""

    path: str
    who: str = "admin"
    status: int = 200

    @property
    def name(self) -> str:
        path = re.sub(r"[\w-]{40,}", "link", self.path)
        return re.sub(r"\W+", "-", path if self.who == "admin" else f"{path}-{self.who}").strip("-")


@dataclass
class House:
    """The application with a database, behind a server; pages that were rendered are noted."""

    app: Flask
    url: str
    visitors: Visitors
    rendered: set[str] = field(default_factory=set)

    def cookie(self, who: str, language: Language) -> str:
        signer = SecureCookieSessionInterface().get_signing_serializer(self.app)
        assert signer
        return str(signer.dumps({**self.visitors.cookies[who], "language": language.value}))

    def get(self, place: Place) -> tuple[int, str, str]:
        """Ask without a browser, in French; the status, the kind of the answer, the answer."""
        client = self.app.test_client()
        client.set_cookie("tiwizi", self.cookie(place.who, Language.FR))
        answer = client.get(place.path)
        text = answer.text if answer.mimetype == "text/html" else ""
        answer.close()
        return answer.status_code, answer.mimetype or "", text


@contextmanager
def house(folder: Path, fill_in: Callable[[Container], Visitors]) -> Iterator[House]:
    engine = make_engine(f"sqlite:///{folder}/tiwizi.db")
    upgrade(engine)
    settings = Settings(
        _env_file=None,  # type: ignore[call-arg]  # pydantic-settings' own parameter
        database_url=engine.url.render_as_string(hide_password=False),
        secret_key="a-key-that-protects-nothing-but-tests",
        hook_tokens=("a-hook-token-for-tests-only",),
        exports_folder=str(folder / "exports"),
    )
    container = Container(settings, engine, {"console": ConsoleGateway()}, MovedClock())
    conversations = Conversations(container)
    app = create_app(container, doors(conversations))
    visitors = fill_in(container)
    with served(app) as url:
        made = House(app, url, visitors)

        def note(_app: Flask, template: Any, **_more: object) -> None:
            made.rendered.add(template.name)

        with template_rendered.connected_to(note, app):
            yield made
    conversations.close()
    engine.dispose()


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house(tmp_path_factory.mktemp("full"), fill) as made:
        yield made


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house(tmp_path_factory.mktemp("bare"), only_an_admin) as made:
        yield made


def doors_of(house: House) -> list[Place]:
    """Return where a walk begins: no link of a page leads to most of these."""
    return [
        Place("/", "stranger"),
        Place("/phone", "stranger"),
        Place("/admin/"),
        Place("/admin/", "viewer"),
        Place("/admin/sign-in", "stranger"),
        Place("/admin/sign-in/code", "half"),
        Place(f"/admin/invitation/{house.visitors.invitation}", "stranger"),
        Place("/admin/invitation/over", "stranger", 404),
        Place("/admin/account/second-factor", "coordinator"),
        Place("/admin/account/second-factor"),
        Place("/admin/users", "viewer", 403),
        Place("/nowhere", "stranger", 404),
        Place("/projects/NONE", "stranger", 404),
    ]


def links(place: Place, page: str) -> Iterator[Place]:
    """Return where a page leads, without its other languages."""
    for href in HREF.findall(page):
        address = urlsplit(urljoin(place.path, unescape(href)))
        asked = [(name, value) for name, value in parse_qsl(address.query) if name != "lang"]
        if not address.netloc and address.scheme == "":
            path = f"{address.path}?{urlencode(asked)}" if asked else address.path
            yield Place(path, "admin" if address.path.startswith("/admin") else "stranger")


def walk(house: House) -> tuple[list[Place], set[str]]:
    """Follow all links; return where to look, and the endpoints that answered with a page."""
    begins = doors_of(house)
    waiting = list(begins)
    known = {place.path for place in begins if place.who not in ("viewer", "coordinator")}
    alike: Counter[tuple[str, frozenset[str]]] = Counter()
    found: dict[str, list[tuple[Place, set[str]]]] = {}
    adapter = house.app.url_map.bind("localhost")
    while waiting:
        place = waiting.pop(0)
        path, _, query = place.path.partition("?")
        endpoint = place.path if place.status == 404 else str(adapter.match(path)[0])
        kind = (endpoint, frozenset(name for name, _ in parse_qsl(query)))
        alike[kind] += 1
        enough = alike[kind] > (MOST_ASKED if query else MOST_THINGS)
        if endpoint in NO_PAGES or (enough and place not in begins):
            continue
        status, mimetype, page = house.get(place)
        assert status == place.status, (place, status)
        if mimetype == "text/html":
            marks = {re.sub(r"\d+", "0", mark) for two in MARK.findall(page) for mark in two}
            found.setdefault(endpoint, []).append((place, marks))
            fresh = {one.path: one for one in links(place, page) if one.path not in known}
            waiting += fresh.values()
            known |= fresh.keys()
    return [place for pages in found.values() for place in telling(pages, begins)], set(found)


def telling(pages: list[tuple[Place, set[str]]], always: list[Place]) -> Iterator[Place]:
    """Of pages of one kind, return those that together show all that any does, those that show most first."""
    shown: set[str] = set()
    for place, marks in sorted(pages, key=lambda page: -len(page[1])):
        if marks - shown or place in always:
            yield place
        shown |= marks


@dataclass
class Looker:
    """Looks at pages in one language, at all widths, and notes whatever is wrong with them."""

    house: House
    browser: Browser
    language: Language
    prefix: str = ""
    wrong: list[str] = field(default_factory=list)
    _windows: dict[str, Page] = field(default_factory=dict)
    _at: str = ""
    _refused: bool = False

    def window(self, who: str) -> Page:
        """Return the window of a visitor, who keeps it."""
        if who not in self._windows:
            context = self.browser.new_context(base_url=self.house.url, reduced_motion="reduce")
            cookie = {"name": "tiwizi", "value": self.house.cookie(who, self.language), "url": self.house.url}
            context.add_cookies([cookie])  # type: ignore[list-item]  # a TypedDict of playwright's
            self._windows[who] = self._listened(context)
        return self._windows[who]

    def _listened(self, context: BrowserContext) -> Page:
        page = context.new_page()
        page.on("console", lambda said: self.note(said.text) if said.type in {"error", "warning"} else None)
        page.on("pageerror", lambda error: self.note(str(error)))
        page.on("request", lambda asked: None if asked.url.startswith(self.house.url) else self.note(asked.url))
        return page

    def note(self, said: str) -> None:
        if not (said.startswith("Failed to load resource") and "status of 4" in said and self._refused):
            self.wrong.append(f"{self._at}: {said}")

    def visit(self, place: Place) -> None:
        page = self.window(place.who)
        page.set_viewport_size({"width": WIDTHS[0], "height": 900})
        self._at, self._refused = f"{place.path} ({place.who}, {self.language})", place.status >= 400
        answer = page.goto(place.path, wait_until="load")
        if not answer or answer.status != place.status:
            self.note(f"answered {answer.status if answer else None}")
        if page.locator(".menu").count() and answer and answer.ok and page.locator("p.purpose").count() != 1:
            self.note("does not say what it is for, or twice")
        self.look(page, place.name)

    def send(self, path: str, action: str, shot: str, who: str = "admin", **fields: str) -> None:
        """Fill in a form of a page and send it, then look at the answer."""
        page = self.window(who)
        self._at, self._refused = f"{action} ({who}, {self.language})", True
        page.goto(path, wait_until="load")
        form = page.locator(f'form[action$="{action}"]').first
        with page.expect_navigation():
            form.evaluate(
                """(form, fields) => {
                    for (const [name, value] of Object.entries(fields)) {
                        const field = form.elements[name];
                        const one = field.type === undefined && field.length ? field[0] : field;
                        if (one.type === "checkbox") one.checked = true; else one.value = value;
                    }
                    HTMLFormElement.prototype.submit.call(form);
                }""",
                fields,
            )
        self.look(page, shot)

    def look(self, page: Page, name: str) -> None:
        at = self._at
        self.wrong += [f"{at}: {said}" for said in texts_wrong(page, self.language)]
        for width in WIDTHS:
            self._at = f"{at} at {width}"
            page.set_viewport_size({"width": width, "height": 900})
            picture(page, SCREENSHOTS, f"{self.prefix}{name}-{self.language}-{width}")
        for width in WIDTHS[::-1]:
            self._at = f"{at} at {width}"
            page.set_viewport_size({"width": width, "height": 900})
            self.wrong += [f"{self._at}: {said}" for said in shape_wrong(page)]
            if width == WITH_AXE.get(self.language):
                self.wrong += [f"{self._at}: {said}" for said in barriers(page)]


@pytest.fixture(scope="module")
def found(full: House) -> tuple[list[Place], set[str]]:
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    return walk(full)


def answers(looker: Looker) -> None:
    """Look at what is shown only in answer to a form."""
    looker.send("/admin/sign-in", "/admin/sign-in", "wrong-sign-in", "stranger", name="Tilila", password="wrong")
    looker.send("/admin/users", "/users/invite", "invited", name=f"Izza {looker.language}")
    looker.send("/admin/account/second-factor", "/codes", "recovery-codes", password=PASSWORD)
    looker.send("/admin/password", "/admin/password", "wrong-password", old="x", new="x", again="y")
    looker.send("/admin/api", "/api/tokens", "token-made", name="Essai", scope="1")
    looker.send("/admin/diaspora/1/moving", "/merge", "sure", into="2")


def test_every_address_and_every_page_is_visited(full: House, found: tuple[list[Place], set[str]]) -> None:
    _, endpoints = found
    with_pages = {rule.endpoint for rule in full.app.url_map.iter_rules() if "GET" in (rule.methods or ())}
    assert with_pages - endpoints - set(NO_PAGES) == set()
    assert set(NO_PAGES) <= with_pages - endpoints


@pytest.mark.timeout(400)
@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_wrong_with_any_page(
    full: House, chromium: Browser, found: tuple[list[Place], set[str]], language: Language
) -> None:
    looker = Looker(full, chromium, language)
    for place in found[0]:
        looker.visit(place)
    answers(looker)
    assert not looker.wrong, "\n".join(looker.wrong)
    pages = {name for name in full.app.jinja_env.list_templates() if not PARTS.search(name)}
    assert pages - full.rendered == set()


@pytest.mark.timeout(400)
def test_nothing_is_wrong_with_pages_on_which_nothing_is_yet(bare: House, chromium: Browser) -> None:
    looker = Looker(bare, chromium, Language.FR, prefix="empty-")
    for place in walk(bare)[0]:
        looker.visit(place)
    assert not looker.wrong, "\n".join(looker.wrong)


def test_the_menu_is_folded_on_a_phone_and_opens_by_the_keyboard(full: House, chromium: Browser) -> None:
    page = Looker(full, chromium, Language.FR).window("admin")
    page.goto("/admin/")
    menu, links_of_it = page.locator(".menu > summary"), page.locator("nav.main a")
    page.set_viewport_size({"width": WIDTHS[0], "height": 900})
    assert (menu.is_visible(), links_of_it.last.is_visible()) == (False, True)
    page.set_viewport_size({"width": WIDTHS[1], "height": 900})
    assert (menu.is_visible(), links_of_it.last.is_visible()) == (True, False)
    menu.focus()
    page.keyboard.press("Enter")
    assert links_of_it.last.is_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/admin/associations")
