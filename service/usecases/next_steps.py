"""What is next of a project, told on its page: who does what, and by when."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from service.domain.projects import UNDER_WAY, ProjectState
from service.models.projects import FOLLOW_UP_AFTER, Project, is_follow_up_due
from service.usecases.silence import last_word

# What a dispute's two sides were told: within how long a coordinator calls.
CALLED_WITHIN = timedelta(days=3)


class Overdue(StrEnum):
    """What was to be done by now and was not, where the state of a project alone does not say what is next."""

    REPORT = "report"
    FOLLOW_UP = "follow_up"


@dataclass(frozen=True)
class NextStep:
    """What is next, and by which day, where there is one: what a state asks for, or what is overdue of it."""

    what: ProjectState | Overdue
    day: date | None = None


def next_step(project: Project, now: datetime, reported_at: datetime | None, days: int) -> NextStep:
    """Return what is next of a project; `days` is how long it may be silent where it has no time of its own."""
    day: datetime | None = None
    if project.state in UNDER_WAY:
        day = last_word(project, reported_at) + timedelta(days=project.report_days or days)
        if day <= now:
            return NextStep(Overdue.REPORT, day.date())
    elif project.state is ProjectState.DISPUTED:
        day = project.moved_at + CALLED_WITHIN
    elif project.state is ProjectState.HANDED_OVER and project.handed_over_at:
        day = project.handed_over_at + FOLLOW_UP_AFTER
        if is_follow_up_due(project, now):
            return NextStep(Overdue.FOLLOW_UP, day.date())
    return NextStep(project.state, day.date() if day else None)
