"""What the admin pages list: what waits for a decision first, oldest first, then the rest, newest first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar, TypeVarTuple

from sqlalchemy import ColumnElement, Select, case, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session, joinedload, selectinload

from service.domain.projects import ProjectState
from service.domain.states import AssociationState, NeedState
from service.domain.testimonies import Publication, TestimonyState
from service.locales import Language
from service.models import (
    Contact,
    DiasporaAssociation,
    ExperienceSheet,
    Need,
    Officer,
    ProgressReport,
    Project,
    Recording,
    Testimony,
    VillageAssociation,
)
from service.usecases.sheets import HANDED_OVER

PER_PAGE = 50
Row = TypeVar("Row")
Rows = TypeVarTuple("Rows")
Query = Select[*tuple[Any, ...]]


@dataclass(frozen=True)
class Page(Generic[Row]):
    """Some rows of a long list; pages count from 1."""

    rows: Sequence[Row]
    number: int
    pages: int


def list_associations(session: Session, number: int, only: int | None = None) -> Page[VillageAssociation]:
    """Return a page of village associations with their communes and officers; `only` is the id of one to show alone."""
    query = select(VillageAssociation).options(selectinload(VillageAssociation.officers))
    if only is not None:
        query = query.where(VillageAssociation.id == only)
    order = _waiting_first(_pending(), VillageAssociation.registered_at, VillageAssociation.id)
    page, pages = _cut(session, query, number)
    return Page(session.scalars(_slice(query.order_by(*order), page)).all(), page, pages)


def list_diaspora(session: Session, number: int) -> Page[DiasporaAssociation]:
    """Return a page of associations of emigrants with their contacts, origins and interests; who left is left out."""
    query = select(DiasporaAssociation).where(DiasporaAssociation.left_at.is_(None))
    order = _waiting_first(_enrolled(), DiasporaAssociation.registered_at, DiasporaAssociation.id)
    page, pages = _cut(session, query, number)
    rows = _slice(query.order_by(*order), page).options(
        selectinload(DiasporaAssociation.contacts),
        selectinload(DiasporaAssociation.origins),
        selectinload(DiasporaAssociation.interests),
    )
    return Page(session.scalars(rows).all(), page, pages)


def list_needs(session: Session, number: int) -> Page[tuple[Need, Officer]]:
    """Return a page of needs with their associations and communes, each with the officer who reported it."""
    query = select(Need, Officer).join(Officer, Officer.id == Need.reported_by).options(joinedload(Need.association))
    page, pages = _cut(session, query, number)
    order = _waiting_first(_reported(), Need.reported_at, Need.id)
    return Page(
        [(need, officer) for need, officer in session.execute(_slice(query.order_by(*order), page))],
        page,
        pages,
    )


@dataclass(frozen=True)
class ProjectRow:
    """A project with its need, and the percent last reported, by when; both None when nothing was."""

    project: Project
    percent: int | None
    reported_at: datetime | None


def list_projects(session: Session, number: int, state: ProjectState | None, first: Sequence[int]) -> Page[ProjectRow]:
    """Return a page of projects in a state, or in any: `first` those of these needs, then the last moved."""
    newest = select(func.max(ProgressReport.id)).where(ProgressReport.need_id == Project.need_id)
    query = select(Project, ProgressReport).outerjoin(
        ProgressReport, ProgressReport.id == newest.correlate(Project).scalar_subquery()
    )
    if state:
        query = query.where(Project.state == state)
    page, pages = _cut(session, query, number)
    order = (case((Project.need_id.in_(first), 0), else_=1), Project.moved_at.desc(), Project.need_id)
    rows = _slice(query.order_by(*order).options(joinedload(Project.need).joinedload(Need.association)), page)
    found = [
        ProjectRow(project, report.percent if report else None, report.reported_at if report else None)
        for project, report in session.execute(rows)
    ]
    return Page(found, page, pages)


def list_testimonies(session: Session, number: int) -> Page[Testimony]:
    """Return a page of testimonies with their projects and authors; what was withdrawn is left out."""
    query = select(Testimony).where(Testimony.state != TestimonyState.WITHDRAWN)
    page, pages = _cut(session, query, number)
    order = _waiting_first(_unread(), Testimony.written_at, Testimony.id)
    rows = _slice(query.order_by(*order), page).options(
        joinedload(Testimony.need).joinedload(Need.association),
        joinedload(Testimony.officer),
        joinedload(Testimony.contact).joinedload(Contact.association),
        joinedload(Testimony.recording).defer(Recording.sound),
    )
    return Page(session.scalars(rows).all(), page, pages)


def list_handed_over(session: Session, number: int) -> Page[tuple[Need, ExperienceSheet | None]]:
    """Return a page of projects that were handed over, each with its sheet in French if there is one; newest first."""
    french = (ExperienceSheet.need_id == Need.id) & (ExperienceSheet.language == Language.FR)
    query = (
        select(Need, ExperienceSheet)
        .join(Project, Project.need_id == Need.id)
        .outerjoin(ExperienceSheet, french)
        .where(Project.state.in_(HANDED_OVER))
        .options(joinedload(Need.association))
    )
    page, pages = _cut(session, query, number)
    rows = session.execute(_slice(query.order_by(Project.moved_at.desc(), Need.id), page))
    return Page([(need, sheet) for need, sheet in rows], page, pages)


def _unread() -> ColumnElement[bool]:
    return (Testimony.state == TestimonyState.GIVEN) & (Testimony.publication != Publication.PRIVATE)


def _pending() -> ColumnElement[bool]:
    return VillageAssociation.state == AssociationState.PENDING


def _enrolled() -> ColumnElement[bool]:
    return (DiasporaAssociation.state == AssociationState.PENDING) & DiasporaAssociation.left_at.is_(None)


def _reported() -> ColumnElement[bool]:
    return Need.state == NeedState.REPORTED


def _waiting_first(waits: ColumnElement[bool], at: InstrumentedAttribute[Any], key: Any) -> list[ColumnElement[Any]]:
    return [case((waits, 0), else_=1), case((waits, at)), at.desc(), key]


def _cut(session: Session, query: Query, number: int) -> tuple[int, int]:
    pages = max(1, -(-_count(session, query) // PER_PAGE))
    return min(max(number, 1), pages), pages


def _count(session: Session, query: Query) -> int:
    return session.scalar(select(func.count()).select_from(query.with_only_columns(1).order_by(None).subquery())) or 0


def _slice(query: Select[*Rows], page: int) -> Select[*Rows]:
    return query.limit(PER_PAGE).offset((page - 1) * PER_PAGE)
