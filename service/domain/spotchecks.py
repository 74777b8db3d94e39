"""Spot checks: whom one asks of those who agreed to it, and of how few answers nothing is told."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from hashlib import sha256
from typing import NamedTuple

ROUND = 5
# Of fewer answers than this, who said what could be guessed.
FEWEST = 3
OPEN_FOR = timedelta(days=3)
LATELY = timedelta(days=90)


class Candidate(NamedTuple):
    """A resident who may be asked, and when that was done last."""

    id: int
    asked_at: datetime | None


def drawn(candidates: Iterable[Candidate], seed: str, now: datetime) -> list[int]:
    """Return at most five of those who were not asked lately: who never was goes first, then whom it was longest ago.

    Among equals the hash of `seed` and the candidate decides: the same for whoever draws again, and nobody's choice.
    """
    rested = [one for one in candidates if one.asked_at is None or one.asked_at <= now - LATELY]
    since = {one.id: one.asked_at.timestamp() if one.asked_at else 0.0 for one in rested}
    return sorted(since, key=lambda its_id: (since[its_id], _lot(seed, its_id)))[:ROUND]


def _lot(seed: str, its_id: int) -> str:
    return sha256(f"{seed}:{its_id}".encode()).hexdigest()
