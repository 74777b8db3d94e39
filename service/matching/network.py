"""The problem in whole numbers, and its optimum by min-cost flow."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from ortools.graph.python.min_cost_flow import SimpleMinCostFlow

from service.matching.problem import Flags, Floats, Ints, Problem

Nodes = npt.NDArray[np.int32]

# A float score near 1 has no digits beyond this; rounding here also hides the last-bit noise of summed weights.
MOST_DIGITS = 15


@dataclass(frozen=True)
class Network:
    """The pairs whose two sides both have a slot, in row-major order, with integer gains.

    `position` is each pair's place in `score.data`. Slots are capped by the number of pairs of that side, which
    changes no answer and keeps every sum far from overflow.
    """

    position: Ints
    rows: Nodes
    cols: Nodes
    begins: Ints  # the pairs of need i are begins[i] … begins[i + 1] - 1
    need_slots: Ints
    partner_slots: Ints
    gain: Ints
    bonus: Ints


def network(problem: Problem, digits: int) -> Network:
    """Return the problem with scores and bonuses rounded to `digits` decimal digits (before the point when < 0)."""
    needs = np.arange(problem.need_slots.size, dtype=np.int32)
    rows = np.repeat(needs, np.diff(problem.score.indptr))
    cols = problem.score.indices.astype(np.int32, copy=False)
    position = np.flatnonzero((problem.need_slots > 0)[rows] & (problem.partner_slots > 0)[cols])
    if position.size < rows.size:
        rows, cols = rows[position], cols[position]
    return Network(
        position=position,
        rows=rows,
        cols=cols,
        begins=np.searchsorted(rows, np.arange(needs.size + 1)),
        need_slots=_capped(problem.need_slots, rows),
        partner_slots=_capped(problem.partner_slots, cols),
        gain=_rounded(problem.score.data[position], digits),
        bonus=_rounded(problem.bonus, digits),
    )


def _capped(slots: npt.NDArray[np.integer], ends: Nodes) -> Ints:
    capped: Ints = np.minimum(slots, np.bincount(ends, minlength=slots.size)).astype(np.int64)
    return capped


def _rounded(values: Floats, digits: int) -> Ints:
    """Return the values in units of 10**-digits; the whole part is scaled exactly, in integers."""
    if digits < 0:
        whole, part = np.zeros(values.size, dtype=np.int64), values / 10.0**-digits
    else:
        fraction, floor = np.modf(values)
        whole, part = floor.astype(np.int64) * 10**digits, fraction * 10.0**digits
    rounded: Ints = whole + np.rint(part).astype(np.int64)
    return rounded


def finest_digits(problem: Problem) -> int:
    """Return how many decimal digits of the scores the solver's 64-bit arithmetic can keep.

    OR-tools multiplies each cost by its number of nodes plus one and wants twice that in int64; it adds two nodes to
    our needs + partners + 2. A path of the residual network adds costs up, so a quarter of that range is left free.
    """
    nodes = sum(problem.score.shape) + 4
    largest = math.ceil(max(1.0, float(problem.bonus.max(initial=0))))
    whole, room = 4 * 2 * (nodes + 1) * largest, 2**63 - 1
    return min(MOST_DIGITS, len(str(room // whole)) - 1) if whole <= room else -len(str(whole // room))


def best_flow(net: Network) -> Flags | None:
    """Return which pairs an optimum of the integer problem uses, or None when its costs overflow the solver.

    Source -> need (the first unit earns the bonus) -> partner -> sink; a free arc beside them carries what stays
    unproposed, so nobody is forced on anybody.
    """
    needs, partners, pairs = net.need_slots.size, net.partner_slots.size, net.rows.size
    source, sink = needs + partners, needs + partners + 1
    first, last = np.arange(needs), np.arange(needs, needs + partners)
    most = int(min(net.need_slots.sum(), net.partner_slots.sum()))
    flow = SimpleMinCostFlow()
    _add(flow, net.rows, net.cols + np.int32(needs), 1, -net.gain)
    _add(flow, np.full(needs, source), first, np.minimum(net.need_slots, 1), -net.bonus)
    _add(flow, np.full(needs, source), first, np.maximum(net.need_slots - 1, 0), 0)
    _add(flow, last, np.full(partners, sink), net.partner_slots, 0)
    flow.add_arc_with_capacity_and_unit_cost(source, sink, most, 0)
    flow.set_node_supply(source, most)
    flow.set_node_supply(sink, -most)
    if flow.solve() != flow.OPTIMAL:
        return None
    used: Flags = flow.flows(np.arange(pairs, dtype=np.int32)).astype(np.bool_)
    return used


def _add(
    flow: SimpleMinCostFlow, tails: Nodes | Ints, heads: Nodes | Ints, capacity: Ints | int, cost: Ints | int
) -> None:
    shape = tails.shape
    flow.add_arcs_with_capacity_and_unit_cost(
        tails.astype(np.int32, copy=False),
        heads.astype(np.int32, copy=False),
        np.broadcast_to(np.asarray(capacity, dtype=np.int64), shape),
        np.broadcast_to(np.asarray(cost, dtype=np.int64), shape),
    )
