"""Money is a whole number of minor units (centimes) with its currency."""

from dataclasses import dataclass
from enum import StrEnum


class Currency(StrEnum):
    """ISO 4217 codes the service speaks."""

    MAD = "MAD"
    EUR = "EUR"


@dataclass(frozen=True)
class Money:
    """An amount in minor units (centimes) of one currency."""

    minor: int
    currency: Currency = Currency.MAD

    @classmethod
    def of(cls, major: int, currency: Currency = Currency.MAD) -> "Money":
        """Return `major` whole dirhams or euros."""
        return cls(major * 100, currency)

    @property
    def major(self) -> int:
        """Whole units, rounded down: what a two-inch screen has room for."""
        return self.minor // 100
