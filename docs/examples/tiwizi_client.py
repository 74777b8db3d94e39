"""A small program that uses Tiwizi's API: it lists needs page by page, and checks what a webhook brought.

    TIWIZI_URL=https://tiwizi.example TIWIZI_TOKEN=tiwizi_… python tiwizi_client.py needs
    TIWIZI_URL=… TIWIZI_TOKEN=… python tiwizi_client.py verify K7-4Q2 high
    TIWIZI_SECRET=whsec_… python tiwizi_client.py listen 9000

It needs Python 3.11 and `requests`, and nothing of Tiwizi's own: copy it and change it.
"""
# ruff: noqa: INP001  # a program to copy, in no package

import base64
import hashlib
import hmac
import json
import os
import sys
import time
import uuid
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import requests

TIMEOUT = 30  # seconds
MOST_TRIES = 5
OLDEST = 5 * 60  # seconds; what was signed longer ago may be somebody's who recorded it
LARGEST = 64 * 1024  # bytes


class Tiwizi:
    """The API at an address, with a token."""

    def __init__(self, url: str, token: str) -> None:
        """Remember where it is, and who asks."""
        self._root = f"{url.rstrip('/')}/api/v1"
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"Bearer {token}"

    def items(self, path: str, **wanted: str) -> Iterator[dict[str, Any]]:
        """Go through a list to its end: each page's `Link` says where the next one is."""
        url: str | None = f"{self._root}/{path}"
        while url:
            answer = self._ask("GET", url, params=wanted)
            yield from answer.json()["items"]
            # The next address has what was asked for in it already.
            url, wanted = answer.links.get("next", {}).get("url"), {}

    def write(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Change something, once: whatever is lost on the way, the same key gets the same answer."""
        key = {"Idempotency-Key": str(uuid.uuid4())}
        done: dict[str, Any] = self._ask("POST", f"{self._root}/{path}", json=body, headers=key).json()
        return done

    def _ask(self, method: str, url: str, **how: Any) -> requests.Response:
        """Ask, and ask again later when the token asked too often, or nobody answered."""
        for tries in range(1, MOST_TRIES + 1):
            try:
                answer = self._session.request(method, url, timeout=TIMEOUT, **how)
            except requests.ConnectionError:
                if tries == MOST_TRIES:
                    raise
                time.sleep(tries)
                continue
            if answer.status_code != requests.codes.too_many_requests or tries == MOST_TRIES:
                break
            time.sleep(int(answer.headers["Retry-After"]))
        if not answer.ok:
            problem = answer.json()
            raise RuntimeError(f"{problem['type']}: {problem['detail']}")
        return answer


def read_event(secret: str, headers: Mapping[str, str], body: bytes, now: float) -> dict[str, Any]:
    """Return what a webhook says, when Tiwizi sent it within the last five minutes (standardwebhooks.com).

    Raises ValueError otherwise.
    """
    event_id, stamp = headers["webhook-id"], headers["webhook-timestamp"]
    key = base64.b64decode(secret.removeprefix("whsec_"))
    mac = hmac.new(key, f"{event_id}.{stamp}.".encode() + body, hashlib.sha256).digest()
    expected = f"v1,{base64.b64encode(mac).decode()}"
    # There may be several, while a secret is being changed.
    given = headers["webhook-signature"].split()
    if not any(hmac.compare_digest(expected, one) for one in given):
        raise ValueError("not signed by Tiwizi")
    if abs(now - int(stamp)) > OLDEST:
        raise ValueError("signed too long ago")
    event: dict[str, Any] = json.loads(body)
    return event


class Receiver(BaseHTTPRequestHandler):
    """Answers webhooks: 204 at once, as whoever is slow is asked again. An id seen before is the same event."""

    secret = ""
    seen: set[str] = set()  # noqa: RUF012  # of all requests; a real program keeps them in its database

    def do_POST(self) -> None:
        """Take an event."""
        body = self.rfile.read(min(int(self.headers["Content-Length"]), LARGEST))
        sent = {name.lower(): value for name, value in self.headers.items()}
        try:
            event = read_event(self.secret, sent, body, time.time())
        except (KeyError, ValueError):
            self.send_error(400)
            return
        if self.headers["webhook-id"] not in self.seen:
            self.seen.add(self.headers["webhook-id"])
            print(event["type"], event["data"]["url"])  # noqa: T201  # what it is for
        self.send_response(204)
        self.end_headers()


def main(arguments: list[str]) -> None:
    """Do what is asked on the command line."""
    match arguments:
        case ["needs"]:
            for need in _api().items("needs", state="verified"):
                print(need["reference"], need["sector"], need["households"], need["association"]["name"])  # noqa: T201
        case ["verify", reference, urgency]:
            print(_api().write(f"needs/{reference}/verify", {"urgency": urgency})["state"])  # noqa: T201
        case ["listen", port]:
            Receiver.secret = os.environ["TIWIZI_SECRET"]
            HTTPServer(("127.0.0.1", int(port)), Receiver).serve_forever()
        case _:
            sys.exit(__doc__)


def _api() -> Tiwizi:
    return Tiwizi(os.environ["TIWIZI_URL"], os.environ["TIWIZI_TOKEN"])


if __name__ == "__main__":
    main(sys.argv[1:])
