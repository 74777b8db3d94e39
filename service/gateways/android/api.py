"""SMSGate's HTTP API, the same on a phone (`http://PHONE:8080`) and on a server of one's own."""

import threading
from typing import Any

import requests
from requests.auth import HTTPBasicAuth

from service.settings import Settings

TIMEOUT_S = (3.05, 15.0)  # to connect, and between two bytes of the answer
ENDPOINTS = ("/messages", "/message")


class Api:
    """Requests with the phone's user and password, over connections that are kept: one set for each thread."""

    def __init__(self, settings: Settings, timeout: tuple[float, float] = TIMEOUT_S) -> None:
        """Take address and account from the settings; `timeout` is seconds to connect and to wait for each byte."""
        self._base = _base(settings.android_url)
        self._account = HTTPBasicAuth(settings.android_user.encode(), settings.android_password.encode())
        self._timeout = timeout
        # A requests.Session is not promised to be safe for several threads.
        self._kept = threading.local()

    def ask(self, method: str, path: str, body: Any = None) -> requests.Response:
        """Send a request, with a JSON body if one is given; follows no redirect.

        Raises requests.RequestException when no answer came.
        """
        return self._session().request(
            method,
            self._base + path,
            json=body,
            auth=self._account,
            timeout=self._timeout,
            allow_redirects=False,
        )

    def _session(self) -> requests.Session:
        if not hasattr(self._kept, "session"):
            self._kept.session = requests.Session()
        session: requests.Session = self._kept.session
        return session


def _base(url: str) -> str:
    """Return the address before `/messages`, for those who copied it whole."""
    url = url.rstrip("/")
    for endpoint in ENDPOINTS:
        url = url.removesuffix(endpoint)
    return url
