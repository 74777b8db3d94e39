"""Of all optima, the one that comes first by row, then by column."""

from collections.abc import Iterator

import numpy as np

from service.matching.face import Face
from service.matching.network import Network
from service.matching.problem import Flags

# Looks at a pair or a node; about three seconds. Reached only when very many pairs tie in a tangled way.
MOST_STEPS = 20_000_000

Arc = tuple[int, int]  # a residual arc: (its pair, the node it leads to); pair NO_PAIR for an arc of the hub
NO_PAIR = -1


def settle_ties(net: Network, face: Face, used: Flags, most_steps: int = MOST_STEPS) -> Flags:
    """Return the optimum that takes the first free pair (by row, then column) if any optimum does, then the next, ….

    So it is one definite choice whichever optimum `used` is. Work ends after `most_steps`: pairs not settled by then
    stay as some optimum that begins with what was settled.
    """
    chosen = used.copy()
    if face.free.size:
        settling = _Settling(net, face, used, most_steps)
        settling.run()
        chosen[face.free] = settling.used
    return chosen


class _Settling:
    """The residual network of the tied pairs: needs are nodes 0…, partners follow, the hub comes last."""

    def __init__(self, net: Network, face: Face, used: Flags, most_steps: int) -> None:
        needs, partners = net.need_slots.size, net.partner_slots.size
        self.needs = needs
        self.hub = needs + partners
        self.rows: list[int] = net.rows[face.free].tolist()
        self.cols: list[int] = (needs + net.cols[face.free]).tolist()
        self.used: list[bool] = used[face.free].tolist()
        # How many units each node still can take from the hub, and give back to it, within the optimum.
        shown = np.bincount(net.rows[used], minlength=needs)
        taken = np.bincount(net.cols[used], minlength=partners)
        from_hub = np.concatenate([face.need_high - shown, taken - face.partner_low])
        to_hub = np.concatenate([shown - face.need_low, face.partner_high - taken])
        self.from_hub: list[int] = from_hub.tolist()
        self.to_hub: list[int] = to_hub.tolist()
        self.ends: list[int] = np.searchsorted(net.rows[face.free], np.arange(needs + 1)).tolist()
        self.holders: dict[int, set[int]] = {col: set() for col in self.cols}
        for pair, col in enumerate(self.cols):
            if self.used[pair]:
                self.holders[col].add(pair)
        self.steps_left = most_steps

    def run(self) -> None:
        """Decide each pair once, in order; a decided pair is never touched again."""
        dead: set[int] = set()
        row = NO_PAIR
        for pair in range(len(self.rows)):
            if self.rows[pair] != row:
                row, dead = self.rows[pair], set()
            if self.used[pair]:
                continue
            way = self._way_back(pair, dead)
            if way is not None:
                self._turn(pair, way)
                dead = set()
            if self.steps_left < 0:
                return

    def _way_back(self, pair: int, dead: set[int]) -> list[tuple[int, Arc]] | None:
        """Return the arcs from the pair's partner back to its need, or None; `dead` nodes are known to lead nowhere.

        All that was visited in vain is added to `dead`: later pairs of the row have fewer ways, never more.
        """
        start, goal = self.cols[pair], self.rows[pair]
        if start in dead:
            return None
        came: dict[int, tuple[int, Arc]] = {}
        waiting = [start]
        dead.add(start)
        while waiting and self.steps_left >= 0:
            node = waiting.pop()
            for arc in self._arcs(node, pair):
                self.steps_left -= 1
                head = arc[1]
                if head in dead:
                    continue
                came[head] = (node, arc)
                if head == goal:
                    return _walk(came, start, goal)
                dead.add(head)
                waiting.append(head)
        return None

    def _arcs(self, node: int, after: int) -> Iterator[Arc]:
        """Yield the residual arcs that leave a node, over pairs later than `after` only."""
        if node == self.hub:
            yield from self._arcs_of_hub(self.rows[after])
            return
        if self.to_hub[node]:
            yield NO_PAIR, self.hub
        if node < self.needs:
            first = max(self.ends[node], after + 1)
            yield from ((pair, self.cols[pair]) for pair in range(first, self.ends[node + 1]) if not self.used[pair])
        else:
            yield from ((pair, self.rows[pair]) for pair in self.holders.get(node, ()) if pair > after)

    def _arcs_of_hub(self, goal: int) -> Iterator[Arc]:
        # The goal and its own partners first: most ways end there, and the hub knows everybody.
        near = range(self.ends[goal], self.ends[goal + 1])
        likely = [goal, *(self.cols[pair] for pair in near if self.used[pair])]
        yield from ((NO_PAIR, node) for node in likely if self.from_hub[node])
        yield from ((NO_PAIR, node) for node in range(goal, self.hub) if self.from_hub[node])

    def _turn(self, pair: int, way: list[tuple[int, Arc]]) -> None:
        """Push one unit around the cycle: the pair itself, then the way back."""
        self._flip(pair)
        for tail, (flipped, head) in way:
            if flipped != NO_PAIR:
                self._flip(flipped)
            elif head == self.hub:
                self.to_hub[tail] -= 1
                self.from_hub[tail] += 1
            else:
                self.from_hub[head] -= 1
                self.to_hub[head] += 1

    def _flip(self, pair: int) -> None:
        self.used[pair] = not self.used[pair]
        self.holders[self.cols[pair]] ^= {pair}


def _walk(came: dict[int, tuple[int, Arc]], start: int, goal: int) -> list[tuple[int, Arc]]:
    way = []
    node = goal
    while node != start:
        way.append(came[node])
        node = came[node][0]
    return way
