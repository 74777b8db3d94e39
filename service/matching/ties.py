"""Of all optima, the one that comes first by row, then by column."""

from bisect import bisect_right
from collections.abc import Collection, Iterator
from itertools import cycle

import numpy as np

from service.matching.face import Face
from service.matching.network import Network
from service.matching.problem import Flags, Ints

# Looks at a pair or a node, about half a minute in all. Reached only when very many pairs tie in a tangled way.
MOST_STEPS = 50_000_000
NO_PAIR = -1

Arc = tuple[int, int, int]  # of the residual network: from node, to node, the pair it stands for (or NO_PAIR)


def settle_ties(net: Network, face: Face, used: Flags, most_steps: int = MOST_STEPS) -> Flags:
    """Return the optimum that takes the first free pair (by row, then column) if any optimum does, then the next, ….

    So it is one definite choice whichever optimum `used` is. Work ends after `most_steps`: pairs not settled by then
    stay as some optimum that begins with what was settled.
    """
    chosen = used.copy()
    if face.free.size:
        chosen[face.free] = _settled(_Residual(net, face, used), most_steps)
    return chosen


def _settled(left: "_Residual", most_steps: int) -> list[bool]:
    """Decide each pair once, in order: a pair is taken if a way leads from its partner back to its need."""
    for pair in range(len(left.rows)):
        if not left.used[pair]:
            way = _way_back(left, pair)
            if way:
                left.turn(pair, way)
        if left.looked > most_steps:
            break
    return left.used


class _Residual:
    """What the tied pairs still allow: needs are nodes 0…, partners follow, and the hub (source and sink) is last.

    `part` says which nodes may share a cycle. A set that no arc leaves (or enters) stays so for ever, because decided
    pairs only take arcs away and turning a cycle stays inside; so each vain search splits its part for good.
    """

    def __init__(self, net: Network, face: Face, used: Flags) -> None:
        needs, partners = net.need_slots.size, net.partner_slots.size
        rows, cols = net.rows[face.free].astype(np.int64), needs + net.cols[face.free].astype(np.int64)
        self.needs, self.hub = needs, needs + partners
        self.rows: list[int] = rows.tolist()
        self.cols: list[int] = cols.tolist()
        self.used: list[bool] = used[face.free].tolist()
        self.pairs = _grouped(np.concatenate([rows, cols]), self.hub)
        self.held = [{pair for pair in pairs if self.used[pair]} for pairs in self.pairs]
        # Units each node can still take from the hub, and give back to it, within the optimum.
        shown = np.bincount(net.rows[used], minlength=needs)
        taken = np.bincount(net.cols[used], minlength=partners)
        self.from_hub: list[int] = np.concatenate([face.need_high - shown, taken - face.partner_low]).tolist()
        self.to_hub: list[int] = np.concatenate([shown - face.need_low, face.partner_high - taken]).tolist()
        near = [node for node, pairs in enumerate(self.pairs) if pairs]
        self.after_hub = {node for node in near if self.from_hub[node]}
        self.before_hub = {node for node in near if self.to_hub[node]}
        self.part = [0] * (self.hub + 1)
        self.parts = 1
        self.looked = 0

    def split(self, nodes: Collection[int]) -> None:
        """Set nodes apart that no cycle joins with the rest."""
        for node in nodes:
            self.part[node] = self.parts
        self.parts += 1
        if self.hub in nodes:
            self.after_hub.intersection_update(nodes)
            self.before_hub.intersection_update(nodes)
        else:
            self.after_hub.difference_update(nodes)
            self.before_hub.difference_update(nodes)

    def arcs(self, node: int, after: int, *, leaving: bool) -> Iterator[tuple[int, int]]:
        """Yield (other node, pair or NO_PAIR) of the arcs leaving, or entering, a node over pairs past `after`."""
        if node == self.hub:
            for other in self.after_hub if leaving else self.before_hub:
                self.looked += 1
                yield other, NO_PAIR
            return
        if (self.to_hub if leaving else self.from_hub)[node]:
            yield self.hub, NO_PAIR
        ends = self.cols if node < self.needs else self.rows
        # A need's units leave it over unused pairs, a partner's over used ones.
        for pair in self._unused(node, after) if leaving == (node < self.needs) else self.held[node]:
            self.looked += 1
            if pair > after:
                yield ends[pair], pair

    def _unused(self, node: int, after: int) -> Iterator[int]:
        pairs = self.pairs[node]
        for position in range(bisect_right(pairs, after), len(pairs)):
            if not self.used[pairs[position]]:
                yield pairs[position]

    def turn(self, pair: int, way: list[Arc]) -> None:
        """Push one unit around the cycle: over the pair itself, then the way back."""
        self._flip(pair)
        for tail, head, crossed in way:
            if crossed != NO_PAIR:
                self._flip(crossed)
            elif head == self.hub:
                self._move_unit(tail, 1)
            else:
                self._move_unit(head, -1)

    def _flip(self, pair: int) -> None:
        self.used[pair] = not self.used[pair]
        self.held[self.rows[pair]] ^= {pair}
        self.held[self.cols[pair]] ^= {pair}

    def _move_unit(self, node: int, back: int) -> None:
        """Give one unit back to the hub (1), or take one from it (-1)."""
        self.to_hub[node] -= back
        self.from_hub[node] += back
        for units, near in ((self.to_hub, self.before_hub), (self.from_hub, self.after_hub)):
            if units[node]:
                near.add(node)
            else:
                near.discard(node)


def _grouped(ends: Ints, length: int) -> list[list[int]]:
    """Return for each node the pairs it is an end of, rising; `ends` are the needs of all pairs, then the partners."""
    order = (np.argsort(ends, kind="stable") % (ends.size // 2)).tolist()
    bounds = np.concatenate([[0], np.cumsum(np.bincount(ends, minlength=length))]).tolist()
    return [order[bounds[end] : bounds[end + 1]] for end in range(length)]


def _way_back(left: _Residual, pair: int) -> list[Arc]:
    """Return the arcs from the pair's partner back to its need; none when there is no way.

    Looks from both ends by turns, so a vain search costs no more than twice the smaller of the two parts it splits.
    """
    if left.part[left.cols[pair]] != left.part[left.rows[pair]]:
        return []
    ahead = _Search(left, left.cols[pair], pair, leaving=True)
    behind = _Search(left, left.rows[pair], pair, leaving=False)
    for search, other in cycle(((ahead, behind), (behind, ahead))):
        node = next(search.found, None)
        if node is None:
            left.split(search.came)
            return []
        if node in other.came:
            return ahead.way(node)[::-1] + behind.way(node)
    raise AssertionError("cycle() never ends")


class _Search:
    """Nodes that can be reached from a start, or that can reach it, nearest first."""

    def __init__(self, left: _Residual, start: int, after: int, *, leaving: bool) -> None:
        self.came: dict[int, Arc | None] = {start: None}
        self.found = self._nodes(left, start, after, leaving=leaving)

    def _nodes(self, left: _Residual, start: int, after: int, *, leaving: bool) -> Iterator[int]:
        queue = [start]
        for node in queue:
            for other, pair in left.arcs(node, after, leaving=leaving):
                if other not in self.came and left.part[other] == left.part[start]:
                    self.came[other] = (node, other, pair) if leaving else (other, node, pair)
                    queue.append(other)
                    yield other

    def way(self, node: int) -> list[Arc]:
        """Return the arcs between a found node and the start, from the node's end."""
        arcs = []
        arc = self.came[node]
        while arc is not None:
            arcs.append(arc)
            node = arc[0] if node == arc[1] else arc[1]
            arc = self.came[node]
        return arcs
