"""The real application on a real server, with stand-in hooks, seen through a real browser."""

import shutil
from collections.abc import Iterator

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, sync_playwright

from service.app import create_app
from service.container import Container
from service.web.phone import phone_blueprint
from tests.peers.hooks import StandInHooks, served
from tests.service.web.phone.post import Post
from tests.service.web.phone.table import Complaints

QUIET = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update")


@pytest.fixture
def hooks(container: Container) -> StandInHooks:
    return StandInHooks(container.settings.hook_tokens[0])


@pytest.fixture
def app(container: Container, hooks: StandInHooks) -> Flask:
    return create_app(container, [phone_blueprint(container), hooks.blueprint()])


@pytest.fixture
def address(app: Flask) -> Iterator[str]:
    """Where the application listens."""
    with served(app) as url:
        yield url


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A browser, or a loud word about its absence."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("NOT TESTED IN A BROWSER: Chromium is missing; have it with `apt-get install chromium`.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=[*QUIET, "--disable-sync", "--no-first-run"])
        yield browser
        browser.close()


@pytest.fixture
def post(container: Container) -> Post:
    return Post(container.engine)


@pytest.fixture
def complaints() -> Complaints:
    return Complaints()


@pytest.fixture
def page(chromium: Browser, address: str, complaints: Complaints) -> Iterator[Page]:
    """The simulator, just opened, 1280 pixels wide."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, locale="fr-FR", base_url=address)
    context.set_default_timeout(10_000)
    page = context.new_page()
    page.on("console", complaints.hear)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto("/phone")
    yield page
    context.close()
    assert complaints == []
