"""Africa's Talking, through its official SDK."""

from collections.abc import Sequence

from africastalking.Service import validate_phone
from urllib3.exceptions import HTTPError

from service.gateways.africastalking.account import read_balance
from service.gateways.africastalking.answers import read_answer, read_failure
from service.gateways.africastalking.codes import INACTIVE, RECEIPT
from service.gateways.africastalking.connections import TIMEOUT_S, KeptService
from service.gateways.base import Balance, NoBalanceError, Outcome, Outgoing, Sent
from service.settings import Settings

__all__ = ["INACTIVE", "RECEIPT", "AfricasTalkingGateway"]

NO_PHONE = Sent(Outcome.REFUSED, reason="not a phone number")


class AfricasTalkingGateway:
    """Sends one text to many phones in one request. The API knows no idempotency key: doubt is not sent again."""

    name = "africastalking"
    repeatable = False
    bulk = 100
    connections = 16

    def __init__(self, settings: Settings, timeout: tuple[float, float] = TIMEOUT_S) -> None:
        """Take the account from the settings; `timeout` is seconds to connect and to wait for each byte."""
        account = (settings.at_username, settings.at_api_key)
        self._service = KeptService(*account, settings.at_base_url, self.connections)
        self._sender = settings.at_sender or None
        self._timeout = timeout

    def send(self, batch: Sequence[Outgoing]) -> list[Sent]:
        """Send the text, and tell what became of it for each phone, in the same order."""
        # One that is no phone would make the SDK refuse the whole call.
        told = {message.id: NO_PHONE for message in batch if not validate_phone(message.phone)}
        for call in _calls([message for message in batch if message.id not in told]):
            sent = self._send(next(iter(call.values())).text, list(call))
            told |= {message.id: sent[phone] for phone, message in call.items()}
        return [told[message.id] for message in batch]

    def balance(self) -> Balance:
        """Return the account's credit. Raises NoBalanceError without an answer, or with one that tells none."""
        try:
            answer = self._service.fetch_application_data(timeout=self._timeout)
        except HTTPError as error:
            raise NoBalanceError(read_failure(error).reason) from error
        return read_balance(answer.status, answer.body)

    def _send(self, text: str, phones: list[str]) -> dict[str, Sent]:
        # Queued there, many are answered for at once; else the answer waits until the operators have taken each.
        queue = len(phones) > 1
        try:
            answer = self._service.send(text, phones, sender_id=self._sender, enqueue=queue, timeout=self._timeout)
        except HTTPError as error:
            return dict.fromkeys(phones, read_failure(error))
        return read_answer(answer.status, answer.body, phones)


def _calls(batch: Sequence[Outgoing]) -> list[dict[str, Outgoing]]:
    """Return who goes into which call, by phone: none twice in one, for the answer tells them apart by phone alone."""
    calls: list[dict[str, Outgoing]] = []
    for message in batch:
        call = next((call for call in calls if message.phone not in call), None)
        if call is None:
            calls.append(call := {})
        call[message.phone] = message
    return calls
