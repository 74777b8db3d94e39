"""A small country for the matching tests: communes 0-7, two to a cercle, four to a province, all in one region."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from service.matching.sides import Interests, Needs, Origins, Partners

Entry = tuple[int, int, int]


def ints(values: Sequence[int]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.array(values, dtype=np.int64)


def build_needs(
    communes: Sequence[int],
    *,
    sector: Sequence[int] | None = None,
    amount: int = 100_000,
    urgency: int = 1,
    days: int = 30,
    evidence: float = 0.4,
) -> Needs:
    commune = ints(communes)
    size = commune.size
    return Needs(
        commune=commune,
        cercle=commune // 2,
        province=commune // 4,
        region=commune // 8,
        sector=ints(sector if sector is not None else [0] * size),
        open_amount=np.full(size, amount),
        urgency=np.full(size, urgency),
        waiting_days=np.full(size, days),
        evidence=np.full(size, evidence),
    )


def build_partners(
    size: int,
    *,
    origins: Sequence[Entry] = (),
    interests: Sequence[Entry] = (),
    left: Sequence[int] | None = None,
    declared: bool = True,
    slots: Sequence[int] | None = None,
    record: Sequence[tuple[int, int, int, int]] | None = None,
) -> Partners:
    proposed, answered, pledged, kept = (
        ints(column) for column in zip(*(record or [(0, 0, 0, 0)] * size), strict=True)
    )
    return Partners(
        capacity_left=ints(left if left is not None else [100_000] * size),
        declared=np.full(size, declared),
        slots=ints(slots if slots is not None else [3] * size),
        proposed=proposed,
        answered=answered,
        pledged=pledged,
        kept=kept,
        origins=Origins(*np.array(origins, dtype=np.int64).reshape(-1, 3).T),
        interests=Interests(*np.array(interests, dtype=np.int64).reshape(-1, 3).T),
    )


@pytest.fixture
def needs_of() -> Callable[..., Needs]:
    return build_needs


@pytest.fixture
def partners_of() -> Callable[..., Partners]:
    return build_partners
