"""The money of a project: who gives what, and the accounts it goes through. Nothing is moved here, only noted.

Every entry takes an amount from one account of a contribution and puts it into another, so the accounts of a
contribution always add up to nothing, whatever was entered. Nothing is changed or deleted: what was wrong is entered
back.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from service.domain.errors import MoveError
from service.domain.money import Money
from service.domain.sectors import Sector


class Source(StrEnum):
    """Where a contribution comes from."""

    VILLAGE_CASH = "village_cash"
    VILLAGE_LABOUR = "village_labour"
    VILLAGE_MATERIALS = "village_materials"
    VILLAGE_LAND = "village_land"
    DIASPORA = "diaspora"
    COMMUNE = "commune"
    PROVINCE = "province"
    STATE_PROGRAMME = "state_programme"
    OTHER = "other"


class Account(StrEnum):
    """Where an amount of a contribution stands: with its giver, promised, confirmed, or received by the village."""

    GIVER = "giver"
    PROMISED = "promised"
    CONFIRMED = "confirmed"
    RECEIVED = "received"


class Posting(StrEnum):
    """Why an entry was made."""

    PROMISE = "promise"
    CONFIRM = "confirm"
    RECEIVE = "receive"
    RELEASE = "release"
    CORRECTION = "correction"


class ArrivalState(StrEnum):
    """What the village says arrived: declared by one officer, confirmed by a second, or counted otherwise."""

    DECLARED = "declared"
    CONFIRMED = "confirmed"
    DIFFERENT = "different"
    WITHDRAWN = "withdrawn"


VILLAGE_SOURCES = frozenset({Source.VILLAGE_CASH, Source.VILLAGE_LABOUR, Source.VILLAGE_MATERIALS, Source.VILLAGE_LAND})
# What a village gives where it is built: nobody hands it over, so nobody counts what arrives of it.
ON_SITE = frozenset({Source.VILLAGE_LABOUR, Source.VILLAGE_MATERIALS, Source.VILLAGE_LAND})
INSTITUTIONS = frozenset({Source.COMMUNE, Source.PROVINCE, Source.STATE_PROGRAMME, Source.OTHER})
# Which accounts a posting takes from, as far as each has something, and where it puts it. Of more than was confirmed,
# what arrives was promised at least, and what was not even promised is promised by arriving.
WAYS: Mapping[Posting, tuple[tuple[Account, ...], Account]] = {
    Posting.PROMISE: ((Account.GIVER,), Account.PROMISED),
    Posting.CONFIRM: ((Account.PROMISED,), Account.CONFIRMED),
    Posting.RECEIVE: ((Account.CONFIRMED, Account.PROMISED, Account.GIVER), Account.RECEIVED),
    Posting.RELEASE: ((Account.PROMISED, Account.CONFIRMED), Account.GIVER),
}
RATE_UNIT = 10_000  # a rate is in ten-thousandths of a dirham
# What a euro is taken to be worth until a coordinator sets a day's rate: the order of Bank Al-Maghrib's reference rate
# of 2025-2026 (10.5 to 10.9 DH), rounded.
SEED_RATE, SEED_DAY, SEED_SOURCE = 108_000, date(2026, 1, 1), "seed"
LOWEST_RATE, HIGHEST_RATE = 1 * RATE_UNIT, 100 * RATE_UNIT


@dataclass(frozen=True)
class Rate:
    """What one unit of a currency is worth, in ten-thousandths of a dirham, and the day it is of."""

    rate: int
    day: date


@dataclass(frozen=True)
class Amount:
    """An amount as it was said, and its worth: `dirhams` in centimes, rounded once (half to even) at its rate."""

    said: Money
    rate: Rate
    dirhams: int

    @classmethod
    def at(cls, said: Money, rate: Rate) -> "Amount":
        """Return what was said with its worth at a rate."""
        return cls(said, rate, worth(said.minor, rate.rate))

    @classmethod
    def of(cls, dirhams: int, day: date) -> "Amount":
        """Return an amount of centimes of a dirham."""
        return cls(Money(dirhams), Rate(RATE_UNIT, day), dirhams)


@dataclass(frozen=True)
class Step:
    """What goes from one account into another: centimes of a dirham, and its part of what was said (minor units)."""

    out_of: Account
    into: Account
    minor: int
    dirhams: int


@dataclass(frozen=True)
class Columns:
    """What people see of a contribution or a project, in centimes of a dirham; received <= confirmed <= promised."""

    promised: int = 0
    confirmed: int = 0
    received: int = 0

    def __add__(self, other: "Columns") -> "Columns":
        """Return both together."""
        return Columns(self.promised + other.promised, self.confirmed + other.confirmed, self.received + other.received)

    @property
    def outstanding(self) -> int:
        """What is promised and has not arrived."""
        return self.promised - self.received


def worth(minor: int, rate: int) -> int:
    """Return minor units at a rate as centimes of a dirham, rounded half to even."""
    whole, rest = divmod(minor * rate, RATE_UNIT)
    return whole + (2 * rest > RATE_UNIT or (2 * rest == RATE_UNIT and whole % 2))


def held(moves: Iterable[tuple[Account, Account, int]]) -> dict[Account, int]:
    """Return what each account holds after moves (`out_of`, `into`, centimes); together they always hold nothing."""
    holds = dict.fromkeys(Account, 0)
    for out_of, into, dirhams in moves:
        holds[out_of] -= dirhams
        holds[into] += dirhams
    return holds


def columns(holds: Mapping[Account, int]) -> Columns:
    """Return the columns of what the accounts hold: what is received was confirmed, what is confirmed was promised."""
    received = holds[Account.RECEIVED]
    confirmed = received + holds[Account.CONFIRMED]
    return Columns(confirmed + holds[Account.PROMISED], confirmed, received)


def steps(holds: Mapping[Account, int], posting: Posting, amount: Amount) -> list[Step]:
    """Return how a posting goes through the accounts. Its parts add up to the amount, as said and in dirhams.

    Raises MoveError when the accounts it takes from have less than that; a giver has whatever is given.
    """
    sources, into = WAYS[posting]
    parts: list[Step] = []
    minor, dirhams = amount.said.minor, amount.dirhams
    for source in sources:
        taken = dirhams if source is Account.GIVER else min(dirhams, holds[source])
        if taken <= 0:
            continue
        share = minor if taken == dirhams else amount.said.minor * taken // amount.dirhams
        parts.append(Step(source, into, share, taken))
        minor, dirhams = minor - share, dirhams - taken
    if dirhams or not parts:
        raise MoveError(before=posting, after=posting)
    return parts


def uncounted(source: Source, received: int) -> bool:
    """Return whether nobody counts what arrived of this: given where it is built, and nothing was noted."""
    return source in ON_SITE and not received


def may_take_back(holds: Mapping[Account, int], into: Account, dirhams: int) -> bool:
    """Tell whether an entry that put this into an account can be entered back: it must be there still."""
    return into is Account.GIVER or holds[into] >= dirhams


# What is often shared so: suggestions to begin a talk with, and never more, in percent of the cost. The idea is that of
# Mexico's 3x1 para Migrantes, where municipality, state and federation each put a peso beside the emigrants' one; the
# figures are ours.
WITH_COMMUNE: Mapping[Source, int] = {
    Source.VILLAGE_LABOUR: 20,
    Source.DIASPORA: 50,
    Source.COMMUNE: 30,
}
WITH_STATE: Mapping[Source, int] = {
    Source.VILLAGE_LABOUR: 20,
    Source.DIASPORA: 30,
    Source.COMMUNE: 20,
    Source.STATE_PROGRAMME: 30,
}
AMONG_OURSELVES: Mapping[Source, int] = {Source.VILLAGE_LABOUR: 30, Source.DIASPORA: 70}
SPLITS: Mapping[Sector, Mapping[Source, int]] = {
    Sector.WATER: WITH_COMMUNE,
    Sector.SANITATION: WITH_COMMUNE,
    Sector.ROADS: WITH_COMMUNE,
    Sector.ELECTRICITY: WITH_COMMUNE,
    Sector.EDUCATION: WITH_STATE,
    Sector.HEALTH: WITH_STATE,
    Sector.INCOME: WITH_STATE,
    Sector.IRRIGATION: AMONG_OURSELVES,
    Sector.TOURISM: AMONG_OURSELVES,
    Sector.OTHER: AMONG_OURSELVES,
}
WHOLE = 100


def suggested(sector: Sector, cost: int) -> dict[Source, int]:
    """Return how a cost (centimes) is often shared in a sector, in centimes; the parts add up to the cost."""
    parts = {source: cost * percent // WHOLE for source, percent in SPLITS[sector].items()}
    parts[Source.DIASPORA] += cost - sum(parts.values())
    return parts


def missing(cost: int, promised: int) -> int:
    """Return what nobody has promised yet of a cost (centimes)."""
    return max(0, cost - promised)
