"""A project's menu: where it stands, then what whoever dials may do with it now."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from service.domain.projects import LIVE, UNDER_WAY, Party, ProjectState
from service.domain.roles import OFFICERS, OfficerRole
from service.domain.sectors import Sector
from service.domain.states import ReportState
from service.messaging.phrases import sourced, words
from service.models.associations import Officer, active_officer
from service.models.diaspora import Contact
from service.models.needs import Need, projects_of
from service.models.progress import ProgressReport, latest_report
from service.models.projects import Project
from service.models.proposals import introduced_to
from ussd.dialogues.arrivals import report_arrival
from ussd.dialogues.context import Context
from ussd.dialogues.plans import plan
from ussd.dialogues.progress import report_progress, which_project
from ussd.dialogues.testimonies import give_testimony
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
    "progress": Line(report_progress, lambda _, it: it.declares and it.state in UNDER_WAY),
    "plan": Line(plan, lambda _ctx, _it: True),
    "arrival": Line(report_arrival, lambda _, it: it.declares and it.state in LIVE),
    "testimony": Line(give_testimony, lambda _ctx, _it: True, often=False),
}


@dialogue("project")
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


def _caller(ctx: Context) -> Officer | Contact:
    return active_officer(ctx.session, ctx.phone) or ctx.contact()


def _projects(ctx: Context) -> list[Need]:
    caller = _caller(ctx)
    if isinstance(caller, Officer):
        return projects_of(ctx.session, caller.association_id)
    return [proposal.need for proposal in introduced_to(ctx.session, caller.association_id)]


def _seen(ctx: Context, reference: str) -> dict[str, Any]:
    need = next(need for need in _projects(ctx) if need.reference == reference)
    project, caller = ctx.session.get_one(Project, need.id), _caller(ctx)
    role = caller.role if isinstance(caller, Officer) else None
    standing = Standing(project, Party.VILLAGE if role else Party.DIASPORA, role)
    report = latest_report(ctx.session, need.id)
    return {
        "reference": reference,
        "sector": need.sector.value,
        "state": project.state.value,
        "report": _kept(report) if report else {},
        "offered": [name for name, line in LINES.items() if line.offered(ctx, standing)],
    }


def _kept(report: ProgressReport) -> dict[str, Any]:
    """Return how far the works are, who says so and when, and who says so as well."""
    kept = {"percent": report.percent, "by": report.reporter.role, "on": report.reported_at.isoformat()}
    if report.state is ReportState.CONFIRMED and report.confirmer and report.confirmed_at:
        kept |= {"second": report.confirmer.role, "second_on": report.confirmed_at.isoformat()}
    return kept


def _spoken(ctx: Context, seen: dict[str, Any]) -> dict[str, object]:
    lines = [ctx.voice.write(ProjectState(seen["state"])), *([_percent(ctx, seen["report"])] if seen["report"] else [])]
    return {"reference": seen["reference"], "sector": Sector(seen["sector"]), "state": "\n".join(lines)}


def _percent(ctx: Context, kept: dict[str, Any]) -> str:
    second, second_on = kept.get("second"), kept.get("second_on")
    source = sourced(
        OfficerRole(kept["by"]),
        datetime.fromisoformat(kept["on"]),
        OfficerRole(second) if second else None,
        datetime.fromisoformat(second_on) if second_on else None,
    )
    said = words(ctx.voice, {"percent": kept["percent"], "source": source})
    return ctx.voice.say("project.percent", count=None, **said)
