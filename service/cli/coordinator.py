"""The coordinator of the story, with a browser."""

import re
from html import unescape

import requests

from service.cli.story import StoryError
from service.messaging.segments import fold

PATIENCE = 15  # seconds for a page


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
        rows = [part for part in self._get(page).split("<tr") if fold(row) in fold(unescape(part))]
        actions = re.findall(rf'action="({page}/\d+/{verb})"', rows[0]) if rows else []
        if not actions:
            raise StoryError(f"the coordinator finds no form to {verb} {row!r} on {page}")
        self._post(actions[0], page=page, **form)

    def finds(self, page: str, row: str) -> str:
        """Return where the row that shows the text `row` leads.

        Raises StoryError when it leads nowhere.
        """
        rows = [part for part in self._get(page).split("<tr") if fold(row) in fold(unescape(part))]
        links = re.findall(rf'href="({page}/\d+)"', rows[0]) if rows else []
        if not links:
            raise StoryError(f"the coordinator finds no page of {row!r} on {page}")
        return str(links[0])

    def sends(self, page: str, verb: str, **form: str) -> None:
        """Send the `verb` form of a page.

        Raises StoryError when it is not there.
        """
        if f'action="{page}/{verb}"' not in self._get(page):
            raise StoryError(f"the coordinator finds no form to {verb} on {page}")
        self._post(f"{page}/{verb}", page=page, **form)

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
