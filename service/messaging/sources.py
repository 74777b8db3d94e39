"""Where what is told comes from: it stands beside every number that a partner is shown."""

from service.domain.states import ReportState
from service.messaging.phrases import Phrase, sourced
from service.models.needs import Need
from service.models.progress import ProgressReport


def report_source(report: ProgressReport) -> Phrase:
    """Return who declared a report and when, and who of the village said since that it is so, or is not."""
    second = report.confirmer.role if report.confirmer else None
    disputed = report.state is ReportState.DISPUTED
    return sourced(report.reporter.role, report.reported_at, second, report.confirmed_at, disputed=disputed)


def need_source(need: Need) -> Phrase:
    """Return who declared what a need is and costs (the village), and when a coordinator verified it."""
    if not need.verified_at:
        return sourced(need.reporter.role, need.reported_at)
    return Phrase("said.verified", {"verified_on": need.verified_at.date()})
