"""Africa's Talking's SDK over connections that are kept open."""

from collections.abc import Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Any
from urllib.parse import urlencode

import requests
from africastalking.Application import ApplicationService
from africastalking.SMS import SMSService
from certifi import where
from requests.utils import select_proxy
from urllib3 import PoolManager, ProxyManager, Timeout
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import NewConnectionError
from urllib3.response import HTTPResponse

VERSION = "/version1"
TIMEOUT_S = (3.05, 15.0)  # to connect, and between two bytes of the answer
# Below the keep-alive of any usual server (gunicorn 2 s, Apache and Node 5 s, nginx 75 s): so none closes what we use.
LONGEST_IDLE_S = 1.0
LONGEST_ANSWER = 1_000_000  # bytes; a hundred recipients are 20,000
FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Answer:
    """An HTTP answer: its status, and its body as far as LONGEST_ANSWER."""

    status: int
    body: bytes


class _Kept(HTTPConnection):
    """A connection that is opened anew after a rest.

    One that the other side closes just while we write fails like a request that was lost half-way, and nobody can tell
    them apart. So one that has rested is not trusted, and of the others urllib3 looks whether they were closed. What
    fails in the instant that is left is in doubt, and is not sent again.
    """

    _rests_since = 0.0

    def connect(self) -> None:
        try:
            super().connect()
        except (OSError, ValueError) as error:  # TLS, and hosts that cannot be: nothing has been asked yet
            raise NewConnectionError(self, str(error)) from error

    def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # urllib3 itself answers with a class of its own
        response = super().getresponse()
        self._rests_since = monotonic()
        return response

    @property
    def is_connected(self) -> bool:
        return monotonic() - self._rests_since < LONGEST_IDLE_S and super().is_connected


class _KeptSecure(_Kept, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Kept


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _KeptSecure


POOLS: Mapping[str, type[HTTPConnectionPool]] = {"http": _Pool, "https": _SecurePool}


class KeptService(SMSService):  # type: ignore[misc]  # the SDK has no types
    """The SDK builds the request, but gives back the whole answer, and may be called from any thread.

    Its own way loses the status of what is not 2xx, reads JSON only under one exact content type, opens a connection
    for each request, and follows redirects, which turn a POST into a GET. urllib3 without requests: half of a call's
    time on the processor was requests' own.
    """

    # The SDK has a service of its own for this, which differs in nothing else: so both share what is kept open.
    fetch_application_data = ApplicationService.fetch_application_data

    def __init__(self, username: str, key: str, url: str, connections: int) -> None:
        """Keep up to `connections` open to the API at `url`; without a URL, to the SDK's own for the account."""
        super().__init__(username, key)
        if url:
            self._baseUrl = url.rstrip("/").removesuffix(VERSION) + VERSION
        # Proxies and certificates as the environment has them now, read as requests does.
        here = requests.Session().merge_environment_settings(self._baseUrl, {}, None, None, None)
        trusted = where() if here["verify"] is True else str(here["verify"])
        options: Any = {"maxsize": connections, "cert_reqs": "CERT_REQUIRED", "ca_certs": trusted}
        proxy = select_proxy(self._baseUrl, here["proxies"])
        self._manager = ProxyManager(proxy, **options) if proxy else PoolManager(**options)
        self._manager.pool_classes_by_scheme = dict(POOLS)

    def _make_request(
        self,
        url: str,
        method: str,
        headers: Mapping[str, str],
        data: Mapping[str, Any] | None,
        params: Mapping[str, Any] | None,
        callback: None = None,
        timeout: tuple[float, float] = TIMEOUT_S,
    ) -> Answer:
        del callback  # always None here: with one, the SDK would answer from a thread and swallow errors
        connect, read = timeout
        response = self._manager.request(
            method,
            f"{url}?{urlencode(params)}" if params else url,
            body=urlencode(data) if data else None,
            headers={**headers, "Content-Type": FORM} if data else dict(headers),
            timeout=Timeout(connect=connect, read=read),
            retries=False,
            redirect=False,
            preload_content=False,
        )
        try:
            body = response.read(LONGEST_ANSWER, decode_content=True)
            # Whoever says more is not the API, and the connection is not used again.
            if response.read(1):
                response.close()
            return Answer(response.status, body)
        finally:
            response.release_conn()
