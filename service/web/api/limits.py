"""How fast a token may ask: a bucket a token, filled at a steady pace, in each process.

In the database it would be one for all processes, and one more write for each read: more than what it protects.
"""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from threading import Lock

MINUTE = 60
MOST_TOKENS = 10_000  # whose buckets are kept; who has not asked for longest begins anew


@dataclass(frozen=True)
class Allowance:
    """Whether a request may pass, how many more may at once, and the seconds until all may, or until one may again."""

    passes: bool
    left: int
    full_in: int
    retry_in: int


class Buckets:
    """A bucket for each token: a minute's requests at most."""

    def __init__(self, per_minute: int) -> None:
        """Let `per_minute` requests pass in a minute."""
        self.per_minute = per_minute
        self._levels: OrderedDict[int, tuple[float, datetime]] = OrderedDict()
        self._turn = Lock()

    def take(self, token: int, now: datetime) -> Allowance:
        """Take one request out of a token's bucket, if there is one."""
        pace = self.per_minute / MINUTE
        with self._turn:
            level, at = self._levels.pop(token, (float(self.per_minute), now))
            level = min(self.per_minute, level + max(0.0, (now - at).total_seconds()) * pace)
            passes = level >= 1
            level -= passes
            self._levels[token] = level, now
            if len(self._levels) > MOST_TOKENS:
                self._levels.popitem(last=False)
        return Allowance(passes, int(level), ceil((self.per_minute - level) / pace), max(1, ceil((1 - level) / pace)))

    def headers(self, allowance: Allowance) -> dict[str, str]:
        """Return what a program is told of its bucket (draft-ietf-httpapi-ratelimit-headers)."""
        return {
            "RateLimit-Policy": f'"token";q={self.per_minute};w={MINUTE}',
            "RateLimit": f'"token";r={allowance.left};t={allowance.full_in}',
        }
