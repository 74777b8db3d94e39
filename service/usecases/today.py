"""What waits for the coordination, each matter with its first few: counted to a limit, with as many looks each day."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, case, exists, func, literal, null, select, union_all
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from service.domain.broadcasts import BroadcastState
from service.domain.ledger import ArrivalState
from service.domain.progress import ASKED
from service.domain.projects import LIVE, UNDER_WAY, Awaited, Party, ProjectState
from service.domain.spotchecks import FEWEST
from service.domain.states import AssociationState, MessageState, NeedState
from service.domain.testimonies import Publication, SheetState, TestimonyState
from service.models.associations import VillageAssociation, unattended
from service.models.broadcasts import Broadcast
from service.models.contributions import Arrival
from service.models.conversations import Conversation, is_unanswered
from service.models.diaspora import DiasporaAssociation
from service.models.messages import Message, is_dead
from service.models.needs import Need
from service.models.phones import Phone
from service.models.progress import ProgressReport, asks_for_help
from service.models.projects import Escalation, Project, follow_up_due
from service.models.proposals import is_unasked
from service.models.sheets import ExperienceSheet
from service.models.spotchecks import SpotAnswer, SpotCheck, SpotQuestion
from service.models.testimonies import Testimony
from service.models.users import User
from service.models.vouching import doubted
from service.usecases.escalations import COORDINATION
from service.usecases.silence import is_silent

FIRST = 5
MOST_COUNTED = 999
# What did not leave so long ago is no news; the page of messages still has it.
LATELY = timedelta(days=7)
TOLD_LATELY = timedelta(days=30)
# Of the residents who were asked, fewer than two in three say that it is so.
ENOUGH_YES = (2, 3)
HELP_WE_GIVE = [help_ for help_, asked in ASKED.items() if Party.COORDINATOR in asked]
GIVEN = (Testimony.state == TestimonyState.GIVEN, Testimony.publication != Publication.PRIVATE)
# The languages in which a sheet is a draft, by their codes.
DRAFTS = (
    select(func.aggregate_strings(ExperienceSheet.language, " "))
    .where(ExperienceSheet.need_id == Project.need_id, ExperienceSheet.state == SheetState.DRAFT)
    .correlate(Project)
    .scalar_subquery()
)
# Drafted sheets wait for a coordinator's words, each project once.
DRAFTED = Project.need_id.in_(select(ExperienceSheet.need_id).where(ExperienceSheet.state == SheetState.DRAFT))
Rows = Select[*tuple[Any, ...]]


class Matter(StrEnum):
    """What may wait, in the order in which it is shown."""

    ASSOCIATIONS = "associations"
    DIASPORA = "diaspora"
    NEEDS = "needs"
    UNASKED = "unasked"
    HELP = "help"
    DISPUTES = "disputes"
    DIFFERING = "differing"
    CONVERSATIONS = "conversations"
    NUMBERS = "numbers"
    BROADCASTS = "broadcasts"
    SILENT = "silent"
    SPOT_CHECKS = "spot_checks"
    FOLLOW_UPS = "follow_ups"
    TESTIMONIES = "testimonies"
    SHEETS = "sheets"
    UNKNOWN = "unknown"
    FAILED = "failed"
    UNATTENDED = "unattended"


@dataclass(frozen=True)
class Item:
    """One thing that waits: `number` is its id, `name` what somebody typed, `said` what has words, since when."""

    number: int
    reference: str
    name: str
    said: Sequence[object]
    since: datetime | None


@dataclass(frozen=True)
class Group:
    """What waits of one matter: the first few, and how many there are, `more` than counted."""

    matter: Matter
    items: Sequence[Item]
    count: int
    more: bool


def waiting(session: Session, now: datetime, silence_days: int, reader: int = 0) -> list[Group]:
    """Return what waits, without the matters of which nothing does; `silence_days` as in the settings.

    What the `reader` wrote waits for another.
    """
    silent = is_silent(session, now, silence_days)
    found = _matters(now, silent, reader)
    firsts = {**found, **_firsts(silent)}
    counts = session.execute(select(*(_counted(rows).label(matter) for matter, rows in found.items()))).one()
    groups = ((matter, rows, count) for (matter, rows), count in zip(found.items(), counts, strict=True) if count)
    return [
        Group(matter, _first(session, firsts[matter]), min(count, MOST_COUNTED), count > MOST_COUNTED)
        for matter, rows, count in groups
    ]


def _counted(rows: Rows) -> Any:
    some = rows.with_only_columns(literal(1).label("one")).order_by(None).limit(MOST_COUNTED + 1).subquery()
    return select(func.count()).select_from(some).scalar_subquery()


def _first(session: Session, rows: Rows) -> list[Item]:
    return [
        Item(number, reference, name, [one for one in said if one and one != "none"], since)
        for number, reference, name, since, *said in session.execute(rows.limit(FIRST))
    ]


def _matters(now: datetime, silent: ColumnElement[bool], reader: int) -> Mapping[Matter, Rows]:
    """Return, of each matter, (id, reference, name, since, what has words…) of all that waits, the oldest first."""
    return {
        Matter.ASSOCIATIONS: _pending(VillageAssociation),
        Matter.DIASPORA: _pending(DiasporaAssociation).where(DiasporaAssociation.left_at.is_(None)),
        Matter.NEEDS: _needs(Need.reported_at).where(Need.state == NeedState.REPORTED),
        Matter.UNASKED: _needs(Need.verified_at).where(is_unasked()),
        Matter.HELP: _help(),
        Matter.DISPUTES: _projects(Project.moved_at).where(Project.state == ProjectState.DISPUTED),
        Matter.DIFFERING: _of_needs(Arrival.confirmed_at, Arrival)
        .where(Arrival.state == ArrivalState.DIFFERENT)
        .order_by(Arrival.id),
        Matter.CONVERSATIONS: select(Conversation.id, literal(""), Conversation.phone, Conversation.waiting_since)
        .where(is_unanswered())
        .order_by(Conversation.waiting_since, Conversation.id),
        Matter.NUMBERS: select(literal(0), literal(""), Phone.number, Phone.doubted_at)
        .where(*doubted())
        .order_by(Phone.doubted_at, Phone.number),
        Matter.BROADCASTS: select(Broadcast.id, literal(""), User.name, Broadcast.written_at)
        .join(User, User.id == Broadcast.written_by)
        .where(Broadcast.state == BroadcastState.WRITTEN, Broadcast.written_by != reader)
        .order_by(Broadcast.id),
        Matter.SILENT: _projects(Project.moved_at).where(silent),
        Matter.SPOT_CHECKS: _spot_checks(now),
        Matter.FOLLOW_UPS: _follow_ups(now),
        Matter.TESTIMONIES: _testimonies(*GIVEN),
        Matter.SHEETS: _projects(Project.handed_over_at).where(DRAFTED),
        Matter.UNKNOWN: _messages(Message.id).where(Message.state == MessageState.UNKNOWN),
        Matter.FAILED: _messages(Message.final_at.desc()).where(is_dead(), Message.final_at >= now - LATELY),
        Matter.UNATTENDED: select(
            VillageAssociation.id, literal(""), VillageAssociation.name, null(), VillageAssociation.douar
        )
        .where(*unattended())
        .order_by(VillageAssociation.id),
    }


def _firsts(silent: ColumnElement[bool]) -> Mapping[Matter, Rows]:
    """Return how the first of some matters are found where thousands wait: before anything is joined to them."""
    given = select(Testimony.id).where(*GIVEN).order_by(Testimony.written_at, Testimony.id).limit(FIRST)
    drafted = select(Project.need_id).where(DRAFTED).order_by(Project.handed_over_at, Project.need_id).limit(FIRST)
    return {
        Matter.SILENT: _first_silent(silent),
        Matter.TESTIMONIES: _testimonies(Testimony.id.in_(given)),
        Matter.SHEETS: _projects(Project.handed_over_at).add_columns(DRAFTS).where(Project.need_id.in_(drafted)),
    }


def _pending(entity: type[VillageAssociation | DiasporaAssociation]) -> Rows:
    place = entity.douar if issubclass(entity, VillageAssociation) else DiasporaAssociation.city
    rows: Rows = select(entity.id, literal(""), entity.name, entity.registered_at, place)
    return rows.where(entity.state == AssociationState.PENDING).order_by(entity.registered_at, entity.id)


def _needs(since: Any) -> Rows:
    rows: Rows = select(Need.id, Need.reference, Need.title, since, Need.sector)
    return rows.order_by(since, Need.id)


def _of_needs(since: Any, entity: Any, *said: Any) -> Rows:
    """Return rows of something that belongs to a need: they lead to the need, and are named by its association."""
    columns = (Need.id, Need.reference, VillageAssociation.name, since, *said)
    rows: Rows = select(*columns).select_from(entity).join(Need, Need.id == entity.need_id).join(Need.association)
    return rows


def _projects(since: Any) -> Rows:
    return _of_needs(since, Project, Need.sector).order_by(since, Project.need_id)


def _first_silent(silent: ColumnElement[bool]) -> Rows:
    """Return the first of the silent projects: of each state the index has them in order."""
    firsts = [
        select(Project.need_id)
        .where(Project.state == state, silent)
        .order_by(Project.moved_at, Project.need_id)
        .limit(FIRST)
        .subquery()
        for state in sorted(UNDER_WAY)
    ]
    return _projects(Project.moved_at).where(Project.need_id.in_(union_all(*map(select, firsts))))


def _help() -> Rows:
    """Return the projects whose last report asks for what the coordination can give, the newest first.

    The few reports that ask for anything are looked through by their index, before anything is joined to them.
    """
    newer = aliased(ProgressReport)
    asking = select(ProgressReport.id).where(
        asks_for_help(),
        ProgressReport.help_wanted.in_(HELP_WE_GIVE),
        exists().where(Project.need_id == ProgressReport.need_id, Project.state.in_(UNDER_WAY)),
        ~exists().where(newer.need_id == ProgressReport.need_id, newer.id > ProgressReport.id),
    )
    newest = asking.order_by(ProgressReport.id.desc()).limit(MOST_COUNTED + 1).subquery()
    wanted = _of_needs(ProgressReport.reported_at, ProgressReport, ProgressReport.problem, ProgressReport.help_wanted)
    return wanted.where(ProgressReport.id.in_(select(newest.c.id))).order_by(ProgressReport.id.desc())


def _spot_checks(now: datetime) -> Rows:
    yes = func.sum(case((SpotQuestion.answer == SpotAnswer.YES, 1), else_=0))
    answers = func.count(SpotQuestion.answer)
    wanted, of = ENOUGH_YES
    doubted = (
        select(SpotQuestion.check_id)
        .join(SpotQuestion.check)
        .where(SpotCheck.told_at >= now - TOLD_LATELY)
        .group_by(SpotQuestion.check_id)
        .having(answers >= FEWEST, yes * of < answers * wanted)
    )
    return (
        _of_needs(SpotCheck.told_at, SpotCheck, Need.sector)
        .join(Project, Project.need_id == Need.id)
        .where(SpotCheck.id.in_(doubted), Project.state.in_(LIVE))
        .order_by(SpotCheck.told_at, SpotCheck.id)
    )


def _follow_ups(now: datetime) -> Rows:
    asked = exists().where(
        Escalation.need_id == Project.need_id,
        Escalation.about == Awaited.FOLLOW_UP,
        Escalation.told == COORDINATION,
    )
    return _projects(Project.handed_over_at).where(*follow_up_due(now), asked)


def _testimonies(*which: ColumnElement[bool]) -> Rows:
    return _of_needs(Testimony.written_at, Testimony).where(*which).order_by(Testimony.written_at, Testimony.id)


def _messages(order: ColumnElement[Any] | InstrumentedAttribute[int]) -> Rows:
    rows: Rows = select(Message.id, literal(""), Message.phone, Message.created_at, Message.kind)
    return rows.order_by(order)
