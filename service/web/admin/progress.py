"""Progress: what villages report of their projects, and who confirmed it."""

from sqlalchemy import select
from sqlalchemy.orm import joinedload
from werkzeug.wrappers import Response

from service.domain.money import Money
from service.domain.progress import HelpWanted, Problem, Stage
from service.domain.states import ReportState
from service.models import Need, ProgressReport
from service.web.access import access
from service.web.admin.lists import Column, Field, Listing, answer
from service.web.admin.lists.cells import State, Typed
from service.web.admin.lists.filters import choice, since, until
from service.web.admin.lists.searches import search_by_need
from service.web.admin.lists.villages import need_columns, need_filters

LISTING = Listing(
    "progress",
    ProgressReport.id,
    select(ProgressReport).options(
        joinedload(ProgressReport.need).joinedload(Need.association),
        joinedload(ProgressReport.reporter),
        joinedload(ProgressReport.confirmer),
    ),
    columns=(
        *need_columns(lambda row: row.ProgressReport.need),
        Column(
            "progress",
            (
                Field("percent", lambda row: row.ProgressReport.percent),
                Field("reached", lambda row: row.ProgressReport.reached),
                Field(
                    "spent",
                    lambda row: None if (spent := row.ProgressReport.spent) is None else Money(spent),
                    in_dirhams=True,
                ),
            ),
            named=True,
        ),
        Column(
            "problem",
            (
                Field("problem", lambda row: row.ProgressReport.problem),
                Field("help", lambda row: row.ProgressReport.help_wanted),
                Field("next_step", lambda row: Typed(row.ProgressReport.next_step)),
                Field("next_on", lambda row: row.ProgressReport.next_on),
            ),
            named=True,
        ),
        Column(
            "state",
            (
                Field("state", lambda row: State(row.ProgressReport.state)),
                Field("reported", lambda row: row.ProgressReport.reported_at, ProgressReport.id),
                Field("reporter", lambda row: row.ProgressReport.reporter.role),
                Field("confirmed_on", lambda row: row.ProgressReport.confirmed_at),
                Field("confirmer", lambda row: row.ProgressReport.confirmer and row.ProgressReport.confirmer.role),
            ),
        ),
    ),
    filters=(
        choice("state", ReportState, lambda state: ProgressReport.state == state),
        choice("stage", Stage, lambda stage: ProgressReport.stage == stage),
        choice("problem", Problem, lambda problem: ProgressReport.problem == problem),
        choice("help", HelpWanted, lambda wanted: ProgressReport.help_wanted == wanted),
        *need_filters(ProgressReport.need_id),
        since(ProgressReport.reported_at),
        until(ProgressReport.reported_at),
    ),
    search=search_by_need(ProgressReport.need_id),
    waiting=lambda row: row.ProgressReport.state is ReportState.DISPUTED,
)


@access("viewer")
def show() -> str | Response:
    """List progress reports, the newest first."""
    return answer(LISTING)
