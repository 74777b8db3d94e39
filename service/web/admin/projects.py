"""Projects: where each is and since when it is silent; the record of one, and what a coordinator may do with it."""

from datetime import datetime
from typing import NamedTuple

from flask import abort, flash, redirect, render_template, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from service.domain.errors import NotFoundError
from service.domain.kinds import Kind
from service.domain.projects import RULES, Party, ProjectMove, ProjectState, allowed, why
from service.messaging.phrases import words
from service.messaging.sources import report_source
from service.models import Escalation, Message, Need, ProgressReport, Project
from service.models.projects import steps_of
from service.models.proposals import partners_of
from service.models.session import reading, transaction
from service.usecases.disputes import decide_project
from service.usecases.silence import set_report_days, silent_projects
from service.web.access import access
from service.web.admin.asked import LONGEST_REASON, asked_number, asked_reason
from service.web.admin.queries import list_projects
from service.web.current import container, now, signed_in, voice

MOST_MESSAGES = 50
PRIVATE = (Kind.REPLY, Kind.SECURITY)


class Event(NamedTuple):
    """One line of a project's record: when, what (said in the page's language), and by whom or why."""

    at: datetime
    what: str
    more: str


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
        silent = silent_projects(session, now(), container().settings.silence_days)
        return render_template(
            "admin/project.html",
            project=project,
            partners=partners_of(session, number),
            events=_record(session, project),
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


def _record(session: Session, project: Project) -> list[Event]:
    """Return what happened, the newest first: moves, reports, who was asked for word, and messages about it."""
    events = [Event(project.begun_at, voice().say("web.project.begun"), "")]
    for step in steps_of(session, project.need_id):
        reason = why(step.move, step.reason)
        said = voice().say(f"web.project.move.{step.move}")
        events.append(Event(step.at, said, f"{step.actor} {voice().write(reason)}".strip()))
    reports = select(ProgressReport).where(ProgressReport.need_id == project.need_id)
    for report in session.scalars(reports):
        said = voice().say("web.project.report", percent=report.percent, stage=report.stage)
        events.append(Event(report.reported_at, said, words(voice(), {"source": report_source(report)})["source"]))
    asked = select(Escalation).where(Escalation.need_id == project.need_id)
    events += [Event(one.at, voice().say("web.project.asked"), one.told) for one in session.scalars(asked)]
    events += _messages(session, project.need)
    return sorted(events, key=lambda event: event.at, reverse=True)


def _messages(session: Session, need: Need) -> list[Event]:
    """Return what people were told of a project; no answers to them, which may hold a code that proves something."""
    said = select(Message).where(Message.text.contains(need.reference), Message.kind.not_in(PRIVATE))
    found = session.scalars(said.order_by(Message.id.desc()).limit(MOST_MESSAGES))
    return [Event(one.created_at, voice().say("web.project.message", state=one.state), one.text) for one in found]


def _back(number: int, sentence: str) -> Response:
    flash(sentence)
    return redirect(url_for("admin.project", number=number))
