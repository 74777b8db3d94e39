"""An Android phone with a local SIM as a gateway: capcom6's SMSGate, on the phone or through a server of one's own."""

from collections.abc import Sequence
from typing import Any

import requests

from service.gateways.android.answers import read_answer, read_failure
from service.gateways.android.api import TIMEOUT_S, Api
from service.gateways.android.codes import RECEIPT
from service.gateways.base import Outgoing, Sent
from service.settings import Settings

__all__ = ["RECEIPT", "AndroidGateway"]

# Seconds that a text waits at most for a phone without network; then the phone tells that it failed. SMSGate's public
# server takes none for a phone with one that is older.
LONGEST_LIFE = 24 * 60 * 60


class AndroidGateway:
    """Hands each text to the phone under our id, which it sends once: what is in doubt may be handed over again."""

    name = "android"
    repeatable = True
    bulk = 1
    connections = 2  # the phone itself sends one text after the other

    def __init__(self, settings: Settings, timeout: tuple[float, float] = TIMEOUT_S) -> None:
        """Take phone, account and SIM from the settings; `timeout` is seconds to connect and to wait for each byte."""
        self._api = Api(settings, timeout)
        self._sim = settings.android_sim

    def send(self, batch: Sequence[Outgoing]) -> list[Sent]:
        """Hand over each, and tell what became of each, in the same order."""
        return [self._send(message) for message in batch]

    def _send(self, message: Outgoing) -> Sent:
        try:
            response = self._api.ask("POST", "/messages", self._body(message))
        except requests.RequestException as error:
            return read_failure(error, message.id)
        return read_answer(response, message.id)

    def _body(self, message: Outgoing) -> dict[str, Any]:
        sim = {"simNumber": self._sim} if self._sim else {}
        return {
            "id": message.id,
            "phoneNumbers": [message.phone],
            "textMessage": {"text": message.text},
            "withDeliveryReport": True,
            "ttl": min(message.life, LONGEST_LIFE),
            **sim,
        }
