"""Projects: where each is and since when it is silent; the record of one, and what a coordinator may do with it."""

from collections.abc import Sequence

from flask import abort, flash, redirect, render_template, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from service.domain.errors import NotFoundError
from service.domain.money import Money
from service.domain.projects import RULES, Party, ProjectMove, ProjectState, allowed
from service.domain.testimonies import TestimonyState
from service.messaging.sources import report_source
from service.models import ExperienceSheet, ProgressReport, Project, Testimony
from service.models.contributions import contributions_of
from service.models.history import around_need
from service.models.proposals import partners_of
from service.models.session import reading, transaction
from service.usecases.contributions import giver_of
from service.usecases.disputes import decide_project
from service.usecases.silence import set_report_days, silent_projects
from service.usecases.statements import statement_of
from service.web.access import access
from service.web.admin.asked import LONGEST_REASON, asked_number, asked_reason
from service.web.admin.details import history_of
from service.web.admin.queries import list_projects
from service.web.current import container, now, signed_in, voice

REPORTS_SHOWN = 5


@access("viewer")
def show() -> str:
    """List projects, the longest silent first; `?state=` shows those in one state, `?page=` goes on."""
    wanted = request.args.get("state", "")
    state = ProjectState(wanted) if wanted in set(ProjectState) else None
    with reading(container().engine) as session:
        silent = silent_projects(session, now(), container().settings.silence_days)
        page = list_projects(session, asked_number("page") or 1, state, list(silent))
        partners = {row.project.need_id: partners_of(session, row.project.need_id) for row in page.rows}
        names = {number: [one.diaspora.name for one in some] for number, some in partners.items()}
    return render_template(
        "admin/projects.html", page=page, state=state, states=list(ProjectState), silent=silent, partners=names
    )


@access("viewer")
def one(number: int) -> str:
    """Show the whole record of one project."""
    with reading(container().engine) as session:
        project = session.get(Project, number)
        if not project:
            raise NotFoundError
        silent = silent_projects(session, now(), container().settings.silence_days, only=number)
        return render_template(
            "admin/project.html",
            project=project,
            partners=partners_of(session, number),
            statement=statement_of(session, project.need),
            lines=contributions_of(session, number),
            giver=giver_of,
            reports=_reports(session, number),
            source=report_source,
            testimonies=_testimonies(session, number),
            sheets=session.scalars(select(ExperienceSheet).where(ExperienceSheet.need_id == number)).all(),
            dirhams=Money,
            **history_of(session, around_need(session, number)),
            silent=silent.get(number),
            moves=[(move, RULES[move].reason) for move in allowed(project.state, Party.COORDINATOR)],
            usual_days=container().settings.silence_days,
            longest_reason=LONGEST_REASON,
        )


@access("coordinator")
def decide(number: int, verb: str) -> Response:
    """Make a move a coordinator may make, with a reason where the table asks for one."""
    if verb not in set(ProjectMove):
        abort(404)
    move = ProjectMove(verb)
    reason = asked_reason()
    if RULES[move].reason and reason is None:
        return _back(number, voice().say("web.reason.needed", longest=LONGEST_REASON))
    with transaction(container().engine) as session:
        code, actor = container().settings.ussd_code, f"user:{signed_in().id}"
        decide_project(session, now(), actor=actor, need_id=number, move=move, reason=reason or "", code=code)
    return _back(number, voice().say("web.project.moved"))


@access("coordinator")
def report_days(number: int) -> Response:
    """Agree on how often this project is reported on."""
    typed = request.form.get("days", "")
    days = int(typed) if typed.isascii() and typed.isdigit() and len(typed) <= len("365") else 0
    with transaction(container().engine) as session:
        set_report_days(session, now(), actor=f"user:{signed_in().id}", need_id=number, days=days)
    return _back(number, voice().say("web.project.days.saved"))


def _reports(session: Session, number: int) -> Sequence[ProgressReport]:
    reports = select(ProgressReport).where(ProgressReport.need_id == number).order_by(ProgressReport.id.desc())
    return session.scalars(reports.limit(REPORTS_SHOWN)).all()


def _testimonies(session: Session, number: int) -> Sequence[Testimony]:
    said = select(Testimony).where(Testimony.need_id == number, Testimony.state != TestimonyState.WITHDRAWN)
    return session.scalars(said.order_by(Testimony.id)).all()


def _back(number: int, sentence: str) -> Response:
    flash(sentence)
    return redirect(url_for("admin.project", number=number))
