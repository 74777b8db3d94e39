"""Why a proposal was made, in template keys with values, so each receiver reads it in their own language."""

from dataclasses import dataclass

import numpy as np

from service.matching.problem import Floats, Ints
from service.matching.scoring import PARTS, Weights, closest_level
from service.matching.sides import Level, Needs, Partners

MOST_REASONS = 3

# What a part must reach before it may be said: "it fits your means" is untrue of a half fit, "urgent" of class 1, and
# a wait under a week is nobody's reason. The record is about the receiver and is never said.
SAID_FROM = {"origin": 0.1, "sector": 1 / 3, "size": 0.5, "urgency": 2 / 3, "waiting": 7 / 60, "evidence": 0.5}

# Values: `place`, its id at that level, for the first four, none for the country; the `sector` id;
# `percent` of the open amount that the association could cover; `urgency` class; `days`; `percent` of the census.
REASON_KEYS = (
    "reason.origin.commune",
    "reason.origin.cercle",
    "reason.origin.province",
    "reason.origin.region",
    "reason.origin.country",
    "reason.sector",
    "reason.size",
    "reason.urgency",
    "reason.waiting",
    "reason.evidence",
)


@dataclass(frozen=True)
class Reason:
    """One reason: a key of `REASON_KEYS` and the values its template may use."""

    key: str
    values: dict[str, int]


def reasons(needs: Needs, partners: Partners, weights: Weights, rows: Ints, cols: Ints) -> list[tuple[Reason, ...]]:
    """Return for each pair the true reasons that weighed most, at most three, heaviest first.

    Every eligible pair has at least its sector, unless its weight is 0. A part too weak to be said truly is left out.
    """
    levels = closest_level(needs, partners, rows, cols)
    weighed = _weighed(needs, partners, weights, rows, cols)
    names = list(SAID_FROM)
    order = np.argsort(-weighed, axis=0, kind="stable")[:MOST_REASONS]
    return [
        tuple(
            _reason(names[part], needs, partners, int(rows[pair]), int(cols[pair]), int(levels[pair]))
            for part in order[:, pair]
            if weighed[part, pair] > 0
        )
        for pair in range(rows.size)
    ]


def _weighed(needs: Needs, partners: Partners, weights: Weights, rows: Ints, cols: Ints) -> Floats:
    """Return (parts, pairs): what each part added to the score, 0 where it is not to be said."""
    weighed = np.zeros((len(SAID_FROM), rows.size))
    for line, (name, said_from) in zip(weighed, SAID_FROM.items(), strict=True):
        part = PARTS[name](needs, partners, rows, cols)
        np.copyto(line, getattr(weights, name) * part, where=part >= said_from)
    # What an association never said of its means is taken to be typical, which is no reason to tell it of.
    weighed[list(SAID_FROM).index("size"), ~partners.declared[cols]] = 0
    return weighed


def _reason(name: str, needs: Needs, partners: Partners, row: int, col: int, level: int) -> Reason:
    match name:
        case "origin":
            return _origin_reason(needs, row, Level(level))
        case "sector":
            return Reason("reason.sector", {"sector": int(needs.sector[row])})
        case "size":
            share = 100 * int(partners.capacity_left[col]) // int(needs.open_amount[row])
            return Reason("reason.size", {"percent": min(100, share)})
        case "urgency":
            return Reason("reason.urgency", {"urgency": int(needs.urgency[row])})
        case "waiting":
            return Reason("reason.waiting", {"days": int(needs.waiting_days[row])})
        case _:
            return Reason("reason.evidence", {"percent": round(100 * float(needs.evidence[row]))})


def _origin_reason(needs: Needs, row: int, level: Level) -> Reason:
    place = {} if level is Level.COUNTRY else {"place": int(needs.places(level)[row])}
    return Reason(f"reason.origin.{level.name.lower()}", place)
