"""The contract of every gateway."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Protocol, runtime_checkable


@dataclass(frozen=True)
class Outgoing:
    """One text to one phone. `id` is ours; a gateway that knows idempotent sends passes it on.

    `life` is for how many seconds it is worth sending, for gateways that keep it.
    """

    id: str
    phone: str
    text: str
    life: int = 86_400


class Outcome(StrEnum):
    """What became of a send: `refused` surely did not leave, `retry` neither but may later, `unknown` may have left."""

    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    REFUSED = "refused"
    RETRY = "retry"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Sent:
    """The outcome for one `Outgoing`, in the gateway's words where it gave any; `cost` too, as `KES 0.8000`."""

    outcome: Outcome
    provider_id: str | None = None
    reason: str = ""
    cost: str = ""


class Gateway(Protocol):
    """Carries texts to phones. Never raises for what a carrier may do: that is an `Outcome`.

    `repeatable` tells that an `Outgoing.id` sent again is carried once: what is in doubt may simply be sent again.
    `bulk` is how many phones a call can carry, all with the same text; `connections` how many calls may run at once.
    """

    name: str
    repeatable: bool
    bulk: int
    connections: int

    def send(self, batch: Sequence[Outgoing]) -> list[Sent]:
        """Send one text to `bulk` phones at most, and tell what became of each, in the same order; from any thread."""
        ...


@dataclass(frozen=True)
class Balance:
    """The credit of an account in its own currency (ISO 4217); `amount` in ten-thousandths, below 0 when overdrawn."""

    currency: str
    amount: int

    @property
    def units(self) -> Decimal:
        """The same in units of the currency, to the last ten-thousandth."""
        return Decimal(self.amount).scaleb(-4)

    def __str__(self) -> str:
        """Write it for operators, as `KES 1785.5000`."""
        return f"{self.currency} {self.units}"


class NoBalanceError(Exception):
    """How much credit there is cannot be told now; the text says why."""


@runtime_checkable
class Account(Protocol):
    """What a `Gateway` is besides when its texts are paid from credit that its provider holds."""

    name: str

    def balance(self) -> Balance:
        """Ask the provider. Raises NoBalanceError, and nothing else, when it does not answer or not as it should."""
        ...
