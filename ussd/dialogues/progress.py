"""How works advance: one officer reports, a second person confirms."""

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from service.domain.errors import NotFoundError
from service.domain.milestones import TEMPLATES, Milestone, likeliest
from service.domain.money import Money
from service.domain.progress import HelpWanted, Problem, Stage, stage_at
from service.domain.roles import OfficerRole
from service.domain.sectors import Sector
from service.models.needs import Need, need_by_reference, projects_of
from service.models.progress import ProgressReport, latest_report, milestone_reached, waiting_reports
from service.usecases.progress import Progress, asked_of, confirm_progress, declare_progress, dispute_progress
from ussd.dialogues.context import Context
from ussd.dialogues.pins import proven
from ussd.engine.dialogue import Step, Talk, dialogue
from ussd.engine.prompts import Answer, Choice, End, Option, Recall, Review
from ussd.engine.typed import Amount, Date, Number, Text

# 1 stands for none of it, and nobody counts works by the hundredth.
LOWEST_PERCENT, ALL = 2, 100
FARTHEST = timedelta(days=3 * 365)


@dataclass(frozen=True)
class Percent(Number):
    """A part of a hundred; `60`, `60 %` and `٦٠٪` are the same. The line `1` stands for the `usual` part."""

    usual: int = 0

    def nothing(self) -> Answer:
        """Return the part that is usual here: 0 where nothing is begun."""
        return self.usual

    def understood(self, typed: str) -> Answer:
        """Accept the number without its sign."""
        return super().understood(typed.replace("%", "").replace("٪", ""))


@dialogue("progress.report", version=2, draft=True)
def report_progress(ctx: Context) -> Talk:
    """Ask what is reached, in a word and in percent, money spent, what holds the works up, the next step.

    The others are asked, the partners told.
    """
    reference = yield from which_project(ctx, lambda: projects_of(ctx.session, ctx.officer().association_id))
    if not reference:
        return End("progress.none")
    progress = yield from _declared(ctx, reference)
    code = ctx.settings.ussd_code
    report = declare_progress(
        ctx.facts, ctx.now, officer=ctx.officer(), reference=reference, progress=progress, code=code
    )
    alone = report.need.association.active_officers == [report.reporter]
    asked = [ctx.voice.say(f"progress.party.{party}") for party in asked_of(ctx.facts, report)]
    if not asked:
        return End("progress.saved.alone" if alone else "progress.saved", {"reference": reference})
    values = {"reference": reference, "asked": ctx.voice.say("phrase.joint").join(asked)}
    return End("progress.saved.asked.alone" if alone else "progress.saved.asked", values)


def which_project(ctx: Context, look: Callable[[], Sequence[Need]]) -> Generator[Step, Any, str | None]:
    """Let one project be chosen when there are several; return its reference, None when there is none.

    Behind the menu of a project it is that one.
    """
    if ctx.project:
        return ctx.project
    projects = yield Recall("projects", lambda: [[need.reference, need.sector.value] for need in look()])
    if len(projects) > 1:
        lines = [Option(reference, f"{reference} {ctx.voice.write(Sector(sector))}") for reference, sector in projects]
        chosen: str = yield Choice("project.which", lambda: lines)
        return chosen
    return str(projects[0][0]) if projects else None


def _declared(ctx: Context, reference: str) -> Generator[Step, Any, Progress]:
    lines = ["progress.milestone", "progress.milestone.percent", "progress.spent", "progress.problem", "progress.next"]
    before = yield Recall("progress.before", lambda: _before(ctx, reference))
    named = yield Choice("progress.milestone", lambda: _reachable(ctx, before), none="progress.milestone.skip")
    milestone = Milestone(named) if named and named != Stage.STOPPED else None
    usual = TEMPLATES[Sector(before["sector"])][milestone] if milestone else before["percent"]
    if milestone and usual == ALL:
        percent = ALL
        lines.remove("progress.milestone.percent")
    else:
        percent = yield _percent(usual)
    stage = Stage.STOPPED if named == Stage.STOPPED else stage_at(percent)
    spent, _ = yield Amount("progress.spent", none="progress.spent.unknown")
    problem = Problem((yield Choice("progress.problem", Problem)))
    help_wanted = HelpWanted.NONE
    if problem is not Problem.NONE:
        help_wanted = HelpWanted((yield Choice("progress.problem.help", HelpWanted)))
    step = yield Text("progress.next", longest=60, none="progress.next.nothing")
    day = (yield from _day(ctx)) if step else None
    money = Money.of(spent) if spent else None
    progress = Progress(stage, percent, money, problem, help_wanted, step or "", day, milestone)
    yield Review("progress.review", lines=lines, values=_spoken(ctx, reference, progress))
    return progress


