"""The simulator's page as a person handles it: phones by their place on the table, keys by what is written on them."""

from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import ConsoleMessage, Locator, Page, expect

from service.locales import speaker

SECRETARY, OFFICER, FRANCE = 0, 1, 2  # places on the table
WIDTHS = [360, 1280]
SCREENSHOTS = Path(__file__).parents[4] / "build" / "screenshots"


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


class Complaints(list[str]):
    """What the browser complained about; a test that causes a failed request on purpose takes it out again."""

    def hear(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.append(message.text)


def say(key: str) -> str:
    return speaker("fr").say(key)


def shows(phone: PhoneOnTable, text: str) -> None:
    expect(phone.screen).to_contain_text(text)


def walk(phone: PhoneOnTable, *answers: str) -> None:
    """Call, then give the answers; wait for the screen after each."""
    phone.answer("")
    shows(phone, "1 Signaler un besoin")
    for answer in answers:
        phone.answer(answer)
        shows(phone, f"Compris: {answer}")


def widen(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900 if width > 1000 else 780})


def picture(page: Page, name: str) -> None:
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"phone-{name}.png", full_page=True)
