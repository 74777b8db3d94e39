"""How projects advance, as villages report it."""

from datetime import date, datetime

from sqlalchemy import ColumnElement, ForeignKey, Index, String, Text, exists, literal_column, select, text
from sqlalchemy.orm import Mapped, Session, aliased, mapped_column, relationship

from service.domain.milestones import Milestone
from service.domain.progress import HelpWanted, Problem, Stage
from service.domain.states import ProposalState, ReportState
from service.models.associations import Officer
from service.models.base import Base, Id, stored
from service.models.needs import Need
from service.models.officers import is_same_person
from service.models.proposals import Proposal


class ProgressReport(Base):
    """What one officer declared of a project; never changed, but confirmed or disputed by a second person.

    `percent` is 0 to 100; `spent` is what was spent in all, in centimes of a dirham, None when not said.
    `milestone` is the last one reached, a key of the sector's template; empty when not said.
    """

    __tablename__ = "progress_reports"
    __table_args__ = (
        # Few ask for help: what they ask is found without looking at the others.
        Index(
            "ix_progress_reports_help",
            "id",
            sqlite_where=text("help_wanted <> 'none'"),
            postgresql_where=text("help_wanted <> 'none'"),
        ),
    )

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

    @property
    def reached(self) -> Milestone | Stage:
        """How far the works are in a word: the milestone where one was named, else the stage."""
        return Milestone(self.milestone) if self.milestone else self.stage


def asks_for_help() -> ColumnElement[bool]:
    """Tell, of a report, whether any help is wanted: in the words of the index, which is found by them."""
    return ProgressReport.help_wanted != literal_column("'none'")


def is_waiting() -> ColumnElement[bool]:
    """Tell, of a report, whether it waits to be confirmed.

    Of each project only the last one does: a newer one says what the older ones no longer do.
    """
    newer = aliased(ProgressReport)
    overtaken = exists().where(newer.need_id == ProgressReport.need_id, newer.id > ProgressReport.id)
    return (ProgressReport.state == ReportState.DECLARED) & ~overtaken


def waiting_reports(session: Session, officer: Officer) -> list[ProgressReport]:
    """Return the village's reports that wait for this person to confirm them, the oldest first."""
    waiting = session.scalars(
        select(ProgressReport)
        .join(ProgressReport.need)
        .where(Need.association_id == officer.association_id, is_waiting())
        .order_by(ProgressReport.id)
    )
    return [report for report in waiting if not is_reporter(session, report, officer)]


def is_reporter(session: Session, report: ProgressReport, officer: Officer) -> bool:
    """Tell whether this is who declared it: perhaps under another role since, or with a SIM that took over."""
    return is_same_person(session, report.reporter, officer)


def latest_report(session: Session, need_id: int) -> ProgressReport | None:
    """Return what was reported last of a project."""
    found = select(ProgressReport).where(ProgressReport.need_id == need_id).order_by(ProgressReport.id.desc())
    return session.scalars(found.limit(1)).first()


def milestone_reached(session: Session, need_id: int) -> Milestone | None:
    """Return the milestone that was named last and not disputed since."""
    named = select(ProgressReport.milestone).where(
        ProgressReport.need_id == need_id,
        ProgressReport.milestone != "",
        ProgressReport.state != ReportState.DISPUTED,
    )
    last = session.scalars(named.order_by(ProgressReport.id.desc()).limit(1)).first()
    return Milestone(last) if last else None


def shown_to(session: Session, need_id: int) -> list[Proposal]:
    """Return how each diaspora association that was shown a need stands to it, in the order they were shown."""
    return list(session.scalars(select(Proposal).where(Proposal.need_id == need_id).order_by(Proposal.id)))


def partner_phones(session: Session, need_id: int) -> list[str]:
    """Return the numbers of those who answer for a project's partners."""
    introduced = [one for one in shown_to(session, need_id) if one.state is ProposalState.INTRODUCED]
    return [contact.phone for proposal in introduced for contact in proposal.diaspora.active_contacts]