def _percent(usual: int) -> Percent:
    none = "progress.milestone.percent.usual" if usual else "progress.milestone.percent.nothing"
    values = {"percent": usual}
    return Percent("progress.milestone.percent", low=LOWEST_PERCENT, high=ALL, usual=usual, none=none, values=values)


def _before(ctx: Context, reference: str) -> dict[str, Any]:
    """Return what is known of a project: its sector, how far it was said to be, and the milestone that was named."""
    need = need_by_reference(ctx.session, reference)
    if not need:
        raise NotFoundError
    report = latest_report(ctx.session, need.id)
    reached = milestone_reached(ctx.session, need.id)
    return {"sector": need.sector.value, "percent": report.percent if report else 0, "reached": reached}


def _reachable(ctx: Context, before: Mapping[str, Any]) -> list[Option]:
    reached = Milestone(before["reached"]) if before["reached"] else None
    lines = [*likeliest(Sector(before["sector"]), reached), Stage.STOPPED]
    return [Option(one.value, ctx.voice.write(one)) for one in lines]


def _day(ctx: Context) -> Generator[Step, Any, date | None]:
    today = ctx.now.date()
    day = yield Date("progress.next.day", first=today, last=today + FARTHEST, none="progress.next.day.unknown")
    return date.fromisoformat(day) if day else None


@dialogue("progress.confirm", version=2)
def confirm_report(ctx: Context) -> Talk:
    """Which report (when several wait), what it says, and whether that is so."""
    waiting = yield Recall("reports", lambda: [_kept(report) for report in _waiting(ctx)])
    if not waiting:
        return End("progress.confirm.none")
    seen = waiting[0]
    if len(waiting) > 1:
        lines = [Option(one["reference"], f"{one['reference']} {one['percent']} %") for one in waiting]
        chosen = yield Choice("progress.confirm.which", lambda: lines)
        seen = next(one for one in waiting if one["reference"] == chosen)
    answer = yield Choice("progress.confirm", lambda: _answers(ctx), values=_spoken_of(ctx, seen))
    if answer == "no":
        code = ctx.settings.ussd_code
        dispute_progress(ctx.facts, ctx.now, officer=ctx.officer(), report_id=seen["id"], code=code)
        return End("progress.disputed", {"reference": seen["reference"]})
    # Else one person could declare it, and forge the SMS of a second.
    if ctx.channel == "sms" and (
        refused := (yield from proven(ctx, "progress", reference=seen["reference"], percent=seen["percent"]))
    ):
        return refused
    confirm_progress(ctx.facts, ctx.now, officer=ctx.officer(), report_id=seen["id"])
    return End("progress.confirmed", {"reference": seen["reference"]})


def _waiting(ctx: Context) -> list[ProgressReport]:
    return waiting_reports(ctx.session, ctx.officer())


def _answers(ctx: Context) -> list[Option]:
    return [Option(answer, ctx.voice.say(f"progress.confirm.{answer}")) for answer in ("yes", "no")]


def _kept(report: ProgressReport) -> dict[str, Any]:
    return {
        "id": report.id,
        "reference": report.need.reference,
        "stage": report.stage.value,
        "milestone": report.milestone,
        "percent": report.percent,
        "spent": report.spent,
        "problem": report.problem.value,
        "help": report.help_wanted.value,
        "next": report.next_step,
        "on": report.next_on.isoformat() if report.next_on else None,
        "role": report.reporter.role.value,
        "day": report.reported_at.isoformat(),
    }


def _spoken_of(ctx: Context, kept: Mapping[str, Any]) -> dict[str, object]:
    progress = Progress(
        Stage(kept["stage"]),
        kept["percent"],
        Money(kept["spent"]) if kept["spent"] else None,
        Problem(kept["problem"]),
        HelpWanted(kept["help"]),
        kept["next"],
        date.fromisoformat(kept["on"]) if kept["on"] else None,
        Milestone(kept["milestone"]) if kept["milestone"] else None,
    )
    by = {"role": OfficerRole(kept["role"]), "day": datetime.fromisoformat(kept["day"])}
    return {**_spoken(ctx, kept["reference"], progress), **by}


def _spoken(ctx: Context, reference: str, progress: Progress) -> dict[str, object]:
    """Return what a screen says of progress; `more` is a line each for what is not always there."""
    say, step, day = ctx.voice.say, progress.next_step, progress.next_on
    helps = progress.help_wanted is not HelpWanted.NONE
    more = [
        say("progress.said.spent", spent=progress.spent.major) if progress.spent else "",
        say("progress.said.held_up", problem=progress.problem) if progress.problem is not Problem.NONE else "",
        say("progress.said.help", help=progress.help_wanted) if helps else "",
        say("progress.said.next.on", step=step, day=day) if day else "",
        say("progress.said.next", step=step) if step and not day else "",
    ]
    said = "\n".join(line for line in more if line)
    reached = progress.milestone or progress.stage
    return {"reference": reference, "stage": reached, "percent": progress.percent, "more": said}
