"""Whether a request that brought no answer had surely not left."""

import ssl
from collections.abc import Iterator

import requests
from urllib3.exceptions import NewConnectionError


def surely_unsent(error: requests.RequestException) -> bool:
    """Tell whether the connection was never made: refused, no such name, a wrong certificate, an address that is none.

    A connection that breaks, or a time-out while waiting for the answer, leaves it open.
    """
    return isinstance(error, requests.ConnectTimeout | ValueError) or any(
        isinstance(cause, NewConnectionError | ssl.SSLCertVerificationError) for cause in _causes(error)
    )


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__
