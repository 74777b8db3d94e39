"""Projects: needs that have a partner, and how they are carried on until a year after the handover."""

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from service.domain.projects import Party, ProjectMove, ProjectState
from service.models.base import Base, Id, stored
from service.models.needs import Need


class Project(Base):
    """A need's project. `earlier` is where it was before a dispute or a withdrawal.

    A report is expected every `report_days`, not before `paused_until`. `plan_version` grows with each change of the
    financing plan: who agreed, agreed to one version.
    """

    __tablename__ = "projects"
    __table_args__ = (Index(None, "state", "moved_at"),)

    need_id: Mapped[int] = mapped_column(ForeignKey("needs.id"), primary_key=True)
    state: Mapped[ProjectState] = mapped_column(stored(ProjectState))
    earlier: Mapped[ProjectState | None] = mapped_column(stored(ProjectState))
    reason: Mapped[str] = mapped_column(String(200), default="")
    report_days: Mapped[int] = mapped_column(default=30)
    paused_until: Mapped[date | None]
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


def steps_of(session: Session, need_id: int) -> list[ProjectStep]:
    """Return how a project was moved, the oldest first."""
    return list(session.scalars(select(ProjectStep).where(ProjectStep.need_id == need_id).order_by(ProjectStep.id)))
