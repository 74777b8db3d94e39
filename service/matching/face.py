"""All optima at once: proves that a choice is optimal and finds what may still change without losing anything.

Distances in the residual network of an optimum are prices. A pair whose price is off is taken by every optimum or by
none; only the others, and of those only the ones on a cycle, are tied.
"""

from dataclasses import dataclass

import numpy as np
import scipy.sparse
from scipy.sparse.csgraph import connected_components

from service.matching.network import Network
from service.matching.problem import Flags, Ints
from service.matching.ragged import spread

FAR = np.int64(2**62)
CHUNK = 2**18  # pairs looked at together: few enough for the processor's cache


@dataclass(frozen=True)
class Face:
    """The optima: the choice may differ in `free` pairs while each side's number of proposals stays in its bounds."""

    free: Ints  # positions of pairs in the network, rising
    need_low: Ints
    need_high: Ints
    partner_low: Ints
    partner_high: Ints


def optimal_face(net: Network, used: Flags) -> Face | None:
    """Return the set of all optima of the integer problem, or None when `used` (pairs,) is not one of them."""
    shown = np.bincount(net.rows[used], minlength=net.need_slots.size)
    taken = np.bincount(net.cols[used], minlength=net.partner_slots.size)
    prices = _distances(net, used, shown, taken)
    if prices is None:
        return None
    need, partner = prices
    first, further, open_ended = need == -net.bonus, need == 0, partner == 0
    bounds = (
        np.where(first, 0, np.where(further, 1, shown)),
        np.where(further, net.need_slots, np.where(first, 1, shown)),
        np.where(open_ended, 0, taken),
        np.where(open_ended, net.partner_slots, taken),
    )
    tied = np.flatnonzero(need[net.rows] - net.gain == partner[net.cols])
    return Face(_on_cycles(net, used, tied, (shown, taken), bounds), *bounds)


def _distances(net: Network, used: Flags, shown: Ints, taken: Ints) -> tuple[Ints, Ints] | None:
    """Return the cheapest residual way from the hub (source and sink in one) to each need and each partner.

    Bellman-Ford, looking again only at needs whose distance has just fallen. None means a negative cycle.
    """
    need = np.where(shown == 0, -net.bonus, np.where(shown < net.need_slots, 0, FAR))
    partner = np.where(taken > 0, 0, FAR)
    gain = net.gain.copy()
    gain[used] = -FAR // 2  # no unit goes over a used pair again
    rows, cols, back = net.rows[used], net.cols[used], net.gain[used]
    moved = np.arange(need.size)
    for _ in range(need.size + partner.size + 1):
        _reach_partners(net, gain, need, partner, moved)
        before = need.copy()
        np.minimum.at(need, rows, partner[cols] + back)
        moved = np.flatnonzero(need < before)
        if not moved.size:
            return (need, partner) if _closes(net, need, partner, shown, taken) else None
    return None


def _reach_partners(net: Network, gain: Ints, need: Ints, partner: Ints, moved: Ints) -> None:
    """Lower the partners' distances, in place, by what the moved needs now offer."""
    counts = net.begins[moved + 1] - net.begins[moved]
    cuts = np.searchsorted(np.cumsum(counts), np.arange(CHUNK, counts.sum(), CHUNK))
    for some in np.split(np.arange(moved.size), cuts):
        pairs = spread(net.begins[moved[some]], counts[some])
        np.minimum.at(partner, net.cols[pairs], np.repeat(need[moved[some]], counts[some]) - gain[pairs])


def _closes(net: Network, need: Ints, partner: Ints, shown: Ints, taken: Ints) -> bool:
    """Tell whether no way back to the hub has a negative length, which would be a gain left lying."""
    giving_up = np.where(shown == 1, net.bonus, 0)
    gains_by_less = (shown > 0) & (need + giving_up < 0)
    gains_by_more = (taken < net.partner_slots) & (partner < 0)
    return not gains_by_less.any() and not gains_by_more.any()


def _on_cycles(
    net: Network, used: Flags, tied: Ints, counts: tuple[Ints, Ints], bounds: tuple[Ints, Ints, Ints, Ints]
) -> Ints:
    """Keep the tied pairs that lie on a residual cycle of length 0: those inside one strongly connected part."""
    needs, partners = net.need_slots.size, net.partner_slots.size
    hub = needs + partners
    rows, cols, use = net.rows[tied], needs + net.cols[tied], used[tied]
    need_low, need_high, partner_low, partner_high = bounds
    less = np.concatenate([counts[0] > need_low, counts[1] < partner_high])
    more = np.concatenate([counts[0] < need_high, counts[1] > partner_low])
    to_hub, from_hub = np.flatnonzero(less), np.flatnonzero(more)
    tails = np.concatenate([np.where(use, cols, rows), to_hub, np.full(from_hub.size, hub)])
    heads = np.concatenate([np.where(use, rows, cols), np.full(to_hub.size, hub), from_hub])
    arcs = scipy.sparse.coo_array((np.ones(tails.size, np.int8), (tails, heads)), shape=(hub + 1, hub + 1))
    part = connected_components(arcs, directed=True, connection="strong")[1]
    inside: Ints = tied[part[rows] == part[cols]]
    return inside
