"""The table the phones are on: what it remembers, how it fits a window, that everything on it has a name."""

import pytest
from playwright.sync_api import Page, expect

from tests.service.web.phone.table import OFFICER, SECRETARY, WIDTHS, phone_at, picture, widen

# The page does not see which database is behind; test_messages.py tries them all.
pytestmark = [pytest.mark.browser, pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)]


def test_the_table_is_remembered_with_its_numbers(page: Page) -> None:
    phones = page.locator(".phone")
    expect(phones).to_have_count(3)
    page.locator("[data-add=netherlands]").click()
    page.locator("[data-add=secretary]").click()
    phone_at(page, OFFICER).key("remove")
    number = phone_at(page, SECRETARY).part("number")
    number.fill("+212 6 12-34.56 78")
    number.press("Enter")
    expect(number).to_have_value("+212612345678")
    page.reload()
    numbers = [phone.input_value() for phone in phones.locator("[data-part=number]").all()]
    assert numbers == ["+212612345678", "+33639980001", "+31600000001", "+212600000003"]


def test_a_number_no_phone_can_have_is_put_back(page: Page) -> None:
    number = phone_at(page, SECRETARY).part("number")
    number.fill("douze")
    number.press("Enter")
    expect(number).to_have_value("+212600000001")


@pytest.mark.parametrize("language", ["fr", "ar", "shi", "en"])
@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_sticks_out_of_the_page(page: Page, width: int, language: str) -> None:
    widen(page, width)
    page.goto(f"/phone?lang={language}")
    phone_at(page, SECRETARY).open_tray()
    picture(page, f"table-{language}-{width}")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    tops = {round(box["y"]) for phone in page.locator(".phone").all() if (box := phone.bounding_box())}
    assert len(tops) == (1 if width > 1000 else 3)


def test_everything_that_can_be_pressed_has_a_name(page: Page) -> None:
    nameless = page.evaluate(
        """() => [...document.querySelectorAll("button, input, textarea, [role=group], nav")]
            .filter(one => !one.textContent.trim() && !one.getAttribute("aria-label"))
            .map(one => one.outerHTML)"""
    )
    assert nameless == []
