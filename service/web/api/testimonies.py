"""Testimonies: published words for all who may read them, the others' only for who may see people."""

from datetime import datetime

from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from service.domain.scopes import Scope
from service.domain.testimonies import Publication, TestimonyState
from service.models.diaspora import Contact
from service.models.testimonies import Testimony
from service.web.api.operations import Call, Operations
from service.web.api.paging import Page, PageQuery, asked, cut, of_needs
from service.web.api.shapes import Reference

operations = Operations("Testimonies")
PARTS = (
    joinedload(Testimony.need),
    joinedload(Testimony.officer),
    joinedload(Testimony.contact).joinedload(Contact.association),
)


class TestimonyShown(BaseModel):
    """What somebody said of a project."""

    id: int
    project: str = Field(description="Its reference.")
    state: TestimonyState
    publication: Publication
    author: str | None = Field(description="A role or an association; null where its author is not to be named.")
    text: str | None = Field(description="Null while it is not published, without people:read.")
    language: str
    written_at: datetime
    decided_at: datetime | None


class TestimonyQuery(PageQuery):
    """Which testimonies."""

    state: TestimonyState | None = None
    project: Reference | None = None


@operations.get("/testimonies", Scope.TESTIMONIES_READ)
def several(call: Call, query: TestimonyQuery) -> Page[TestimonyShown]:
    """List testimonies."""
    which = of_needs(Testimony.need_id, reference=query.project)
    found = select(Testimony).filter_by(**asked(state=query.state)).where(*which)
    rows, following = cut(call, query, found.options(*PARTS), Testimony.id)
    return Page(items=[_shown(call, testimony) for testimony in rows], next=following)


@operations.get("/testimonies/<number:number>", Scope.TESTIMONIES_READ)
def one(call: Call, number: int) -> TestimonyShown:
    """Show a testimony."""
    return _shown(call, call.find(Testimony, number))


def _shown(call: Call, testimony: Testimony) -> TestimonyShown:
    published = testimony.state is TestimonyState.PUBLISHED and testimony.publication is not Publication.PRIVATE
    named = published and testimony.publication is Publication.NAMED
    return TestimonyShown(
        id=testimony.id,
        project=testimony.need.reference,
        state=testimony.state,
        publication=testimony.publication,
        author=_author(testimony) if named or call.sees_people else None,
        text=testimony.text if published or call.sees_people else None,
        language=testimony.language,
        written_at=testimony.written_at,
        decided_at=testimony.decided_at,
    )


def _author(testimony: Testimony) -> str | None:
    if testimony.contact:
        return testimony.contact.association.name
    return testimony.officer.role if testimony.officer else None
