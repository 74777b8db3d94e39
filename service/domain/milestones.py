"""What works reach on their way, by sector: a few milestones in order, each with the percent it usually means."""

from collections.abc import Mapping
from enum import StrEnum

from service.domain.sectors import Sector


class Milestone(StrEnum):
    """Something that everybody in the village can see is done; also the last part of its key `milestone.…`."""

    STUDY = "study"
    DUG = "dug"
    PUMP = "pump"
    PIPES = "pipes"
    WATER_RUNS = "water_runs"
    CHANNEL = "channel"
    LINED = "lined"
    GATES = "gates"
    FIELDS = "fields"
    TRENCHES = "trenches"
    BASIN = "basin"
    CONNECTED = "connected"
    CLEARED = "cleared"
    CULVERTS = "culverts"
    SURFACED = "surfaced"
    ROAD_OPEN = "road_open"
    POLES = "poles"
    WIRES = "wires"
    METERS = "meters"
    LIGHT = "light"
    FOUNDATIONS = "foundations"
    WALLS = "walls"
    ROOF = "roof"
    CLASS_OPEN = "class_open"
    POST_OPEN = "post_open"
    GROUP = "group"
    PLACE = "place"
    EQUIPMENT = "equipment"
    TRAINING = "training"
    SALES = "sales"
    BEGUN = "begun"
    BUILT = "built"
    GUESTS = "guests"
    HALF = "half"
    ALMOST = "almost"
    DONE = "done"


# The last of each is the end of the works. At most five, so that all of them, *stopped* and *none* are seven lines.
_M = Milestone
TEMPLATES: Mapping[Sector, Mapping[Milestone, int]] = {
    Sector.WATER: {_M.STUDY: 10, _M.DUG: 40, _M.PUMP: 60, _M.PIPES: 85, _M.WATER_RUNS: 100},
    Sector.IRRIGATION: {_M.STUDY: 10, _M.CHANNEL: 40, _M.LINED: 75, _M.GATES: 90, _M.FIELDS: 100},
    Sector.SANITATION: {_M.STUDY: 10, _M.TRENCHES: 30, _M.PIPES: 60, _M.BASIN: 85, _M.CONNECTED: 100},
    Sector.ROADS: {_M.STUDY: 10, _M.CLEARED: 35, _M.CULVERTS: 60, _M.SURFACED: 85, _M.ROAD_OPEN: 100},
    Sector.ELECTRICITY: {_M.STUDY: 10, _M.POLES: 40, _M.WIRES: 70, _M.METERS: 90, _M.LIGHT: 100},
    Sector.EDUCATION: {_M.STUDY: 10, _M.FOUNDATIONS: 25, _M.WALLS: 55, _M.ROOF: 80, _M.CLASS_OPEN: 100},
    Sector.HEALTH: {_M.STUDY: 10, _M.FOUNDATIONS: 25, _M.WALLS: 55, _M.ROOF: 80, _M.POST_OPEN: 100},
    Sector.INCOME: {_M.GROUP: 10, _M.PLACE: 35, _M.EQUIPMENT: 60, _M.TRAINING: 80, _M.SALES: 100},
    Sector.TOURISM: {_M.STUDY: 10, _M.BEGUN: 30, _M.BUILT: 70, _M.EQUIPMENT: 90, _M.GUESTS: 100},
    Sector.OTHER: {_M.STUDY: 10, _M.BEGUN: 30, _M.HALF: 50, _M.ALMOST: 90, _M.DONE: 100},
}


def likeliest(sector: Sector, reached: Milestone | None) -> list[Milestone]:
    """Return the sector's milestones as they may be reported after `reached`.

    First the next one, then `reached` once more, those to come, and last those that were passed.
    """
    steps = list(TEMPLATES[sector])
    if reached not in steps:
        return steps
    place = steps.index(reached)
    return [*steps[place + 1 : place + 2], reached, *steps[place + 2 :], *steps[:place]]
