"""Experience sheets: what others can learn from a project, as everybody may read it once it is published."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from service.domain.errors import NotFoundError
from service.domain.scopes import Scope
from service.domain.sectors import Sector
from service.domain.testimonies import SheetState
from service.models.needs import Need
from service.models.sheets import ExperienceSheet
from service.usecases.experiences import read_experience
from service.web.api.operations import Call, Operations
from service.web.api.paging import Page, PageQuery, asked, cut, of_needs
from service.web.api.shapes import Reference

operations = Operations("Experience sheets")
NEED = joinedload(ExperienceSheet.need).joinedload(Need.association)


class Quote(BaseModel):
    """What somebody said of the project."""

    text: str
    language: str
    by: str


class Reading(BaseModel):
    """What is published."""

    title: str
    place: str
    summary: str
    difficulties: str
    lessons: str
    quotes: list[Quote]


class SheetSummary(BaseModel):
    """A project's sheet in one language, in a list."""

    project: str = Field(description="Its reference.")
    language: str
    sector: Sector
    state: SheetState
    drafted_at: datetime
    published_at: datetime | None


class SheetShown(SheetSummary):
    """A project's sheet in one language, to be read."""

    reading: Reading | None = Field(description="Null while it is not published.")


class SheetsShown(BaseModel):
    """A project's sheets, one a language."""

    project: str
    sheets: list[SheetShown]


class SheetQuery(PageQuery):
    """Which sheets."""

    state: SheetState | None = None
    sector: Sector | None = None
    project: Reference | None = None


@operations.get("/experience-sheets", Scope.SHEETS_READ)
def several(call: Call, query: SheetQuery) -> Page[SheetSummary]:
    """List experience sheets, each language by itself."""
    which = of_needs(ExperienceSheet.need_id, sector=query.sector, reference=query.project)
    found = select(ExperienceSheet).filter_by(**asked(state=query.state)).where(*which)
    rows, following = cut(call, query, found.options(NEED), ExperienceSheet.need_id, ExperienceSheet.language)
    return Page(items=[SheetSummary(**_summary(sheet)) for sheet in rows], next=following)


@operations.get("/experience-sheets/<reference:reference>", Scope.SHEETS_READ)
def one(call: Call, reference: str) -> SheetsShown:
    """Show a project's experience sheets."""
    found = select(ExperienceSheet).join(ExperienceSheet.need).where(Need.reference == reference)
    sheets = call.session.scalars(found.order_by(ExperienceSheet.language)).all()
    if not sheets:
        raise NotFoundError
    return SheetsShown(project=reference, sheets=[_shown(call, sheet) for sheet in sheets])


def _shown(call: Call, sheet: ExperienceSheet) -> SheetShown:
    return SheetShown(**_summary(sheet), reading=_reading(call, sheet) if sheet.state is SheetState.PUBLISHED else None)


def _summary(sheet: ExperienceSheet) -> dict[str, Any]:
    return {
        "project": sheet.need.reference,
        "language": sheet.language,
        "sector": sheet.need.sector,
        "state": sheet.state,
        "drafted_at": sheet.drafted_at,
        "published_at": sheet.published_at,
    }


def _reading(call: Call, sheet: ExperienceSheet) -> Reading:
    read = read_experience(call.session, sheet)
    return Reading(
        title=read.title,
        place=read.place,
        summary=read.summary,
        difficulties=read.difficulties,
        lessons=read.lessons,
        quotes=[Quote(text=quote.text, language=quote.language, by=quote.by) for quote in read.quotes],
    )
