"""Experience sheets (*fiches d'expérience*): what others can learn from a project."""

from collections.abc import Collection
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, ForeignKey, String, Text, case, select
from sqlalchemy.orm import Mapped, Session, contains_eager, mapped_column, relationship

from service.domain.sectors import Sector
from service.domain.testimonies import SheetState
from service.models.associations import VillageAssociation
from service.models.base import Base, Id, stored
from service.models.communes import Commune
from service.models.needs import Need


class ExperienceSheet(Base):
    """A project's sheet in one language: drafted from the record, completed by a coordinator, published with consent.

    `facts` is what the record said when it was drafted (dates, actors, money, steps); the words are the coordinator's.
    """

    __tablename__ = "experience_sheets"

    need_id: Mapped[int] = mapped_column(ForeignKey("needs.id"), primary_key=True)
    language: Mapped[str] = mapped_column(String(8), primary_key=True)
    state: Mapped[SheetState] = mapped_column(stored(SheetState))
    title: Mapped[str] = mapped_column(String(120))
    summary: Mapped[str] = mapped_column(Text, default="")
    difficulties: Mapped[str] = mapped_column(Text, default="")
    lessons: Mapped[str] = mapped_column(Text, default="")
    facts: Mapped[dict[str, Any]]
    works_began_on: Mapped[date | None]
    works_ended_on: Mapped[date | None]
    drafted_at: Mapped[datetime]
    completed_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    published_at: Mapped[datetime | None]

    need: Mapped[Need] = relationship()


class SheetConsent(Base):
    """One side's answer to whether a project's sheet may be published; `diaspora_id` is 0 for the village.

    The village answers for the sheet, an association for its name in it. `agreed` is None until it answers.
    """

    __tablename__ = "sheet_consents"

    need_id: Mapped[int] = mapped_column(ForeignKey("needs.id"), primary_key=True)
    diaspora_id: Mapped[int] = mapped_column(Id, primary_key=True, default=0, autoincrement=False)
    agreed: Mapped[bool | None]
    actor: Mapped[str] = mapped_column(String(60), default="")
    channel: Mapped[str] = mapped_column(String(20), default="")
    asked_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]

    need: Mapped[Need] = relationship()


def sheets_of(session: Session, need_id: int) -> list[ExperienceSheet]:
    """Return a project's sheets, one a language, locked."""
    found = select(ExperienceSheet).where(ExperienceSheet.need_id == need_id).order_by(ExperienceSheet.language)
    locked = found.with_for_update(of=ExperienceSheet).execution_options(populate_existing=True)
    return list(session.scalars(locked))


def consents_of(session: Session, need_id: int) -> dict[int, SheetConsent]:
    """Return what was answered about a project's sheet, by who was asked: 0 is the village."""
    found = session.scalars(select(SheetConsent).where(SheetConsent.need_id == need_id))
    return {one.diaspora_id: one for one in found}


def consents_asked(session: Session, *, association_id: int = 0, diaspora_id: int = 0) -> list[SheetConsent]:
    """Return what a village, or an association abroad, was asked about sheets: what waits first, then the newest."""
    found = select(SheetConsent).where(SheetConsent.diaspora_id == diaspora_id)
    if not diaspora_id:
        found = found.where(SheetConsent.need_id.in_(select(Need.id).where(Need.association_id == association_id)))
    waits = case((SheetConsent.agreed.is_(None), 0), else_=1)
    return list(session.scalars(found.order_by(waits, SheetConsent.need_id.desc())))


def published_sheets(
    session: Session,
    languages: Collection[str],
    *,
    sector: Sector | None = None,
    around: Collection[str] = (),
    reference: str = "",
) -> list[ExperienceSheet]:
    """Return what everybody may read, each project once, in the first of `languages` that it has, else in any.

    What lies in one of the census codes `around` comes first: commune, then province, then region; then the newest.
    """
    found = (
        select(ExperienceSheet)
        .join(ExperienceSheet.need)
        .join(Need.association)
        .join(VillageAssociation.commune)
        .where(ExperienceSheet.state == SheetState.PUBLISHED)
        .options(
            contains_eager(ExperienceSheet.need)
            .contains_eager(Need.association)
            .contains_eager(VillageAssociation.commune)
        )
        .order_by(_distance(around), ExperienceSheet.published_at.desc(), ExperienceSheet.need_id)
    )
    if sector:
        found = found.where(Need.sector == sector)
    if reference:
        found = found.where(Need.reference == reference)
    wanted = list(languages)
    chosen: dict[int, ExperienceSheet] = {}
    for sheet in session.scalars(found):
        known = chosen.setdefault(sheet.need_id, sheet)
        if _place(wanted, sheet.language) < _place(wanted, known.language):
            chosen[sheet.need_id] = sheet
    return list(chosen.values())


def published_languages(session: Session, need_id: int) -> list[str]:
    """Return the languages in which everybody may read a project's sheet, French before Arabic."""
    found = select(ExperienceSheet.language).where(
        ExperienceSheet.need_id == need_id, ExperienceSheet.state == SheetState.PUBLISHED
    )
    return list(session.scalars(found.order_by(ExperienceSheet.language.desc())))


def _distance(around: Collection[str]) -> ColumnElement[int]:
    levels = (Commune.code, Commune.province_code, Commune.region_code)
    return case(*((column.in_(around), far) for far, column in enumerate(levels)), else_=len(levels))


def _place(languages: list[str], language: str) -> int:
    return languages.index(language) if language in languages else len(languages)
