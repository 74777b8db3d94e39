"""The line between carrier and service: what is not answered is brought again, as carriers do."""

import http.client
import time
from collections import Counter
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import urlencode

from tests.crash.stage import HOOKS

PATIENCE = 15.0  # seconds for one answer
AGAIN_AFTER = 0.01
GIVEN_UP = 120.0  # seconds; then the service is not coming back
HEADERS = {"Content-Type": "application/x-www-form-urlencoded"}


class SilenceError(Exception):
    """Nobody answered for two minutes."""


@dataclass
class Line:
    """Brings forms to the hooks at a port, from any thread. `heard` counts what came back: a status, or 0 for none."""

    port: int
    heard: Counter[int] = field(default_factory=Counter)

    def bring(self, hook: str, form: dict[str, str], wanted: int = HTTPStatus.OK) -> str:
        """Bring a form until it is answered as it should be; return the answer.

        Raises SilenceError.
        """
        until = time.monotonic() + GIVEN_UP
        while time.monotonic() < until:
            status, body = self.once(hook, form)
            if status == wanted:
                return body
            time.sleep(AGAIN_AFTER)
        raise SilenceError(f"{hook}: {dict(self.heard)}")

    def once(self, hook: str, form: dict[str, str]) -> tuple[int, str]:
        """Bring a form once; return the status, 0 when no whole answer came, and the body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request("POST", f"{HOOKS}/{hook}", urlencode(form), HEADERS)
            answer = connection.getresponse()
            status, body = answer.status, answer.read().decode()
        except (OSError, http.client.HTTPException):
            status, body = 0, ""
        finally:
            connection.close()
        self.heard[status] += 1
        return status, body
