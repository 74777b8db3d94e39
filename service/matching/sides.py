"""The two sides of a round as arrays: one place each for what candidates, scores and reasons all read."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from service.matching.problem import Flags, Floats, Ints

Numbers = npt.NDArray[np.integer] | npt.NDArray[np.floating]


class Level(IntEnum):
    """How wide a place of origin is, nearest first."""

    COMMUNE = 0
    CERCLE = 1
    PROVINCE = 2
    REGION = 3
    COUNTRY = 4


@dataclass(frozen=True)
class Needs:
    """Verified, open needs that may be shown to one more association; every array is (needs,).

    Places and sectors are ids >= 0 of the caller's choice, unique within their level. `open_amount` is what no one has
    promised yet, in MAD centimes. `urgency` is the coordinator's class, 0 to 3. `waiting_days` counts from
    verification and only while no proposal was made. `evidence` is the census signal of the commune for the sector,
    0 to 1.
    """

    commune: Ints
    cercle: Ints
    province: Ints
    region: Ints
    sector: Ints
    open_amount: Ints
    urgency: Ints
    waiting_days: Numbers
    evidence: Floats

    def at(self, rows: Ints) -> "Needs":
        """Return the needs at these positions."""
        return Needs(**{name: values[rows] for name, values in vars(self).items()})

    def places(self, level: Level) -> Ints:
        """Return each need's place at a level; the country is one place, 0."""
        if level is Level.COUNTRY:
            return np.zeros_like(self.commune)
        places: Ints = (self.commune, self.cercle, self.province, self.region)[level]
        return places


@dataclass(frozen=True)
class Origins:
    """Where the members of associations come from: one entry a tie, in any order; all arrays have one length.

    `partner` is a position in `Partners`, `level` a `Level`, `place` an id of that level (not looked at for COUNTRY).
    A tie to a commune does not say which cercle that commune lies in: for members to count as neighbours too, the
    caller gives an entry at each wider level that shall count. An association with no entry at all has asked for
    nothing narrower and is tied to the whole country.
    """

    partner: Ints
    level: Ints
    place: Ints


@dataclass(frozen=True)
class Interests:
    """Which sectors associations accept, and how much: one entry each; `strength` is 1 to 3."""

    partner: Ints
    sector: Ints
    strength: Ints


@dataclass(frozen=True)
class Partners:
    """Opted-in diaspora associations; arrays are (partners,) but for the two lists of entries.

    `capacity_left` is what it can still give this year, MAD centimes, of what it `declared` or else of what is typical;
    `slots` how many more proposals it can look at.
    Its record: of `proposed` closed proposals it `answered` some; of `pledged` due pledges it `kept` some.
    """

    capacity_left: Ints
    declared: Flags
    slots: Ints
    proposed: Ints
    answered: Ints
    pledged: Ints
    kept: Ints
    origins: Origins
    interests: Interests

    def ties(self, level: Level) -> tuple[Ints, Ints]:
        """Return (partner, place) of all ties at a level; the country is one place, 0."""
        here = self.origins.level == level
        if level is not Level.COUNTRY:
            return self.origins.partner[here], self.origins.place[here]
        silent = np.setdiff1d(np.arange(self.slots.size), self.origins.partner)
        partner = np.union1d(self.origins.partner[here], silent)
        return partner, np.zeros_like(partner)
