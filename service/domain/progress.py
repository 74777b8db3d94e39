"""How works advance."""

from enum import StrEnum


class Stage(StrEnum):
    """Where the works are."""

    PREPARATION = "preparation"
    WORKS = "works"
    STOPPED = "stopped"
    FINISHING = "finishing"
    FINISHED = "finished"


# Up to these parts of a hundred works are prepared, are under way, are being finished.
PREPARED, UNDER_WAY, FINISHING = 10, 89, 99


def stage_at(percent: int) -> Stage:
    """Return where works are that go on and have come so far."""
    ends = ((PREPARED, Stage.PREPARATION), (UNDER_WAY, Stage.WORKS), (FINISHING, Stage.FINISHING))
    return next((stage for most, stage in ends if percent <= most), Stage.FINISHED)


class Problem(StrEnum):
    """What holds the works up."""

    NONE = "none"
    MONEY = "money"
    PERMIT = "permit"
    MATERIALS = "materials"
    CONTRACTOR = "contractor"
    WEATHER = "weather"
    DISPUTE = "dispute"
    OTHER = "other"


class HelpWanted(StrEnum):
    """What would help."""

    NONE = "none"
    MONEY = "money"
    ADVICE = "advice"
    PAPERS = "papers"
    MATERIALS = "materials"
    HANDS = "hands"
