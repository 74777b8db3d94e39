"""Why a need got nothing, told to the coordinator."""

from enum import StrEnum

import numpy as np

from service.matching.candidates import Pairs, accepting, available, without
from service.matching.problem import Assignment
from service.matching.sides import Needs, Partners


class HeldBack(StrEnum):
    """What stood between a need and its first proposal of this round."""

    NO_PARTNER_FOR_SECTOR = "no_partner_for_sector"  # no association accepts this sector in this place
    ALL_DECLINED = "all_declined"  # those that do have declined it, let it expire, or are blocked
    ALL_BUSY = "all_busy"  # the others have no slot free or nothing left to give
    OUTBID = "outbid"  # somebody could have taken it, but other needs took the slots


# What waiting alone does not mend.
NOBODY = frozenset({HeldBack.NO_PARTNER_FOR_SECTOR, HeldBack.ALL_DECLINED})


def held_back(needs: Needs, partners: Partners, blocked: Pairs, assignment: Assignment) -> dict[int, HeldBack]:
    """Return for each need without a proposal (its position) why, rising."""
    empty = np.setdiff1d(np.arange(needs.commune.size), assignment.needs)
    place_of = np.full(needs.commune.size, -1)
    place_of[empty] = np.arange(empty.size)
    about_them = place_of[blocked[0]] >= 0
    rows, cols = accepting(needs.at(empty), partners)
    still_rows, still_cols = without(
        rows, cols, (place_of[blocked[0][about_them]], blocked[1][about_them]), partners.slots.size
    )
    fits, unblocked, open_now = (
        np.bincount(some, minlength=empty.size) > 0
        for some in (rows, still_rows, still_rows[available(partners)[still_cols]])
    )
    why = np.select(
        [~fits, ~unblocked, ~open_now],
        [HeldBack.NO_PARTNER_FOR_SECTOR, HeldBack.ALL_DECLINED, HeldBack.ALL_BUSY],
        HeldBack.OUTBID,
    )
    return dict(zip(empty.tolist(), map(HeldBack, why.tolist()), strict=True))
