"""How works advance."""

from collections.abc import Mapping
from enum import StrEnum

from service.domain.projects import Party


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


# Who is asked for which help; coordinators are those who speak to the commune and to the province.
ASKED: Mapping[HelpWanted, frozenset[Party]] = {
    HelpWanted.NONE: frozenset(),
    HelpWanted.MONEY: frozenset({Party.DIASPORA, Party.COORDINATOR}),
    HelpWanted.ADVICE: frozenset({Party.DIASPORA, Party.COORDINATOR}),
    HelpWanted.PAPERS: frozenset({Party.COORDINATOR}),
    HelpWanted.MATERIALS: frozenset({Party.DIASPORA, Party.COORDINATOR}),
    HelpWanted.HANDS: frozenset({Party.VILLAGE, Party.COORDINATOR}),
}
