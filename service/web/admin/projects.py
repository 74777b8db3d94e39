"""Projects: where each is and since when it is silent; the record of one, and what a coordinator may do with it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload
from werkzeug.wrappers import Response

from service.domain.errors import NotFoundError
from service.domain.ledger import uncounted
from service.domain.money import Money
from service.domain.projects import DONE, RULES, UNDER_WAY, Condition, Party, ProjectMove, ProjectState, allowed
from service.domain.states import ProposalState
from service.domain.testimonies import TestimonyState
from service.messaging.phrases import Phrase
from service.messaging.sources import report_source
from service.models import DiasporaAssociation, ExperienceSheet, Need, ProgressReport, Project, Proposal, Testimony
from service.models.contributions import Funds, contributions_of, funds_by_need
from service.models.history import around_need
from service.models.projects import is_follow_up_due
from service.models.proposals import partners_of
from service.models.session import reading, transaction
from service.usecases.contributions import giver_of
from service.usecases.disputes import decide_project
from service.usecases.next_steps import next_step
from service.usecases.silence import is_silent, last_word, set_report_days, silent_projects
from service.usecases.statements import statement_of
from service.web.access import access
from service.web.admin.asked import LONGEST_REASON, asked_reason
from service.web.admin.details import history_of
from service.web.admin.lists import Column, Field, Listing, answer, column
from service.web.admin.lists.cells import State, Typed
from service.web.admin.lists.filters import choice, since, until
from service.web.admin.lists.searches import search_by_need
from service.web.admin.lists.villages import need_columns, need_filters
from service.web.current import container, now, signed_in, voice

REPORTS_SHOWN = 5
# What asks for a reason and takes nothing from anybody.
GOING_ON = {ProjectMove.SETTLE, ProjectMove.TAKE_UP, ProjectMove.FOLLOW_UP}

PARTNERS = (
    select(func.aggregate_strings(DiasporaAssociation.name, " · "))
    .join(Proposal, Proposal.diaspora_id == DiasporaAssociation.id)
    .where(Proposal.need_id == Project.need_id, Proposal.state == ProposalState.INTRODUCED)
    .correlate(Project)
    .scalar_subquery()
)
NEWEST = (
    select(func.max(ProgressReport.id))
    .where(ProgressReport.need_id == Project.need_id)
    .correlate(Project)
    .scalar_subquery()
)


@dataclass(frozen=True)
class _Listed:
    """A row with what is missing of its plan, and what was received."""

    Project: Project
    ProgressReport: ProgressReport | None
    partners: str | None
    silent: bool
    funds: Funds


def _with_funds(session: Session, rows: list[Any]) -> list[Any]:
    funds = funds_by_need(session, [row.Project.need for row in rows])
    return [
        _Listed(row.Project, row.ProgressReport, row.partners, row.silent, funds[row.Project.need_id]) for row in rows
    ]


def _missing(row: _Listed) -> Money | None:
    """Return what is missing, if anything is: of what is finished, or given up, nothing is any more."""
    return row.funds.missing if row.funds.missing.minor and row.Project.state in UNDER_WAY else None


def _listing(session: Session) -> Listing:
    silent = is_silent(session, now(), container().settings.silence_days)
    return Listing(
        "projects",
        Project.need_id,
        select(Project, ProgressReport, PARTNERS.label("partners"), silent.label("silent"))
        .outerjoin(ProgressReport, ProgressReport.id == NEWEST)
        .options(joinedload(Project.need).joinedload(Need.association)),
        columns=(
            *need_columns(lambda row: row.Project.need),
            column("partner", lambda row: Typed(row.partners) if row.partners else Phrase("web.projects.alone")),
            Column(
                "state",
                (
                    Field("state", lambda row: State(row.Project.state)),
                    Field("moved", lambda row: row.Project.moved_at, Project.moved_at),
                ),
            ),
            Column(
                "amounts",
                (Field("missing", _missing), Field("received", lambda row: row.funds.received)),
                named=True,
            ),
            Column("progress", (Field("progress", _percent), Field("reported", _reported_at))),
            column("silent", _silent_since),
        ),
        filters=(
            choice("state", ProjectState, lambda state: Project.state == state),
            *need_filters(Project.need_id),
            since(Project.moved_at),
            until(Project.moved_at),
        ),
        search=search_by_need(Project.need_id),
        waits=silent,
        order=(Project.moved_at.desc(), Project.need_id.desc()),
        waiting=lambda row: row.silent or row.Project.state is ProjectState.DISPUTED,
        read=_with_funds,
    )


def _percent(row: Any) -> object:
    return f"{row.ProgressReport.percent} %" if row.ProgressReport else Phrase("web.projects.unreported")


def _reported_at(row: Any) -> datetime | None:
    return row.ProgressReport.reported_at if row.ProgressReport else None


def _silent_since(row: Any) -> datetime | None:
    return last_word(row.Project, _reported_at(row)) if row.silent else None


@access("viewer")
def show() -> str | Response:
    """List projects, the silent ones first."""
    return answer(_listing)


@access("viewer")
def one(number: int) -> str:
    """Show the whole record of one project."""
    with reading(container().engine) as session:
        project = session.get(Project, number)
        if not project:
            raise NotFoundError
        days, reports = container().settings.silence_days, _reports(session, number)
        silent = silent_projects(session, now(), days, only=number)
        return render_template(
            "admin/project.html",
            project=project,
            partners=partners_of(session, number),
            statement=statement_of(session, project.need),
            lines=contributions_of(session, number),
            giver=giver_of,
            reports=reports,
            source=report_source,
            testimonies=_testimonies(session, number),
            sheets=session.scalars(select(ExperienceSheet).where(ExperienceSheet.need_id == number)).all(),
            dirhams=Money,
            done=project.state in DONE,
            uncounted=uncounted,
            **history_of(session, around_need(session, number)),
            silent=silent.get(number),
            next=next_step(project, now(), reports[0].reported_at if reports else None, days),
            moves=[(move, RULES[move].reason) for move in _offered(project)],
            calm=GOING_ON,
            conditions=list(Condition),
            usual_days=days,
            longest_reason=LONGEST_REASON,
        )


def _offered(project: Project) -> list[ProjectMove]:
    """Return the moves that a coordinator may make and that are of use now: a year on is not known before."""
    useless = set() if is_follow_up_due(project, now()) else {ProjectMove.FOLLOW_UP}
    found = allowed(project.state, Party.COORDINATOR, project.earlier)
    return [move for move in found if move not in useless]


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
