"""Which pairs are eligible, found through an index on place and sector instead of looking at all pairs."""

import numpy as np

from service.matching.problem import Ints
from service.matching.ragged import spread
from service.matching.scoring import same_key
from service.matching.sides import Level, Needs, Partners

Pairs = tuple[Ints, Ints]


def candidates(needs: Needs, partners: Partners, blocked: Pairs) -> Pairs:
    """Return (rows, cols) of all eligible pairs, sorted by row then column, each once; none is pruned.

    Eligible: the association accepts the sector, has a tie to the need's place at some level (see `Origins`), has a
    slot free and something left to give, and the pair is not `blocked` (rows, cols: declined, expired, blocked).
    """
    rows, cols = accepting(needs, partners)
    open_now = available(partners)[cols]
    return without(rows[open_now], cols[open_now], blocked, partners.slots.size)


def available(partners: Partners) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Tell of each association whether it can take a proposal now: a slot free and capacity left."""
    free: np.ndarray[tuple[int], np.dtype[np.bool_]] = (partners.slots > 0) & (partners.capacity_left > 0)
    return free


def accepting(needs: Needs, partners: Partners) -> Pairs:
    """Return (rows, cols) of the pairs where sector and place fit, sorted by row then column, each once.

    Needs of one commune and sector share their associations, so these are sought once a (commune, sector).
    """
    sectors = 1 + max(needs.sector.max(initial=0), partners.interests.sector.max(initial=0))
    _, first, kind_of = np.unique(needs.commune * sectors + needs.sector, return_index=True, return_inverse=True)
    kind, partner = _accepting_kinds(needs.at(first), partners, sectors)
    begins = np.searchsorted(kind, kind_of)
    counts = np.searchsorted(kind, kind_of, side="right") - begins
    return np.repeat(np.arange(needs.commune.size), counts), partner[spread(begins, counts)]


def _accepting_kinds(kinds: Needs, partners: Partners, sectors: int) -> Pairs:
    interests, size = partners.interests, max(1, partners.slots.size)
    found = [np.empty(0, dtype=np.int64)]
    for level in Level:
        partner, place = partners.ties(level)
        # An association's ties times its interests: what it would hear of, as (place, sector).
        tie, interest = same_key(partner, interests.partner)
        heard = place[tie] * sectors + interests.sector[interest]
        entry, kind = same_key(heard, kinds.places(level) * sectors + kinds.sector)
        found.append(kind * size + partner[tie][entry])
    keys = np.unique(np.concatenate(found))
    return keys // size, keys % size


def without(rows: Ints, cols: Ints, blocked: Pairs, partners: int) -> Pairs:
    """Return the pairs, sorted by row then column, that are not among the blocked ones; `partners` is their number."""
    keys, barred = rows * partners + cols, blocked[0] * partners + blocked[1]
    places = np.searchsorted(keys, barred)
    inside = places < keys.size
    hits = places[inside][keys[places[inside]] == barred[inside]]
    keep = np.ones(keys.size, dtype=np.bool_)
    keep[hits] = False
    return rows[keep], cols[keep]
