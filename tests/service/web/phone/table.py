"""The simulator's page as a person handles it: phones by their place on the table, keys by what is written on them."""

from dataclasses import dataclass

from playwright.sync_api import Locator, Page


@dataclass(frozen=True)
class PhoneOnTable:
    """One phone."""

    element: Locator

    @property
    def screen(self) -> Locator:
        return self.element.locator("[data-part=text]")

    @property
    def field(self) -> Locator:
        return self.element.locator("[data-part=field]")

    @property
    def badge(self) -> Locator:
        return self.element.locator("[data-part=badge]")

    @property
    def inbox(self) -> Locator:
        return self.element.locator("[data-part=inbox] li")

    def part(self, name: str) -> Locator:
        return self.element.locator(f"[data-part={name}]")

    def press(self, *digits: str) -> None:
        for digit in digits:
            self.element.locator(f'[data-digit="{digit}"]').click()

    def key(self, name: str) -> None:
        self.element.locator(f"[data-key={name}]").first.click()

    def primary(self) -> None:
        """The left soft key: call, send, try again or OK."""
        self.part("primary").click()

    def answer(self, text: str) -> None:
        self.field.fill(text)
        self.field.press("Enter")

    def open_tray(self) -> None:
        self.element.locator("summary").click()

    def write_sms(self, text: str) -> None:
        self.part("draft").fill(text)
        self.part("write").locator("button").click()


def phone_at(page: Page, place: int) -> PhoneOnTable:
    """Return the phone at a place of the table, from 0."""
    return PhoneOnTable(page.locator(".phone").nth(place))
