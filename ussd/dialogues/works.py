"""A project's works: handed over, not right after all, paused, and how they are a year later."""

from collections.abc import Generator
from datetime import date, timedelta
from typing import Any

from service.domain.projects import Condition, Grievance
from service.usecases.followups import answer_follow_up
from service.usecases.silence import pause_reports
from service.usecases.works import hand_over, reopen_works
from ussd.dialogues.context import Context
from ussd.dialogues.pins import proven
from ussd.dialogues.reasons import give_reason
from ussd.engine.dialogue import Step, Talk, dialogue
from ussd.engine.prompts import Choice, End, Option
from ussd.engine.typed import Date

WEEKS = ("2", "4", "8", "12")
LONGEST_PAUSE = timedelta(days=365)
DAY = "day"


@dialogue("project.hand_over")
def hand_over_works(ctx: Context) -> Talk:
    """Whether the handover has been; then both sides are asked what the project changed."""
    said = {"reference": ctx.project}
    yield Choice("project.hand_over", lambda: [Option("yes", ctx.voice.say("project.hand_over.yes"))], values=said)
    if refused := (yield from proven(ctx, "handing", **said)):
        return refused
    hand_over(ctx.facts, ctx.now, officer=ctx.officer(), reference=ctx.project, code=ctx.settings.ussd_code)
    return End("project.hand_over.done", said)


@dialogue("project.follow_up")
def follow_up(ctx: Context) -> Talk:
    """How what was built is, a year after."""
    condition = Condition((yield Choice("project.follow_up", Condition, values={"reference": ctx.project})))
    said = {"reference": ctx.project, "condition": condition}
    if refused := (yield from proven(ctx, "follow_up", **said)):
        return refused
    answer_follow_up(ctx.facts, ctx.now, officer=ctx.officer(), reference=ctx.project, condition=condition)
    return End("project.follow_up.done", said)


@dialogue("project.reopen")
def reopen(ctx: Context) -> Talk:
    """Say what is not right with works that were said to be finished."""
    return (
        yield from give_reason(
            ctx,
            "reopen",
            Grievance,
            lambda why: reopen_works(ctx.facts, ctx.now, who=ctx.person(), reference=ctx.project, reason=why),
        )
    )


@dialogue("project.pause")
def pause_project(ctx: Context) -> Talk:
    """Until when no reports are to be expected; the partners are told."""
    until = yield from _until(ctx)
    pause_reports(ctx.facts, ctx.now, officer=ctx.officer(), reference=ctx.project, until=until)
    return End("project.pause.done", {"reference": ctx.project, "day": until})


@dialogue("project.resume")
def resume_project(ctx: Context) -> Talk:
    """Let the pause be over."""
    values = {"reference": ctx.project}
    yield Choice("project.resume", lambda: [Option("yes", ctx.voice.say("project.resume.yes"))], values=values)
    pause_reports(ctx.facts, ctx.now, officer=ctx.officer(), reference=ctx.project, until=None)
    return End("project.resume.done", values)


def _until(ctx: Context) -> Generator[Step, Any, date]:
    today = ctx.now.date()
    chosen = yield Choice("project.pause", lambda: _lengths(ctx), values={"reference": ctx.project})
    if chosen != DAY:
        return today + timedelta(weeks=int(chosen))
    day = yield Date("project.pause.day", first=today, last=today + LONGEST_PAUSE)
    return date.fromisoformat(day)


def _lengths(ctx: Context) -> list[Option]:
    weeks = [Option(number, ctx.voice.say("project.pause.weeks", weeks=int(number))) for number in WEEKS]
    return [*weeks, Option(DAY, ctx.voice.say("project.pause.date"))]
