"""Africa's Talking's SDK over connections that are kept open."""

from collections.abc import Mapping
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy
from time import monotonic
from typing import Any

import requests
from africastalking.SMS import SMSService
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import NewConnectionError
from urllib3.response import HTTPResponse

VERSION = "/version1"
TIMEOUT_S = (3.05, 15.0)  # to connect, and between two bytes of the answer
# Below the keep-alive of any usual server (gunicorn 2 s, Apache and Node 5 s, nginx 75 s): so none closes what we use.
LONGEST_IDLE_S = 1.0
LONGEST_ANSWER = 1_000_000  # bytes; a hundred recipients are 20,000
PIECE = 65_536


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


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **options: Any) -> None:  # noqa: FBT001, FBT002  # requests' signature
        super().init_poolmanager(connections, maxsize, block, **options)
        self.poolmanager.pool_classes_by_scheme = POOLS

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **options)
        manager.pool_classes_by_scheme = POOLS
        return manager


POOLS: Mapping[str, type[HTTPConnectionPool]] = {"http": _Pool, "https": _SecurePool}


class KeptService(SMSService):  # type: ignore[misc]  # the SDK has no types
    """The SDK builds the request, but gives back the whole answer, and may be called from any thread.

    Its own way loses the status of what is not 2xx, reads JSON only under one exact content type, opens a connection
    for each request, and follows redirects, which turn a POST into a GET.
    """

    def __init__(self, username: str, key: str, url: str, connections: int) -> None:
        """Keep up to `connections` open to the API at `url`; without a URL, to the SDK's own for the account."""
        super().__init__(username, key)
        if url:
            self._baseUrl = url.rstrip("/").removesuffix(VERSION) + VERSION
        self._session = session = requests.Session()
        # Cookies are all that calls would share, and their jar is not made for threads.
        session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=()))
        # Proxies and certificates as the environment has them now: to look again takes a quarter of a call's time.
        here = session.merge_environment_settings(self._baseUrl, {}, None, None, None)
        session.trust_env, session.proxies, session.verify = False, dict(here["proxies"]), here["verify"]
        for scheme in ("http://", "https://"):
            session.mount(scheme, _Adapter(pool_maxsize=connections, max_retries=0))

    def _make_request(
        self,
        url: str,
        method: str,
        headers: Any,
        data: Any,
        params: Any,
        callback: None = None,
        timeout: Any = TIMEOUT_S,
    ) -> Answer:
        del callback  # always None here: with one, the SDK would answer from a thread and swallow errors
        request = {"headers": headers, "data": data, "params": params, "timeout": timeout}
        with self._session.request(method, url, **request, allow_redirects=False, stream=True) as response:
            return Answer(response.status_code, _body(response))


def _body(response: requests.Response) -> bytes:
    body = bytearray()
    for piece in response.iter_content(PIECE):
        body += piece
        if len(body) > LONGEST_ANSWER:
            break  # whoever says so much is not the API
    return bytes(body)
