"""Experience sheets: drafted from the record, completed by a coordinator, published while everybody named agrees."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from service.domain.errors import MoveError, NotAllowedError, NotFoundError
from service.domain.phone import mentions_phone
from service.domain.projects import ProjectMove, ProjectState
from service.domain.roles import OFFICERS
from service.domain.states import move
from service.domain.testimonies import SHEET_MOVES, SheetState
from service.locales import Language, speaker
from service.messaging.outbox import tell
from service.models.associations import Officer
from service.models.audit import record
from service.models.diaspora import Contact, DiasporaAssociation
from service.models.needs import Need, need_by_reference
from service.models.projects import Project
from service.models.proposals import partners_of
from service.models.sheets import ExperienceSheet, SheetConsent, consents_of, sheets_of
from service.usecases.drafts import Facts, draw_facts, told_steps
from service.usecases.experiences import place_in, problems_in

# What a sheet is written in; who speaks another language reads French.
LANGUAGES = (Language.FR, Language.AR)
HANDED_OVER = (ProjectState.HANDED_OVER, ProjectState.CLOSED)
VILLAGE = 0  # in the place of an association abroad
DRAFTED_AT_ONCE = 50
MAY_BE_EMPTY = "difficulties"


@dataclass(frozen=True)
class Words:
    """What a coordinator writes of a project."""

    title: str
    summary: str
    difficulties: str
    lessons: str


@dataclass(frozen=True)
class Lack:
    """What keeps a sheet from being published, as the last part of `web.sheet.lacks.…`, and in which of its words."""

    what: str
    field: str = ""


def draft_sheet(session: Session, now: datetime, *, actor: str, need_id: int) -> list[ExperienceSheet]:
    """Draw the facts of a project anew, in each language of sheets; words that somebody wrote stay.

    Raises NotFoundError when the need is no project, MoveError before the handover, and while its sheet is published.
    """
    need, project = session.get(Need, need_id), session.get(Project, need_id)
    if not need or not project:
        raise NotFoundError
    if project.state not in HANDED_OVER:
        raise MoveError(before=project.state, after=ProjectState.HANDED_OVER)
    drafted = {one.language: one for one in sheets_of(session, need_id)}
    if any(one.state is SheetState.PUBLISHED for one in drafted.values()):
        raise MoveError(before=SheetState.PUBLISHED, after=SheetState.DRAFT)
    facts, steps = draw_facts(session, need, project), told_steps(session, need_id)
    for language in LANGUAGES:
        sheet = drafted.get(language) or _begun(session, need, language, facts)
        sheet.state, sheet.facts, sheet.drafted_at = SheetState.DRAFT, facts, now
        sheet.works_began_on = steps.get(ProjectMove.BEGIN_WORKS)
        sheet.works_ended_on = steps.get(ProjectMove.ACCEPT) or steps.get(ProjectMove.HAND_OVER)
    session.flush()
    record(session, now, actor, "sheet.drafted", f"need:{need_id}")
    return sheets_of(session, need_id)


def draft_missing(session: Session, now: datetime) -> int:
    """Draft the sheets of projects that were handed over and have none, up to fifty; return of how many."""
    without = select(Project.need_id).where(
        Project.state.in_(HANDED_OVER), ~exists().where(ExperienceSheet.need_id == Project.need_id)
    )
    waiting = session.scalars(without.order_by(Project.need_id).limit(DRAFTED_AT_ONCE)).all()
    for need_id in waiting:
        draft_sheet(session, now, actor="job:sheets", need_id=need_id)
    return len(waiting)


def complete_sheet(
    session: Session, now: datetime, *, user_id: int, need_id: int, language: str, words: Words
) -> ExperienceSheet:
    """Write a coordinator's words into a draft. Raises NotFoundError, or MoveError when it is no draft."""
    sheet = _sheet(session, need_id, language)
    if sheet.state is not SheetState.DRAFT:
        raise MoveError(before=sheet.state, after=SheetState.DRAFT)
    sheet.title, sheet.summary = words.title, words.summary
    sheet.difficulties, sheet.lessons = words.difficulties, words.lessons
    sheet.completed_by = user_id
    record(session, now, f"user:{user_id}", "sheet.completed", f"need:{need_id}", language=language)
    return sheet


def ask_consent(session: Session, now: datetime, *, actor: str, need_id: int) -> None:
    """Ask the village whether the sheet may be published, and each partner whether with its name.

    Who answered is not asked again. Raises NotFoundError when nothing is drafted.
    """
    if not sheets_of(session, need_id):
        raise NotFoundError
    need = session.get_one(Need, need_id)
    officers = [one for one in need.association.active_officers if one.role in OFFICERS]
    _ask(session, now, need, VILLAGE, officers)
    for partner in associations_of(session, need_id):
        _ask(session, now, need, partner.id, partner.active_contacts)
    record(session, now, actor, "sheet.consent_asked", f"need:{need_id}")


