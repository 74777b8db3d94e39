"""What Africa's Talking posts to the service's hooks: delivery receipts and opt-outs."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import requests

from tests.peers.africastalking.ledger import Accepted

TIMEOUT_S = 10.0
STATUSES = ("Sent", "Submitted", "Buffered", "Success", "Failed", "Rejected", "AbsentSubscriber", "Expired")
FAILED = frozenset({"Failed", "Rejected"})  # that tell a reason


@dataclass(frozen=True)
class Carrier:
    """Posts to the hooks under an address such as `http://127.0.0.1:8000/hooks/africastalking/TOKEN`."""

    hooks: str

    def tell(self, message_id: str, phone: str, status: str, reason: str = "DeliveryFailure") -> int:
        """Send one receipt; return the HTTP status that it got."""
        form = {"id": message_id, "phoneNumber": phone, "status": status, "networkCode": "60401", "retryCount": "0"}
        return self._post("receipt", form | ({"failureReason": reason} if status in FAILED else {}))

    def tell_all(
        self, lines: Iterable[Accepted], statuses: Sequence[str], *, copies: int = 1, seed: int | None = None
    ) -> list[int]:
        """Send each status of each line so many times, shuffled under a seed; return the HTTP statuses."""
        receipts = [(line, status) for line in lines for status in statuses for _ in range(copies)]
        if seed is not None:
            random.Random(seed).shuffle(receipts)  # noqa: S311  # the same order again for the same seed
        return [self.tell(line.message_id, line.phone, status) for line, status in receipts]

    def opt_out(self, phone: str, sender: str = "Tiwizi") -> int:
        """Tell that a person wants nothing more from a sender; return the HTTP status that it got."""
        return self._post("opt-out", {"phoneNumber": phone, "senderId": sender})

    def _post(self, hook: str, form: dict[str, str]) -> int:
        return requests.post(f"{self.hooks}/{hook}", data=form, timeout=TIMEOUT_S).status_code
