"""The works: what is reached is said by one and confirmed by another."""

from service.cli.acts.tale import Tale
from service.cli.story import Actor, Way
from service.domain.milestones import Milestone
from service.domain.progress import Problem

PROGRESS = Way(("home.progress",), "AVANCEMENT", "تقدم")
CONFIRM = Way(("home.confirm",), "CONFIRMER", "تأكيد")


def begin_works(tale: Tale) -> None:
    """Let the pump be in place, which the treasurer confirms."""
    she = tale.secretary
    she.begins(PROGRESS)
    she.picks(Milestone.PUMP, "progress.milestone.percent.usual")
    _goes_on(she, "30000")
    _confirmed(tale, Milestone.PUMP, "60")
    tale.lyon.hears("sms.progress_confirmed", "60")


def finish_works(tale: Tale) -> None:
    """Let the water run, which the treasurer confirms: then the works are accepted, until somebody says otherwise."""
    she = tale.secretary
    she.begins(PROGRESS)
    she.picks(Milestone.WATER_RUNS)
    _goes_on(she, "54000")
    _confirmed(tale, Milestone.WATER_RUNS, "100")
    tale.lyon.hears("sms.project_moved", tale.reference)


def _goes_on(she: Actor, spent: str) -> None:
    she.types(spent)
    she.picks(Problem.NONE, "progress.next.nothing", "review.send")
    she.ended()


def _confirmed(tale: Tale, reached: Milestone, percent: str) -> None:
    he = tale.treasurer
    tale.lyon.hears("sms.progress_declared", percent)
    he.hears("sms.progress_to_confirm", percent)
    he.begins(CONFIRM)
    he.sees(reached, percent)
    he.picks("progress.confirm.yes")
    if he.by_sms:
        he.proves()
    he.ended()
