"""How well a need and an association fit: seven parts, each 0 to 1, and their weighted sum."""

from collections.abc import Callable
from dataclasses import astuple, dataclass

import numpy as np

from service.matching.problem import Floats, Ints
from service.matching.ragged import spread
from service.matching.sides import Level, Needs, Partners

CLOSENESS = {
    Level.COMMUNE: 1.0,
    Level.CERCLE: 0.8,
    Level.PROVINCE: 0.6,
    Level.REGION: 0.35,
    Level.COUNTRY: 0.1,
}
MOST_STRENGTH = 3
MOST_URGENCY = 3
WAITING_SATURATES = 60  # days
USEFUL_SHARE = 0.2
RECORD_TRIALS = 4  # a newcomer's record moves half-way from the mean of all after as many closed cases
LOWEST_SCORE = 1e-9  # an eligible pair is never lost for a score of nothing


@dataclass(frozen=True)
class Weights:
    """How much each part counts; none negative, together 1. Raises `ValueError` otherwise."""

    origin: float = 0.30
    sector: float = 0.20
    size: float = 0.15
    urgency: float = 0.10
    waiting: float = 0.15
    record: float = 0.05
    evidence: float = 0.05

    def __post_init__(self) -> None:
        if any(weight < 0 for weight in astuple(self)):
            raise ValueError("weights: none may be negative")
        if not np.isclose(sum(astuple(self)), 1.0, rtol=0, atol=1e-9):
            raise ValueError("weights: together they must be 1")


def score(needs: Needs, partners: Partners, weights: Weights, rows: Ints, cols: Ints) -> Floats:
    """Return the score of each pair (needs[rows[k]], partners[cols[k]]), above 0 and at most 1, float64."""
    total = np.zeros(rows.size)
    for name, part in PARTS.items():
        total += getattr(weights, name) * part(needs, partners, rows, cols)
    return np.clip(total, LOWEST_SCORE, 1.0, out=total)


def origin_part(needs: Needs, partners: Partners, rows: Ints, cols: Ints) -> Floats:
    """Return the closeness of the association's closest tie to the need's commune, 0 without any tie."""
    values = np.array([CLOSENESS[level] for level in Level] + [0.0])
    return values[closest_level(needs, partners, rows, cols)]


def closest_level(needs: Needs, partners: Partners, rows: Ints, cols: Ints) -> Ints:
    """Return the `Level` of the closest tie of each pair, one more than COUNTRY without any tie.

    Fills a table of one byte a (commune that has needs, association): 31 MB for all of Morocco and 20,000
    associations, and then the pairs only look up.
    """
    communes, first, commune_of = np.unique(needs.commune, return_index=True, return_inverse=True)
    samples = needs.at(first)
    table = np.full((communes.size, partners.slots.size), len(Level), dtype=np.uint8)
    for level in reversed(Level):
        partner, place = partners.ties(level)
        tie, commune = same_key(place, samples.places(level))
        table[commune, partner[tie]] = level
    return table[commune_of[rows], cols].astype(np.int64)


def same_key(left: Ints, right: Ints) -> tuple[Ints, Ints]:
    """Return all (position in left, position in right) with equal keys, by left and then as right is ordered."""
    order = np.argsort(right, kind="stable")
    begins = np.searchsorted(right, left, side="left", sorter=order)
    counts = np.searchsorted(right, left, side="right", sorter=order) - begins
    return np.repeat(np.arange(left.size), counts), order[spread(begins, counts)]


def sector_part(needs: Needs, partners: Partners, rows: Ints, cols: Ints) -> Floats:
    """Return the declared strength of interest in the need's sector, of 3; 0 when it is not accepted."""
    interests = partners.interests
    sectors = 1 + max(needs.sector.max(initial=0), interests.sector.max(initial=0))
    table = np.zeros((sectors, partners.slots.size))
    np.maximum.at(table, (interests.sector, interests.partner), interests.strength / MOST_STRENGTH)
    strengths: Floats = table[needs.sector[rows], cols]
    return strengths


def size_part(needs: Needs, partners: Partners, rows: Ints, cols: Ints) -> Floats:
    """Return 1 where the association can give a fifth of the open amount or more, and the need is worth its while.

    Falls on both sides: in proportion below that fifth, and in proportion when the whole open amount is less than a
    fifth of what the association can still give, so large means are kept for large needs. 0 when nothing is open.
    """
    amount = needs.open_amount[rows].astype(np.float64)
    left = partners.capacity_left[cols].astype(np.float64)
    useful = (amount > 0) & (left > 0)
    ratio = np.divide(left, amount, out=np.ones_like(left), where=useful)
    fit = np.minimum(ratio / USEFUL_SHARE, 1 / (ratio * USEFUL_SHARE))
    return np.where(useful, np.minimum(fit, 1.0), 0.0)


def urgency_part(needs: Needs, _: Partners, rows: Ints, __: Ints) -> Floats:
    """Return the coordinator's class, of 3."""
    return (needs.urgency / MOST_URGENCY)[rows]


def waiting_part(needs: Needs, _: Partners, rows: Ints, __: Ints) -> Floats:
    """Return the days without a proposal, of 60 and not above 1."""
    return np.minimum(needs.waiting_days / WAITING_SATURATES, 1.0)[rows]


def record_part(_: Needs, partners: Partners, __: Ints, cols: Ints) -> Floats:
    """Return the share of proposals answered and pledges kept, drawn towards the mean of all (Bayesian mean).

    A newcomer has exactly the mean; when nobody has a record yet, everyone has 1/2.
    """
    good, all_cases = partners.answered + partners.kept, partners.proposed + partners.pledged
    mean = good.sum() / all_cases.sum() if all_cases.any() else 0.5
    record: Floats = (good + RECORD_TRIALS * mean) / (all_cases + RECORD_TRIALS)
    return record[cols]


def evidence_part(needs: Needs, _: Partners, rows: Ints, __: Ints) -> Floats:
    """Return the census signal of the need's commune for its sector."""
    return np.clip(needs.evidence, 0.0, 1.0)[rows]


PARTS: dict[str, Callable[[Needs, Partners, Ints, Ints], Floats]] = {
    "origin": origin_part,
    "sector": sector_part,
    "size": size_part,
    "urgency": urgency_part,
    "waiting": waiting_part,
    "record": record_part,
    "evidence": evidence_part,
}