def answer_consent(
    session: Session, now: datetime, *, author: Officer | Contact, reference: str, agreed: bool, channel: str
) -> None:
    """Note a village's or a partner's yes or no; a no takes a published sheet down at once, in all its languages.

    Raises NotFoundError when nobody asked them, NotAllowedError for a witness.
    """
    of_village = isinstance(author, Officer)
    if isinstance(author, Officer) and author.role not in OFFICERS:
        raise NotAllowedError
    need = need_by_reference(session, reference)
    mine = need and (not of_village or need.association_id == author.association_id)
    side = VILLAGE if of_village else author.association_id
    consent = session.get(SheetConsent, (need.id, side), with_for_update=True) if need and mine else None
    if not need or not consent:
        raise NotFoundError
    actor = f"{'officer' if of_village else 'contact'}:{author.id}"
    consent.agreed, consent.answered_at, consent.actor, consent.channel = agreed, now, actor, channel
    record(session, now, actor, "sheet.consent", f"need:{need.id}", agreed=agreed, channel=channel)
    if not agreed:
        _take_down(session, now, actor, need.id)


def publish_sheet(session: Session, now: datetime, *, actor: str, need_id: int, language: str) -> ExperienceSheet:
    """Let everybody read a sheet, and tell those it is about.

    Raises NotFoundError, or MoveError when it is no draft or anything is lacking (`lacking`).
    """
    sheet = _sheet(session, need_id, language)
    if lacking(session, sheet):
        raise MoveError(before=sheet.state, after=SheetState.PUBLISHED)
    sheet.state, sheet.published_at = move(SHEET_MOVES, sheet.state, SheetState.PUBLISHED), now
    record(session, now, actor, "sheet.published", f"need:{need_id}", language=language)
    _tell_all(session, now, sheet.need)
    return sheet


def take_down(session: Session, now: datetime, *, actor: str, need_id: int) -> None:
    """Let nobody read a project's sheets any more. Raises NotFoundError when none is published."""
    if not _take_down(session, now, actor, need_id):
        raise NotFoundError


def lacking(session: Session, sheet: ExperienceSheet) -> list[Lack]:
    """Return what keeps a sheet from being published, in the order of its words."""
    consents = consents_of(session, sheet.need_id)
    unnamed = [
        one.name.casefold()
        for one in associations_of(session, sheet.need_id)
        if one.id not in consents or not consents[one.id].agreed
    ]
    agreed = VILLAGE in consents and consents[VILLAGE].agreed is True
    lacks = [] if agreed else [Lack("village")]
    for field in (one.name for one in fields(Words)):
        text = getattr(sheet, field)
        checks = {
            "words": bool(text) or field == MAY_BE_EMPTY,
            "phone": not mentions_phone(text),
            "name": not any(name in text.casefold() for name in unnamed),
        }
        lacks += [Lack(what, field) for what, right in checks.items() if not right]
    return lacks


def _begun(session: Session, need: Need, language: Language, facts: Facts) -> ExperienceSheet:
    """Return a new sheet whose words are the record's, for a coordinator to better."""
    voice = speaker(language)
    said = {"sector": need.sector, "households": facts["households"], **place_in(voice, need)}
    sheet = ExperienceSheet(
        need_id=need.id,
        language=language,
        title=voice.say("sheet.title", **said)[:120],
        summary=voice.say("sheet.summary", **said),
        difficulties=problems_in(voice, facts["problems"]),
        lessons="",
        published_at=None,
        completed_by=None,
    )
    session.add(sheet)
    return sheet


def _sheet(session: Session, need_id: int, language: str) -> ExperienceSheet:
    found = next((one for one in sheets_of(session, need_id) if one.language == language), None)
    if not found:
        raise NotFoundError
    return found


def associations_of(session: Session, need_id: int) -> list[DiasporaAssociation]:
    """Return the associations abroad that take part in a project."""
    return [one.diaspora for one in partners_of(session, need_id)]


def _ask(session: Session, now: datetime, need: Need, side: int, people: Sequence[Officer | Contact]) -> None:
    consent = session.get(SheetConsent, (need.id, side), with_for_update=True)
    if not consent:
        consent = SheetConsent(need_id=need.id, diaspora_id=side, agreed=None, asked_at=now, answered_at=None)
        session.add(consent)
    if consent.agreed is not None:
        return
    consent.asked_at = now
    template = "sheet_name_asked" if side else "sheet_asked"
    _tell(session, now, need, template, [one.phone for one in people])


def _take_down(session: Session, now: datetime, actor: str, need_id: int) -> bool:
    published = [one for one in sheets_of(session, need_id) if one.state is SheetState.PUBLISHED]
    for sheet in published:
        sheet.state = move(SHEET_MOVES, sheet.state, SheetState.WITHDRAWN)
    if published:
        record(session, now, actor, "sheet.withdrawn", f"need:{need_id}")
    return bool(published)


def _tell_all(session: Session, now: datetime, need: Need) -> None:
    people = [*need.association.active_officers]
    phones = [one.phone for one in people]
    phones += [one.phone for partner in associations_of(session, need.id) for one in partner.active_contacts]
    _tell(session, now, need, "sheet_published", phones)


def _tell(session: Session, now: datetime, need: Need, template: str, phones: Sequence[str]) -> None:
    event = f"sheet:{need.id}:{template}:{now.date().isoformat()}"
    said: dict[str, Any] = {"reference": need.reference, "association": need.association.name, "sector": need.sector}
    for phone in phones:
        tell(session, now, event=event, phone=phone, template=template, **said)
