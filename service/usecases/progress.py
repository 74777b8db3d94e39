"""Progress: declared by one person of a village, confirmed or disputed by a second; the partners hear of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from service.domain.errors import MoveError, NotAllowedError, NotFoundError
from service.domain.milestones import Milestone
from service.domain.money import Money
from service.domain.phone import show_phone
from service.domain.progress import ASKED, HelpWanted, Problem, Stage
from service.domain.projects import Party
from service.domain.roles import OFFICERS
from service.domain.states import REPORT_MOVES, AssociationState, NeedState, ReportState, move
from service.messaging.outbox import tell
from service.messaging.phrases import Phrase, speaking
from service.messaging.sources import report_source
from service.models.associations import Officer
from service.models.audit import record
from service.models.needs import Need, need_by_reference
from service.models.progress import ProgressReport, is_reporter, latest_report, partner_phones
from service.usecases.projects import coordinators
from service.usecases.spotchecks import begin_check
from service.usecases.works import note_confirmed, note_report


@dataclass(frozen=True)
class Progress:
    """What is declared: `percent` is 0 to 100, `spent` what was spent in all, None when not known."""

    stage: Stage
    percent: int
    spent: Money | None = None
    problem: Problem = Problem.NONE
    help_wanted: HelpWanted = HelpWanted.NONE
    next_step: str = ""
    next_on: date | None = None
    milestone: Milestone | None = None


def declare_progress(
    session: Session, now: datetime, *, officer: Officer, reference: str, progress: Progress, code: str
) -> ProgressReport:
    """Write down how a project advances, ask the others of the village whether it is so, and tell its partners.

    Who can give the help that is wanted is asked for it (`service.domain.progress.ASKED`).
    `code` is the USSD code the others may dial. What was declared before and nobody confirmed waits no more.
    Raises NotFoundError for another village's project, NotAllowedError for a witness, MoveError when the need has no
    partner, or when the association was turned away since.
    """
    need = _project(session, officer, reference)
    report = ProgressReport(
        need_id=need.id,
        stage=progress.stage,
        percent=progress.percent,
        spent=progress.spent.minor if progress.spent else None,
        problem=progress.problem,
        help_wanted=progress.help_wanted,
        next_step=progress.next_step,
        next_on=progress.next_on,
        milestone=progress.milestone.value if progress.milestone else "",
        language=officer.line.language,
        state=ReportState.DECLARED,
        reported_by=officer.id,
        reported_at=now,
    )
    session.add(report)
    session.flush()
    record(session, now, f"officer:{officer.id}", "progress.declared", f"report:{report.id}", need=need.reference)
    note_report(session, now, report)
    _tell(session, now, report, _others(session, report), "progress_to_confirm", by=officer, code=code)
    _tell(session, now, report, partner_phones(session, report.need_id), "progress_declared", by=officer)
    _ask_coordination(session, now, report)
    return report


def asked_of(session: Session, report: ProgressReport) -> dict[Party, list[str]]:
    """Return the phones of those a report asks for help, by party; a party that nobody answers for is left out."""
    phones = {
        Party.VILLAGE: _others(session, report),
        Party.DIASPORA: partner_phones(session, report.need_id),
        Party.COORDINATOR: coordinators(session),
    }
    return {party: asked for party, asked in phones.items() if asked and party in ASKED[report.help_wanted]}


def confirm_progress(session: Session, now: datetime, *, officer: Officer, report_id: int) -> ProgressReport:
    """Note that a second person of the village says the same, and tell the partners.

    Raises NotFoundError for another village's report, NotAllowedError for whoever declared it, MoveError when it was
    answered, or when something newer was declared.
    """
    report = _answer(session, now, officer, report_id, ReportState.CONFIRMED)
    if not note_confirmed(session, now, report):
        _tell(session, now, report, partner_phones(session, report.need_id), "progress_confirmed", by=officer)
    if report.stage is Stage.FINISHED:
        begin_check(session, now, report.need)
    return report


def dispute_progress(session: Session, now: datetime, *, officer: Officer, report_id: int, code: str) -> ProgressReport:
    """Note that a second person of the village says otherwise, and tell whoever declared it, if still there.

    `code` is the USSD code to declare anew. Raises what `confirm_progress` raises.
    """
    report = _answer(session, now, officer, report_id, ReportState.DISPUTED)
    reporter = [report.reporter.phone] if report.reporter.left_at is None else []
    _tell(session, now, report, reporter, "progress_disputed", by=officer, code=code)
    return report


def _project(session: Session, officer: Officer, reference: str) -> Need:
    need = need_by_reference(session, reference)
    if not need or need.association_id != officer.association_id:
        raise NotFoundError
    if officer.role not in OFFICERS:
        raise NotAllowedError
    _check_stands(need)
    return need


def _check_stands(need: Need) -> None:
    if need.state is not NeedState.INTRODUCED or need.association.state is not AssociationState.VERIFIED:
        raise MoveError(before=need.state, after=need.state)


def _answer(session: Session, now: datetime, officer: Officer, report_id: int, state: ReportState) -> ProgressReport:
    report = session.get(ProgressReport, report_id, with_for_update={"of": ProgressReport}, populate_existing=True)
    if not report or report.need.association_id != officer.association_id:
        raise NotFoundError
    if is_reporter(session, report, officer):
        raise NotAllowedError
    _check_stands(report.need)
    latest = latest_report(session, report.need_id)
    if report.state is not ReportState.DECLARED or report is not latest:
        raise MoveError(before=report.state, after=state)
    report.state = move(REPORT_MOVES, report.state, state)
    report.confirmer, report.confirmed_at = officer, now
    record(session, now, f"officer:{officer.id}", f"progress.{state}", f"report:{report.id}")
    return report


def _others(session: Session, report: ProgressReport) -> list[str]:
    officers = report.need.association.active_officers
    return [officer.phone for officer in officers if not is_reporter(session, report, officer)]


def _ask_coordination(session: Session, now: datetime, report: ProgressReport) -> None:
    for phone in asked_of(session, report).get(Party.COORDINATOR, []):
        tell(
            session,
            now,
            event=f"report:{report.id}:help",
            phone=phone,
            template="help_wanted",
            reference=report.need.reference,
            association=report.need.association.name,
            by=speaking(report.reporter.role),
            news=_wanted(report, "progress.help"),
            phone_number=show_phone(report.reporter.phone),
        )


def _wanted(report: ProgressReport, help_key: str) -> list[Phrase]:
    """Return what holds the works up and what would help, as far as there is any."""
    held_up = Phrase("progress.held_up", {"problem": report.problem})
    helped = Phrase(help_key, {"help": report.help_wanted})
    return [
        *([held_up] if report.problem is not Problem.NONE else []),
        *([helped] if report.help_wanted is not HelpWanted.NONE else []),
    ]


def _tell(
    session: Session,
    now: datetime,
    report: ProgressReport,
    phones: Iterable[str],
    template: str,
    *,
    by: Officer,
    code: str = "",
) -> None:
    asks = template == "progress_declared" and Party.DIASPORA in ASKED[report.help_wanted]
    news = [report.reached, *_wanted(report, "progress.help.asked" if asks else "progress.help")]
    for phone in phones:
        tell(
            session,
            now,
            event=f"report:{report.id}:{template}",
            phone=phone,
            template=template,
            reference=report.need.reference,
            association=report.need.association.name,
            percent=report.percent,
            news=news,
            by=speaking(by.role),
            source=report_source(report),
            code=code,
        )
