"""Africa's Talking, through its official SDK."""

from collections.abc import Sequence
from typing import Any

import requests
from africastalking.SMS import SMSService

from service.gateways.africastalking.answers import read_answer, read_failure
from service.gateways.africastalking.codes import RECEIPT
from service.gateways.base import Outcome, Outgoing, Sent
from service.settings import Settings

__all__ = ["RECEIPT", "AfricasTalkingGateway"]

VERSION = "/version1"
TIMEOUT_S = (3.05, 15.0)  # to connect, and between two bytes of the answer


class AfricasTalkingGateway:
    """Sends each text in a request of its own. The API knows no idempotency key: what is in doubt is not sent again."""

    name = "africastalking"
    repeatable = False
    bulk = 1
    connections = 1

    def __init__(self, settings: Settings, timeout: tuple[float, float] = TIMEOUT_S) -> None:
        """Take the account from the settings; `timeout` is seconds to connect and to wait for each byte."""
        self._service = _Service(settings.at_username, settings.at_api_key)
        if settings.at_base_url:
            self._service._baseUrl = settings.at_base_url.rstrip("/").removesuffix(VERSION) + VERSION  # noqa: SLF001  # the SDK has no other way
        self._sender = settings.at_sender or None
        self._timeout = timeout

    def send(self, batch: Sequence[Outgoing]) -> list[Sent]:
        """Send each, and tell what became of each, in the same order."""
        return [self._send(message) for message in batch]

    def _send(self, message: Outgoing) -> Sent:
        try:
            response = self._service.send(message.text, [message.phone], sender_id=self._sender, timeout=self._timeout)
        except requests.RequestException as error:
            return read_failure(error)
        except ValueError:
            # The SDK's own look at the number, before anything leaves.
            return Sent(Outcome.REFUSED, reason="not a phone number")
        return read_answer(response, message.phone)


class _Service(SMSService):  # type: ignore[misc]  # the SDK has no types
    """The SDK builds the request, but gives back the whole answer.

    Its own way loses the status of what is not 2xx, reads JSON only under one exact content type, and follows
    redirects, which turn a POST into a GET. A connection for each request, as in the SDK: a kept one that the other
    side has just closed fails like a request that was lost half-way.
    """

    def _make_request(
        self,
        url: str,
        method: str,
        headers: Any,
        data: Any,
        params: Any,
        callback: None = None,
        timeout: Any = TIMEOUT_S,
    ) -> requests.Response:
        del callback  # always None here: with one, the SDK would answer from a thread and swallow errors
        return requests.request(
            method, url, headers=headers, data=data, params=params, timeout=timeout, allow_redirects=False
        )
