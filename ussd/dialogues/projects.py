"""A project's menu: where it stands, then what whoever dials may do with it now."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from service.domain.money import Money
from service.domain.projects import LIVE, UNDER_WAY, Party, ProjectMove, ProjectState, allowed
from service.domain.roles import OFFICERS, OfficerRole
from service.domain.sectors import Sector
from service.domain.states import ReportState
from service.messaging.phrases import Phrase, sourced, words
from service.models.associations import Officer
from service.models.contributions import missing_of
from service.models.needs import Need, projects_of
from service.models.progress import ProgressReport, latest_report
from service.models.projects import Project, is_follow_up_due
from service.models.proposals import introduced_to
from ussd.dialogues.arrivals import report_arrival
from ussd.dialogues.context import Context
from ussd.dialogues.plans import plan
from ussd.dialogues.progress import report_progress, which_project
from ussd.dialogues.testimonies import give_testimony
from ussd.dialogues.withdrawals import disagree, withdraw
from ussd.dialogues.works import follow_up, hand_over_works, pause_project, reopen, resume_project
from ussd.engine.dialogue import Talk, dialogue, reading
from ussd.engine.prompts import Choice, End, Option, Recall, Show

OTHER = "other"


@dataclass(frozen=True)
class Standing:
    """Who looks at a project: an officer or the witness of the village, or a contact of a partner (no `role`)."""

    project: Project
    party: Party
    role: OfficerRole | None

    @property
    def state(self) -> ProjectState:
        """Where the project is."""
        return self.project.state

    @property
    def declares(self) -> bool:
        """Whether this is one who may declare for the village."""
        return self.role in OFFICERS

    @property
    def decides(self) -> bool:
        """Whether this is one who may decide for their side."""
        return self.declares or self.party is Party.DIASPORA


@dataclass(frozen=True)
class Line:
    """A line of a project's menu: where it leads, and to whom and when it is offered; the seldom used behind *other*.

    `offered` may look at the database (`ctx.session`). The dialogue learns which project it is about by
    `ussd.dialogues.progress.which_project`, which asks no more; the line is said by `project.line.<name>`.
    """

    leads_to: Callable[[Context], Talk]
    offered: Callable[[Context, Standing], bool]
    often: bool = True


# In the order of the screen: first what waits for an act, then what is done most.
LINES: dict[str, Line] = {
    "follow_up": Line(follow_up, lambda ctx, it: it.declares and is_follow_up_due(it.project, ctx.now)),
    "hand_over": Line(hand_over_works, lambda _, it: it.declares and it.state is ProjectState.ACCEPTED),
    "progress": Line(report_progress, lambda _, it: _reports(it)),
    "reopen": Line(reopen, lambda _, it: it.decides and it.state is ProjectState.ACCEPTED),
    "resume": Line(resume_project, lambda ctx, it: _reports(it) and _pauses(it.project, ctx.now)),
    "plan": Line(plan, lambda _ctx, _it: True),
    "arrival": Line(report_arrival, lambda _, it: it.declares and it.state in LIVE),
    "pause": Line(pause_project, lambda ctx, it: _reports(it) and not _pauses(it.project, ctx.now)),
    "testimony": Line(give_testimony, lambda _ctx, _it: True, often=False),
    "dispute": Line(disagree, lambda _, it: it.decides and it.state in LIVE, often=False),
    "withdraw": Line(withdraw, lambda _, it: _gives_up(it), often=False),
}


def _reports(it: Standing) -> bool:
    return it.declares and it.state in UNDER_WAY


def _gives_up(it: Standing) -> bool:
    """Tell whether a village may stop its project; a partner may leave it, also once it is handed over."""
    if it.party is Party.VILLAGE:
        return it.declares and ProjectMove.WITHDRAW in allowed(it.state, it.party, it.project.earlier)
    return it.state in LIVE | {ProjectState.DISPUTED}


def _pauses(project: Project, now: datetime) -> bool:
    return project.paused_until is not None and now.date() <= project.paused_until


@dialogue("project", version=2)
def project_menu(ctx: Context) -> Talk:
    """Which project (when several), where it is, and what may be done with it."""
    reference = yield from which_project(ctx, lambda: _projects(ctx))
    if not reference:
        return End("project.none")
    ctx.project = reference
    seen = yield Recall("project.menu", lambda: _seen(ctx, reference))
    values = _spoken(ctx, seen)
    offered = seen["offered"]
    front = [name for name in offered if LINES[name].often]
    more = [OTHER] if len(front) < len(offered) else []
    if not offered:
        return (yield from reading(Show("project.seen", values=values)))
    chosen = yield Choice("project.seen", lambda: _lines(ctx, [*front, *more]), values=values)
    if chosen == OTHER:
        others = [name for name in offered if name not in front]
        chosen = yield Choice("project.other", lambda: _lines(ctx, others), values=values)
    return (yield from LINES[chosen].leads_to(ctx))


def _lines(ctx: Context, names: list[str]) -> list[Option]:
    return [Option(name, ctx.voice.say(f"project.line.{name}")) for name in names]


def _projects(ctx: Context) -> list[Need]:
    caller = ctx.person()
    if isinstance(caller, Officer):
        return projects_of(ctx.session, caller.association_id)
    return [proposal.need for proposal in introduced_to(ctx.session, caller.association_id)]


def _seen(ctx: Context, reference: str) -> dict[str, Any]:
    need = next(need for need in _projects(ctx) if need.reference == reference)
    project, caller = ctx.session.get_one(Project, need.id), ctx.person()
    role = caller.role if isinstance(caller, Officer) else None
    standing = Standing(project, Party.VILLAGE if role else Party.DIASPORA, role)
    report = latest_report(ctx.session, need.id)
    return {
        "reference": reference,
        "sector": need.sector.value,
        "state": project.state.value,
        # Of what is finished, or given up, nothing is missing any more.
        "missing": missing_of(ctx.session, need).minor if project.state in UNDER_WAY else 0,
        "party": standing.party.value,
        "report": _kept(report) if report else {},
        "offered": [name for name, line in LINES.items() if line.offered(ctx, standing)],
    }


def _kept(report: ProgressReport) -> dict[str, Any]:
    """Return how far the works are, who says so and when, and who says so as well."""
    kept = {
        "percent": report.percent,
        "state": report.state,
        "by": report.reporter.role,
        "on": report.reported_at.isoformat(),
    }
    if report.state is ReportState.CONFIRMED and report.confirmer and report.confirmed_at:
        kept |= {"second": report.confirmer.role, "second_on": report.confirmed_at.isoformat()}
    return kept


def _spoken(ctx: Context, seen: dict[str, Any]) -> dict[str, object]:
    report, own = seen["report"], seen["party"] == Party.VILLAGE
    # The village knows its people; others are told who says so, and when.
    source = ReportState(report["state"]) if report and own else _source(report) if report else ""
    said = words(ctx.voice, {"percent": report.get("percent", ""), "source": source})
    percent = [ctx.voice.say("project.percent", count=None, **said)] if report else []
    lines = [ctx.voice.write(ProjectState(seen["state"])), *percent]
    sector: object = Sector(seen["sector"])
    if seen["missing"]:
        # In the sector's place: a line of both would push the last of the menu off the first page.
        sector = ctx.voice.say("project.missing", missing=Money(seen["missing"]))
    return {"reference": seen["reference"], "sector": sector, "state": "\n".join(lines)}


def _source(kept: dict[str, Any]) -> Phrase:
    second, second_on = kept.get("second"), kept.get("second_on")
    return sourced(
        OfficerRole(kept["by"]),
        datetime.fromisoformat(kept["on"]),
        OfficerRole(second) if second else None,
        datetime.fromisoformat(second_on) if second_on else None,
    )
