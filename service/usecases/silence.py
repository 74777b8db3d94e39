"""Silence is a signal: who owes word of a project is asked for it, then the coordination is, then the partners hear."""

from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import Session

from service.domain.errors import MoveError, NotFoundError
from service.domain.projects import UNDER_WAY, Awaited
from service.messaging.outbox import tell
from service.models.associations import Officer
from service.models.audit import record
from service.models.progress import ProgressReport, latest_report
from service.models.projects import Project, project_of
from service.usecases.escalations import Rung, Silence, ask_coordination, climb, reachable
from service.usecases.projects import contacts_of, own_project

PARTNERS = "partners"


# Of more, the first page says only that there are more; who looks at all goes through the list.
MOST_SILENT = 1_000


def silent_projects(session: Session, now: datetime, days: int, *, only: int | None = None) -> dict[int, datetime]:
    """Return the needs whose projects nobody reports on any more, with the moment since which; longest silent first.

    `days` is how long that may be where a project has no time of its own. Of more than a thousand, those that moved
    last the longest ago; `only` looks at one.
    """
    last = select(func.max(ProgressReport.reported_at)).where(ProgressReport.need_id == Project.need_id)
    found = select(Project, last.scalar_subquery()).where(is_silent(session, now, days))
    if only is not None:
        found = found.where(Project.need_id == only)
    rows = session.execute(found.order_by(Project.moved_at, Project.need_id).limit(MOST_SILENT))
    silent = {project.need_id: last_word(project, report) for project, report in rows}
    return dict(sorted(silent.items(), key=lambda one: one[1]))


def is_silent(session: Session, now: datetime, days: int) -> ColumnElement[bool]:
    """Return the condition of a project that word is overdue of; asks which times of their own projects have."""
    own = session.scalars(select(Project.report_days).where(Project.report_days.is_not(None)).distinct()).all()
    since: list[tuple[ColumnElement[bool], datetime]] = [(Project.report_days.is_(None), now - timedelta(days=days))]
    since += [(Project.report_days == each, now - timedelta(days=each)) for each in own if each]
    return and_(Project.state.in_(UNDER_WAY), or_(*(and_(whose, *_unheard(moment)) for whose, moment in since)))


def last_word(project: Project, report: datetime | None) -> datetime:
    """Return when there was last a sign of life: a move, a report, or the end of the pause that was asked for."""
    paused = datetime.combine(project.paused_until, time.max, UTC) if project.paused_until else None
    return max(moment for moment in (project.moved_at, report, paused) if moment)


def _unheard(since: datetime) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions of a project that gave no sign of life after a moment."""
    reported = exists().where(ProgressReport.need_id == Project.need_id, ProgressReport.reported_at > since)
    reported = reported.correlate(Project)  # also where its reports are beside it
    awake = or_(Project.paused_until.is_(None), Project.paused_until < since.astimezone(UTC).date())
    return Project.moved_at <= since, ~reported, awake


def ask_for_report(
    session: Session, now: datetime, *, need_id: int, days: int, step: timedelta, code: str
) -> str | None:
    """Take the next step of a silence, if it is due: another officer, the coordination, the partners; each once.

    Returns who was told, None when nobody is. `code` is the USSD code the village may dial.
    """
    project = project_of(session, need_id)
    if not project or project.state not in UNDER_WAY:
        return None
    report = latest_report(session, need_id)
    since = last_word(project, report.reported_at if report else None)
    if _due(project, since, days) > now:
        return None
    officers = reachable(project, report.reporter if report else None)
    partners = [contact.phone for contact in contacts_of(session, need_id)]
    ladder = [
        *(Rung(f"officer:{officer.id}", "silence_village", [officer.phone]) for officer in officers),
        ask_coordination(session, "silence_coordinator"),
        Rung(PARTNERS, "silence_partner", partners),
    ]
    return climb(session, now, Silence(project, Awaited.REPORT, since, step, code), ladder)


def pause_reports(session: Session, now: datetime, *, officer: Officer, reference: str, until: date | None) -> Project:
    """Let reports wait until after a day, or be expected again (None); the partners hear of it.

    Raises what `own_project` raises, MoveError for a project of which no report is expected.
    """
    need = own_project(session, officer, reference)
    project = project_of(session, need.id)
    if not project or project.state not in UNDER_WAY:
        raise MoveError(before="stopped", after="paused")
    project.paused_until = until
    what = "paused" if until else "resumed"
    record(session, now, f"officer:{officer.id}", f"project.{what}", f"need:{need.id}", until=str(until or ""))
    for contact in contacts_of(session, need.id):
        tell(
            session,
            now,
            event=f"project:{need.id}:{what}:{now.isoformat()}",
            phone=contact.phone,
            template=f"project_{what}",
            reference=reference,
            association=need.association.name,
            role=officer.role,
            day=until or now.date(),
        )
    return project


def set_report_days(session: Session, now: datetime, *, actor: str, need_id: int, days: int) -> Project:
    """Agree on how many days may go by without a report; 0 is as the settings say.

    Raises NotFoundError while the need has no partner.
    """
    project = project_of(session, need_id)
    if not project:
        raise NotFoundError
    project.report_days = days or None
    record(session, now, actor, "project.report_days", f"need:{need_id}", days=days)
    return project


def _due(project: Project, heard: datetime, days: int) -> datetime:
    return heard + timedelta(days=project.report_days or days)
