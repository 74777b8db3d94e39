"""Projects: needs that have a partner, and how they are carried on until a year after the handover."""

from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, ForeignKey, Index, String, UniqueConstraint, and_, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from service.domain.projects import Awaited, Party, ProjectMove, ProjectState
from service.models.base import Base, Id, stored
from service.models.needs import Need


class Project(Base):
    """A need's project. `earlier` is where it was before a dispute or a withdrawal.

    A report is expected every `report_days` (None: as the settings say), not before `paused_until`. `plan_version`
    grows with each change of the financing plan: who agreed, agreed to one version.
    """

    __tablename__ = "projects"
    __table_args__ = (Index(None, "state", "moved_at"),)

    need_id: Mapped[int] = mapped_column(ForeignKey("needs.id"), primary_key=True)
    state: Mapped[ProjectState] = mapped_column(stored(ProjectState))
    earlier: Mapped[ProjectState | None] = mapped_column(stored(ProjectState))
    reason: Mapped[str] = mapped_column(String(200), default="")
    report_days: Mapped[int | None]
    paused_until: Mapped[date | None]
    handed_over_at: Mapped[datetime | None]
    plan_version: Mapped[int] = mapped_column(default=1)
    begun_at: Mapped[datetime]
    moved_at: Mapped[datetime]

    need: Mapped[Need] = relationship()


class ProjectStep(Base):
    """One move of a project, never changed: what, by whom (an actor as in the audit trail) and on whose behalf, why."""

    __tablename__ = "project_steps"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    need_id: Mapped[int] = mapped_column(ForeignKey("needs.id"), index=True)
    move: Mapped[ProjectMove] = mapped_column(stored(ProjectMove))
    before: Mapped[ProjectState] = mapped_column(stored(ProjectState))
    after: Mapped[ProjectState] = mapped_column(stored(ProjectState))
    party: Mapped[Party] = mapped_column(stored(Party))
    actor: Mapped[str] = mapped_column(String(60))
    reason: Mapped[str] = mapped_column(String(200), default="")
    at: Mapped[datetime]


class Escalation(Base):
    """That somebody was asked for word of a project: of its works, or of how it is a year after the handover.

    `since` is when the silence began; each rung of it is climbed once, `told` says who was (an actor, or a whole side).
    """

    __tablename__ = "escalations"
    __table_args__ = (UniqueConstraint("need_id", "about", "since", "rung"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    need_id: Mapped[int] = mapped_column(ForeignKey("needs.id"))
    about: Mapped[Awaited] = mapped_column(stored(Awaited))
    since: Mapped[datetime]
    rung: Mapped[int]
    told: Mapped[str] = mapped_column(String(60))
    at: Mapped[datetime]


class PlanAgreement(Base):
    """One side's yes to a version of the financing plan; `diaspora_id` is 0 for the village."""

    __tablename__ = "plan_agreements"
    __table_args__ = (UniqueConstraint("need_id", "version", "diaspora_id"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    need_id: Mapped[int] = mapped_column(ForeignKey("needs.id"))
    version: Mapped[int]
    diaspora_id: Mapped[int] = mapped_column(Id, default=0)
    actor: Mapped[str] = mapped_column(String(60))
    at: Mapped[datetime]


def project_of(session: Session, need_id: int) -> Project | None:
    """Return a need's project, locked: its moves come one after another. None while it has no partner."""
    return session.get(Project, need_id, with_for_update={"of": Project}, populate_existing=True)


FOLLOW_UP_AFTER = timedelta(days=365)


def follow_up_due(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions of a project whose village is to say how it is, a year after the handover."""
    return Project.state == ProjectState.HANDED_OVER, Project.handed_over_at <= now - FOLLOW_UP_AFTER


def is_follow_up_due(project: Project, now: datetime) -> bool:
    """Tell whether the village of a project is to say how it is: the same of one that is loaded."""
    since = project.handed_over_at
    return project.state is ProjectState.HANDED_OVER and since is not None and now - since >= FOLLOW_UP_AFTER


def waiting_acts(session: Session, now: datetime, association_id: int) -> list[Project]:
    """Return a village's projects that wait for its act, the earliest first: to be handed over, or asked after."""
    waits = or_(Project.state == ProjectState.ACCEPTED, and_(*follow_up_due(now)))
    found = select(Project).join(Project.need).where(Need.association_id == association_id, waits)
    return list(session.scalars(found.order_by(Project.moved_at, Project.need_id)))


def escalations_of(session: Session, need_id: int, about: Awaited, since: datetime) -> list[Escalation]:
    """Return who was asked for word since it fell silent, the earliest first."""
    climbed = (Escalation.need_id == need_id, Escalation.about == about, Escalation.since == since)
    return list(session.scalars(select(Escalation).where(*climbed).order_by(Escalation.rung)))


def steps_of(session: Session, need_id: int) -> list[ProjectStep]:
    """Return how a project was moved, the oldest first."""
    return list(session.scalars(select(ProjectStep).where(ProjectStep.need_id == need_id).order_by(ProjectStep.id)))
