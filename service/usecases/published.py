"""What everybody may know of projects: no amounts, no officers, no village by name, nothing that waits for a partner.

The law on appeals to the public (18-18) lets no need be shown that looks for money, so a project is shown from the
day its works begin; the one that protects persons (09-08) lets nobody be named who did not agree. All is looked up
whenever it is read: who withdraws is gone from every page, the feed, the site map and the search at once.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, contains_eager, joinedload

from service.domain.milestones import TEMPLATES, Milestone
from service.domain.projects import ProjectMove, ProjectState
from service.domain.sectors import Sector
from service.domain.states import ReportState
from service.domain.testimonies import Publication, TestimonyState
from service.locales import Speaker
from service.logs import masked
from service.messaging.phrases import words
from service.models.associations import VillageAssociation
from service.models.communes import Province
from service.models.diaspora import DiasporaAssociation
from service.models.listings import is_listed
from service.models.needs import Need
from service.models.progress import ProgressReport, milestone_reached
from service.models.projects import Project, ProjectStep
from service.models.proposals import partners_of
from service.models.testimonies import Testimony
from service.usecases.experiences import Quote, author_of, named_in

FINISHED = (ProjectState.HANDED_OVER, ProjectState.CLOSED)
SHOWN = (ProjectState.WORKS, ProjectState.ACCEPTED, *FINISHED)
WHOLE = 100  # percent


@dataclass(frozen=True)
class Card:
    """A project in a few words. `percent` is as the village declared it last; None when it has not yet."""

    need_id: int
    reference: str
    sector: Sector
    place: str
    households: int
    state: ProjectState
    percent: int | None
    began_on: date | None
    ended_on: date | None
    moved_at: datetime

    @property
    def finished(self) -> bool:
        """Whether it was handed over to the village."""
        return self.state in FINISHED


@dataclass(frozen=True)
class Story:
    """A project as its own page tells it: the steps of its works, whether each is reached, who helped, what is said.

    `partners` are those that agreed to be named, `others` how many more there are. `reported_on` and `confirmed` say
    where the percent comes from.
    """

    card: Card
    steps: tuple[tuple[Milestone, bool], ...]
    reported_on: date | None
    confirmed: bool
    partners: tuple[str, ...]
    others: int
    quotes: tuple[Quote, ...]


def shown_projects(*, sector: Sector | None = None, finished: bool | None = None) -> Select[Any]:
    """Select the projects that everybody may see, the last moved first, with their needs and communes.

    `finished` keeps those handed over, or those that are not.
    """
    found = (
        select(Project)
        .join(Project.need)
        .join(Need.association)
        .join(VillageAssociation.commune)
        .where(Project.state.in_(SHOWN))
        .options(
            contains_eager(Project.need).contains_eager(Need.association).contains_eager(VillageAssociation.commune)
        )
        .order_by(Project.moved_at.desc(), Project.need_id.desc())
    )
    if sector:
        found = found.where(Need.sector == sector)
    if finished is not None:
        found = found.where(Project.state.in_(FINISHED) if finished else Project.state.not_in(FINISHED))
    return found


def cards(session: Session, voice: Speaker, projects: Sequence[Project]) -> list[Card]:
    """Return projects in a few words, with a constant number of queries."""
    numbers = [one.need_id for one in projects]
    days, reports = _days(session, numbers), _reports(session, numbers)
    return [_card(voice, one, days, reports.get(one.need_id)) for one in projects]


def story_of(session: Session, voice: Speaker, reference: str) -> Story | None:
    """Return a project as its page tells it; None when there is none that everybody may see."""
    project = session.scalars(shown_projects().where(Need.reference == reference)).first()
    if not project:
        return None
    number = project.need_id
    report = _reports(session, [number]).get(number)
    card = _card(voice, project, _days(session, [number]), report)
    named, others = partner_names(session, number)
    return Story(
        card=card,
        steps=_steps(session, card),
        reported_on=report.reported_at.date() if report and not card.finished else None,
        confirmed=report is not None and report.state is ReportState.CONFIRMED,
        partners=tuple(named),
        others=others,
        quotes=tuple(quote for _, quote in quotes(session, voice, _said_of(session, number))),
    )


def shown_words() -> Select[Any]:
    """Select the testimonies that everybody may read, of projects that everybody may see, the newest first."""
    return (
        select(Testimony)
        .join(Testimony.need)
        .join(Project, Project.need_id == Need.id)
        .join(Need.association)
        .where(
            Testimony.state == TestimonyState.PUBLISHED,
            Testimony.publication != Publication.PRIVATE,
            Testimony.text != "",
            Project.state.in_(SHOWN),
        )
        .options(
            contains_eager(Testimony.need).contains_eager(Need.association),
            joinedload(Testimony.officer),
            joinedload(Testimony.contact),
        )
        .order_by(Testimony.decided_at.desc(), Testimony.id.desc())
    )


def quotes(session: Session, voice: Speaker, said: Iterable[Testimony]) -> list[tuple[Need, Quote]]:
    """Return testimonies as they are shown, with the need each is about; a number that slipped in is masked."""
    return [
        (one.need, Quote(masked(one.text), one.language, author_of(one, voice, named_in(session, one.need_id, voice))))
        for one in said
    ]


def partner_names(session: Session, number: int) -> tuple[list[str], int]:
    """Return the partners of a project that agreed to be named on the public pages, and how many more there are."""
    partners = [one.diaspora_id for one in partners_of(session, number)]
    found = select(DiasporaAssociation.name).where(DiasporaAssociation.id.in_(partners), is_listed())
    names = list(session.scalars(found.order_by(DiasporaAssociation.name)))
    return names, len(partners) - len(names)


def place_of_need(voice: Speaker, need: Need) -> str:
    """Return the commune and the province of a need."""
    commune = need.association.commune
    province = Province(commune.province_code, commune.province_fr, commune.province_ar)
    where: dict[str, Any] = words(voice, {"commune": commune, "province": province})
    return voice.say("public.place", **where)


def _said_of(session: Session, number: int) -> Iterable[Testimony]:
    return session.scalars(shown_words().where(Testimony.need_id == number))


def _card(
    voice: Speaker, project: Project, days: dict[tuple[int, ProjectMove], date], last: ProgressReport | None
) -> Card:
    need, state = project.need, project.state
    percent = last.percent if last else None
    ended = days.get((need.id, ProjectMove.ACCEPT)) or days.get((need.id, ProjectMove.HAND_OVER))
    return Card(
        need_id=need.id,
        reference=need.reference,
        sector=need.sector,
        place=place_of_need(voice, need),
        households=need.households,
        state=state,
        percent=WHOLE if state in FINISHED else percent,
        began_on=days.get((need.id, ProjectMove.BEGIN_WORKS)),
        ended_on=None if state is ProjectState.WORKS else ended,
        moved_at=project.moved_at,
    )


def _days(session: Session, numbers: Collection[int]) -> dict[tuple[int, ProjectMove], date]:
    """Return when each project came where it is: the last time each move was made."""
    told = (ProjectMove.BEGIN_WORKS, ProjectMove.ACCEPT, ProjectMove.HAND_OVER)
    found = select(ProjectStep.need_id, ProjectStep.move, func.max(ProjectStep.at)).where(
        ProjectStep.need_id.in_(numbers), ProjectStep.move.in_(told)
    )
    rows = session.execute(found.group_by(ProjectStep.need_id, ProjectStep.move))
    return {(number, move): at.date() for number, move, at in rows}


def _reports(session: Session, numbers: Collection[int]) -> dict[int, ProgressReport]:
    """Return what was reported last of each project and not disputed."""
    said = (ProgressReport.need_id.in_(numbers), ProgressReport.state != ReportState.DISPUTED)
    newest = select(func.max(ProgressReport.id)).where(*said).group_by(ProgressReport.need_id)
    found = session.scalars(select(ProgressReport).where(ProgressReport.id.in_(newest)))
    return {one.need_id: one for one in found}


def _steps(session: Session, card: Card) -> tuple[tuple[Milestone, bool], ...]:
    steps = list(TEMPLATES[card.sector])
    reached = milestone_reached(session, card.need_id)
    # Where no step was named, the percent says which are usually behind.
    usual = sum(percent <= (card.percent or 0) for percent in TEMPLATES[card.sector].values())
    done = steps.index(reached) + 1 if reached in steps else usual
    return tuple((step, card.finished or place < done) for place, step in enumerate(steps))
