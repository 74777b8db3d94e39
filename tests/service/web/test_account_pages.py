"""Account, second factor, users and audit in a real browser, from left to right and from right to left."""

import re
from collections.abc import Iterator

import pyotp
import pytest
from playwright.sync_api import Browser, Page
from sqlalchemy import Engine

from service.domain.roles import UserRole
from service.models.audit import record
from service.models.session import transaction
from tests.conftest import MovedClock
from tests.service.web.person import PASSWORD, MakeUser
from tests.service.web.test_pages import LONG, complaints, look, page

__all__ = ["complaints", "page"]
pytestmark = [pytest.mark.browser, pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)]
NEW = "trois ânes sous le figuier"


@pytest.fixture
def guest(chromium: Browser, served: str, page: Page) -> Iterator[Page]:
    """Someone else's browser."""
    context = chromium.new_context(base_url=served, viewport=page.viewport_size, locale="fr-FR")
    yield context.new_page()
    context.close()


def fill(page: Page, **fields: str) -> None:
    """Fill fields and press the form's button."""
    for name, value in fields.items():
        page.locator(f"#{name}").fill(value)
    page.locator(f"form:has(#{name}) button").click()


@pytest.mark.parametrize("language", ["fr", "ar"])
def test_an_admins_first_day(
    page: Page, complaints: list[str], make_user: MakeUser, clock: MovedClock, language: str
) -> None:
    make_user("Amina", UserRole.ADMIN, once=True)
    page.goto(f"/admin/sign-in?lang={language}")
    fill(page, name="Amina", password=PASSWORD)
    fill(page, new=NEW, again=NEW)
    page.wait_for_url("**/second-factor")
    look(page, f"factor-{language}")
    totp = pyotp.TOTP(page.locator("code.key").inner_text().replace(" ", ""))
    fill(page, code="000000")
    page.get_by_role("alert").wait_for()
    fill(page, code=totp.at(clock()))
    page.locator("ul.codes").wait_for()
    look(page, f"recovery-codes-{language}")
    page.locator("main a.button").click()
    page.wait_for_url("**/admin/")
    page.goto("/admin/account")
    page.locator("main summary").click()
    look(page, f"account-{language}")
    page.goto("/admin/account/second-factor")
    page.locator("main summary").last.click()
    look(page, f"factor-on-{language}")
    clock.move(minutes=1)
    page.goto("/admin/account")
    page.locator("main button.refuse").click()
    fill(page, name="Amina", password=NEW)
    page.wait_for_url(re.compile("/sign-in/code"))
    look(page, f"code-{language}")
    fill(page, code=totp.at(clock()))
    page.wait_for_url("**/admin/")
    assert [said for said in complaints if "400" not in said] == []


@pytest.mark.parametrize("language", ["fr", "ar"])
def test_an_admin_invites_someone_and_reads_who_did_what(
    page: Page,
    guest: Page,
    complaints: list[str],
    make_user: MakeUser,
    engine: Engine,
    clock: MovedClock,
    language: str,
) -> None:
    make_user("Amina", UserRole.ADMIN)
    zahra = make_user(LONG[:60])
    with transaction(engine) as session:
        record(session, clock(), f"user:{zahra}", "need.rejected", "need:7", reason="Nous ne joignons personne. " * 5)
        record(session, clock(), "phone:+2126•••78", "pin.locked", "phone:+2126•••78")
    page.goto(f"/admin/sign-in?lang={language}")
    fill(page, name="Amina", password=PASSWORD)
    page.goto("/admin/users")
    page.locator("main summary").nth(0).click()
    page.locator("main summary").nth(1).click()
    look(page, f"users-{language}")
    fill(page, name="Idir")
    look(page, f"invited-{language}")
    link = page.locator("#link").input_value()
    path = link[link.index("/admin/") :]
    page.goto("/admin/audit")
    look(page, f"audit-{language}")
    guest.goto(f"{path}?lang={language}")
    look(guest, f"invitation-{language}")
    fill(guest, new=NEW, again=NEW)
    guest.wait_for_url("**/admin/")
    guest.goto(path)
    look(guest, f"invitation-over-{language}")
    assert complaints == []
