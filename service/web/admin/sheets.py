"""Experience sheets: drafted from the record, completed here, published with the consent of those they are about."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from flask import Response, abort, flash, redirect, render_template, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, load_only
from werkzeug.wrappers import Response as Answer

from service.domain.testimonies import SheetState
from service.domain.text import clean
from service.locales import Language
from service.messaging.phrases import Phrase
from service.models import ExperienceSheet, Need, Project
from service.models.session import reading, transaction
from service.models.sheets import consents_of, sheets_of
from service.usecases.experiences import read_experience
from service.usecases.sheets import (
    HANDED_OVER,
    VILLAGE,
    Words,
    ask_consent,
    associations_of,
    complete_sheet,
    draft_sheet,
    lacking,
    publish_sheet,
    take_down,
)
from service.web.access import access
from service.web.admin.lists import Listing, answer, column
from service.web.admin.lists.cells import State
from service.web.admin.lists.filters import choice, since, until
from service.web.admin.lists.searches import search_by_need
from service.web.admin.lists.villages import commune_column, need_columns, need_filters
from service.web.current import container, language, now, signed_in, voice
from service.web.public.experiences import pdf
from service.web.showing import NAMES

# Characters: what two pages of paper and a phone that is read page by page can take.
LONGEST: Mapping[str, int] = {"title": 80, "summary": 600, "difficulties": 600, "lessons": 600}


class _Listed(NamedTuple):
    """A project with its sheets, one a language."""

    Project: Project
    sheets: list[ExperienceSheet]


def _with_sheets(session: Session, rows: list[Any]) -> list[_Listed]:
    listed = {row.Project.need_id: _Listed(row.Project, []) for row in rows}
    found = select(ExperienceSheet).where(ExperienceSheet.need_id.in_(listed)).options(load_only(ExperienceSheet.state))
    for sheet in session.scalars(found.order_by(ExperienceSheet.language.desc())):
        listed[sheet.need_id].sheets.append(sheet)
    return list(listed.values())


def _states(row: _Listed) -> object:
    return [(NAMES[Language(one.language)], State(one.state)) for one in row.sheets] or Phrase("web.sheet.not_yet")


def _waits(row: _Listed) -> bool:
    return not row.sheets or any(one.state is SheetState.DRAFT for one in row.sheets)


IN_STATE = select(ExperienceSheet.need_id)

LISTING = Listing(
    "sheets",
    Project.need_id,
    select(Project).options(joinedload(Project.need).joinedload(Need.association)),
    columns=(
        *need_columns(lambda row: row.Project.need),
        commune_column(lambda row: row.Project.need.association),
        column("handed_over", lambda row: row.Project.handed_over_at, Project.handed_over_at),
        column("state", _states),
    ),
    filters=(
        choice("state", SheetState, lambda state: Project.need_id.in_(IN_STATE.where(ExperienceSheet.state == state))),
        *need_filters(Project.need_id),
        since(Project.handed_over_at),
        until(Project.handed_over_at),
    ),
    search=search_by_need(Project.need_id),
    only=Project.state.in_(HANDED_OVER),
    order=(Project.moved_at.desc(), Project.need_id.desc()),
    waiting=_waits,
    decides=True,
    read=_with_sheets,
)


@access("viewer")
def show() -> str | Answer:
    """List what was handed over, and how far its sheet is."""
    return answer(LISTING, "admin/sheets.html")


@access("viewer")
def one(number: int) -> str:
    """Show a project's sheets in their languages, who agreed, and what is lacking."""
    with reading(container().engine) as session:
        need = session.get(Need, number)
        # First the one that who looks can read.
        sheets = sorted(sheets_of(session, number), key=lambda sheet: sheet.language != language())
        if not need or not sheets:
            abort(404)
        consents = consents_of(session, number)
        sides = [(need.association.name, consents.get(VILLAGE))]
        sides += [(one.name, consents.get(one.id)) for one in associations_of(session, number)]
        shown = [(sheet, read_experience(session, sheet), lacking(session, sheet)) for sheet in sheets]
        # Who answered is not asked again.
        unanswered = any(consent is None or consent.agreed is None for _, consent in sides)
        return render_template(
            "admin/sheet.html", need=need, shown=shown, sides=sides, unanswered=unanswered, longest=LONGEST
        )


@access("viewer")
def paper(number: int, language: str) -> Response:
    """Return a sheet as a PDF, published or not."""
    with reading(container().engine) as session:
        found = [one for one in sheets_of(session, number) if one.language == language]
        if not found:
            abort(404)
        read = read_experience(session, found[0])
    return pdf(read)


@access("coordinator")
def draft(number: int) -> Answer:
    """Draw the facts anew."""
    return _done(number, "draft", draft_sheet)


@access("coordinator")
def complete(number: int) -> Answer:
    """Write the words of one language."""
    words = {name: _written(name) for name in LONGEST}
    user_id, language = signed_in().id, request.form.get("language", "")
    with transaction(container().engine) as session:
        complete_sheet(session, now(), user_id=user_id, need_id=number, language=language, words=Words(**words))
    return _back(number, "complete")


@access("coordinator")
def ask(number: int) -> Answer:
    """Ask the village for the sheet, and partners for their names."""
    return _done(number, "ask", ask_consent)


@access("coordinator")
def publish(number: int) -> Answer:
    """Publish one language."""
    return _done(number, "publish", publish_sheet, language=request.form.get("language", ""))


@access("coordinator")
def withdraw(number: int) -> Answer:
    """Take all of them down."""
    return _done(number, "withdraw", take_down)


DEEDS: Mapping[str, Callable[[int], Answer]] = {
    "draft": draft,
    "complete": complete,
    "ask": ask,
    "publish": publish,
    "withdraw": withdraw,
}


def _written(name: str) -> str:
    """Return what was typed, line by line as it was."""
    lines = (clean(line) for line in request.form.get(name, "").splitlines())
    return "\n".join(line for line in lines if line)[: LONGEST[name]]


def _done(number: int, done: str, deed: Callable[..., Any], **what: str) -> Answer:
    with transaction(container().engine) as session:
        deed(session, now(), actor=f"user:{signed_in().id}", need_id=number, **what)
    return _back(number, done)


def _back(number: int, done: str) -> Answer:
    flash(voice().say(f"web.sheet.done.{done}"))
    return redirect(url_for("admin.sheet", number=number))
