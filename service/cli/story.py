"""The people of the demo story: phones that press keys by what the screen says, and a coordinator with a browser."""

import re
from collections.abc import Callable
from html import unescape
from time import monotonic, sleep

import requests

from service.cli.carrier import Carrier, Screen, Sms
from service.messaging.segments import fold

SMS_WITHIN = 30  # seconds that a text may take through the outbox
PATIENCE = 15  # seconds for a page
MORE = "98"


class StoryError(Exception):
    """The story did not go on as it must; the sentence says where."""


class Actor:
    """Someone with a phone. `tell` is shown every screen and every text."""

    def __init__(self, who: str, carrier: Carrier, code: str, tell: Callable[[str, str, str], None]) -> None:
        """Take the phone in hand; texts that were on it before are not part of the story."""
        self.who, self.carrier, self.code, self.tell = who, carrier, code, tell
        self.screen = Screen("", goes_on=False)
        self.read = max((sms.id for sms in carrier.inbox()), default=0)

    def dials(self) -> None:
        """Call the service."""
        self._see(f"dials {self.code}", self.carrier.dial(self.code))

    def types(self, text: str) -> None:
        """Answer with words or a number."""
        self._see(text, self.carrier.answer(text))

    def picks(self, words: str) -> None:
        """Press the number of the line that says `words`, paging on until it shows.

        Raises StoryError when no line says so.
        """
        while not (number := self._line(words)):
            if f"{MORE} " not in self.screen.text:
                raise StoryError(f"{self.who}: no line says {words!r} on the screen:\n{self.screen.text}")
            self.types(MORE)
        self.types(number)

    def sees(self, words: str) -> None:
        """Check what the screen says.

        Raises StoryError.
        """
        if not _says(self.screen.text, words):
            raise StoryError(f"{self.who}: expected {words!r} on the screen, but it says:\n{self.screen.text}")

    def ended(self) -> None:
        """Check that the conversation came to its end.

        Raises StoryError.
        """
        if self.screen.goes_on:
            raise StoryError(f"{self.who}: the conversation should have ended, but it says:\n{self.screen.text}")

    def texts(self, text: str) -> None:
        """Send an SMS."""
        self.carrier.sms(text)
        self.tell(self.who, "sends SMS", text)

    def hears(self, words: str) -> Sms:
        """Wait for an SMS that says `words`.

        Raises StoryError when none came in 30 seconds.
        """
        until = monotonic() + SMS_WITHIN
        while monotonic() < until:
            for sms in self.carrier.inbox(self.read):
                self.read = sms.id
                self.tell(self.who, f"receives SMS ({sms.parts} part, {sms.encoding} {sms.units})", sms.text)
                if _says(sms.text, words):
                    return sms
            sleep(0.3)
        raise StoryError(f"{self.who}: no SMS that says {words!r} came within {SMS_WITHIN} seconds")

    def _line(self, words: str) -> str | None:
        lines = [line.partition(" ") for line in self.screen.text.split("\n")]
        return next((number for number, _, text in lines if number.isdigit() and _says(text, words)), None)

    def _see(self, typed: str, screen: Screen) -> None:
        self.screen = screen
        self.tell(self.who, typed, screen.text)


def _says(text: str, words: str) -> bool:
    # What is written with letters that GSM-7 lacks arrives without them.
    return words in text or fold(words) in fold(text)


class Coordinator:
    """Someone at the admin view, with the forms of its pages."""

    def __init__(self, url: str, name: str, password: str) -> None:
        """Sign in with a one-time password and replace it.

        Raises StoryError when the admin view does not let them.
        """
        self.url, self.browser = url, requests.Session()
        self._post("/admin/sign-in", page="/admin/sign-in", name=name, password=password)
        mine = f"{password}-mine"
        self._post("/admin/password", page="/admin/password", new=mine, again=mine)

    def decides(self, page: str, row: str, verb: str, **form: str) -> None:
        """Send the `verb` form of the row that shows the text `row`.

        Raises StoryError when there is no such row or form.
        """
        rows = [part for part in self._get(page).split("<tr") if _says(unescape(part), row)]
        actions = re.findall(rf'action="({page}/\d+/{verb})"', rows[0]) if rows else []
        if not actions:
            raise StoryError(f"the coordinator finds no form to {verb} {row!r} on {page}")
        self._post(actions[0], page=page, **form)

    def _get(self, page: str) -> str:
        answer = self._ask("GET", page)
        if not answer.ok or answer.url != self.url + page:
            raise StoryError(f"the coordinator cannot open {page}: {answer.status_code} at {answer.url}")
        return answer.text

    def _post(self, path: str, *, page: str, **form: str) -> None:
        token = re.search(r'name="csrf_token" value="([^"]+)"', self._get(page))
        answer = self._ask("POST", path, {**form, "csrf_token": token[1] if token else ""})
        if not answer.ok:
            raise StoryError(f"the coordinator's form {path} was answered {answer.status_code}")

    def _ask(self, method: str, path: str, form: dict[str, str] | None = None) -> requests.Response:
        try:
            return self.browser.request(method, self.url + path, data=form, timeout=PATIENCE)
        except requests.RequestException as error:
            raise StoryError(f"the coordinator got no answer from {path} ({type(error).__name__})") from error
