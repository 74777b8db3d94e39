"""Whether a request that brought no answer had surely not left."""

import ssl
from collections.abc import Iterator

import requests
from urllib3.exceptions import ConnectTimeoutError, InvalidHeader, NewConnectionError


def surely_unsent(error: Exception) -> bool:
    """Tell whether the connection was never made: refused, no such name, a wrong certificate, an address that is none.

    A connection that breaks, or a time-out while waiting for the answer, leaves it open. `error` is requests' or
    urllib3's.
    """
    causes = list(_causes(error))
    # An answer with headers that contradict each other: requests calls that by the name of a wrong header of ours.
    if any(isinstance(cause, InvalidHeader) for cause in causes):
        return False
    return isinstance(error, requests.ConnectTimeout | ConnectTimeoutError | ValueError) or any(
        isinstance(cause, NewConnectionError | ssl.SSLCertVerificationError) for cause in causes
    )


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__
