"""How projects advance, as villages report it."""

from datetime import date, datetime

from sqlalchemy import ForeignKey, String, Text, exists, select
from sqlalchemy.orm import Mapped, Session, aliased, mapped_column, relationship

from service.domain.progress import HelpWanted, Problem, Stage
from service.domain.roles import ChangeKind
from service.domain.states import ChangeState, ReportState
from service.models.associations import Officer
from service.models.base import Base, Id, stored
from service.models.needs import Need
from service.models.officers import OfficerChange
from service.models.proposals import Proposal


class ProgressReport(Base):
    """What one officer declared of a project; never changed, but confirmed or disputed by a second person.

    `percent` is 0 to 100; `spent` is what was spent in all, in centimes of a dirham, None when not said.
    `milestone` is the last one reached, a key of the sector's template; empty when not said.
    """

    __tablename__ = "progress_reports"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    need_id: Mapped[int] = mapped_column(ForeignKey("needs.id"), index=True)
    stage: Mapped[Stage] = mapped_column(stored(Stage))
    percent: Mapped[int]
    spent: Mapped[int | None] = mapped_column(Id)
    problem: Mapped[Problem] = mapped_column(stored(Problem))
    help_wanted: Mapped[HelpWanted] = mapped_column(stored(HelpWanted))
    next_step: Mapped[str] = mapped_column(Text, default="")
    next_on: Mapped[date | None]
    milestone: Mapped[str] = mapped_column(String(20), default="")
    language: Mapped[str] = mapped_column(String(8))
    state: Mapped[ReportState] = mapped_column(stored(ReportState))
    reported_by: Mapped[int] = mapped_column(ForeignKey("officers.id"))
    reported_at: Mapped[datetime]
    confirmed_by: Mapped[int | None] = mapped_column(ForeignKey("officers.id"))
    confirmed_at: Mapped[datetime | None]

    need: Mapped[Need] = relationship()
    reporter: Mapped[Officer] = relationship(foreign_keys=[reported_by])
    confirmer: Mapped[Officer | None] = relationship(foreign_keys=[confirmed_by])


def waiting_reports(session: Session, officer: Officer) -> list[ProgressReport]:
    """Return the village's reports that wait for this person to confirm them, the oldest first.

    Of each project only the last report waits: a newer one says what the older ones no longer do.
    """
    newer = aliased(ProgressReport)
    waiting = session.scalars(
        select(ProgressReport)
        .join(ProgressReport.need)
        .where(
            Need.association_id == officer.association_id,
            ProgressReport.state == ReportState.DECLARED,
            ~exists().where(newer.need_id == ProgressReport.need_id, newer.id > ProgressReport.id),
        )
        .order_by(ProgressReport.id)
    )
    return [report for report in waiting if not is_reporter(session, report, officer)]


def is_reporter(session: Session, report: ProgressReport, officer: Officer) -> bool:
    """Tell whether this is who declared it: perhaps under another role since, or with a SIM that took over."""
    if report.reported_by == officer.id or report.reporter.phone == officer.phone:
        return True
    taken_over = select(OfficerChange.id).where(
        OfficerChange.kind == ChangeKind.HAND_OVER,
        OfficerChange.state == ChangeState.DONE,
        OfficerChange.officer_id == report.reported_by,
        OfficerChange.phone == officer.phone,
    )
    return session.scalars(taken_over).first() is not None


def latest_report(session: Session, need_id: int) -> ProgressReport | None:
    """Return what was reported last of a project."""
    found = select(ProgressReport).where(ProgressReport.need_id == need_id).order_by(ProgressReport.id.desc())
    return session.scalars(found.limit(1)).first()


def shown_to(session: Session, need_id: int) -> list[Proposal]:
    """Return how each diaspora association that was shown a need stands to it, in the order they were shown."""
    return list(session.scalars(select(Proposal).where(Proposal.need_id == need_id).order_by(Proposal.id)))
