"""How works advance."""

from enum import StrEnum


class Stage(StrEnum):
    """Where the works are."""

    PREPARATION = "preparation"
    WORKS = "works"
    STOPPED = "stopped"
    FINISHING = "finishing"
    FINISHED = "finished"


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
