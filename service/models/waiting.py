"""What there is that may wait for a village: looked up at every dial, in one statement that is built once."""

from datetime import datetime

from sqlalchemy import Row, and_, bindparam, exists, or_, select
from sqlalchemy.orm import Session, aliased

from service.domain.ledger import ArrivalState
from service.domain.projects import ProjectState
from service.domain.states import ChangeState, NeedState, ProposalState, ReportState
from service.models.associations import Officer
from service.models.contributions import Arrival
from service.models.needs import Need
from service.models.officers import OfficerChange
from service.models.phones import Phone
from service.models.progress import ProgressReport
from service.models.projects import FOLLOW_UP_AFTER, Project
from service.models.proposals import Proposal

OF_THE_VILLAGE = select(Need.id).where(Need.association_id == Officer.association_id).correlate(Officer)
# Not joined: SQLite would look through the reports and interests of all villages.
REPORTS = exists().where(ProgressReport.need_id.in_(OF_THE_VILLAGE), ProgressReport.state == ReportState.DECLARED)
INTERESTS = exists().where(Proposal.need_id.in_(OF_THE_VILLAGE), Proposal.state == ProposalState.INTERESTED)
ARRIVALS = exists().where(Arrival.need_id.in_(OF_THE_VILLAGE), Arrival.state == ArrivalState.DECLARED)
PROJECTS = exists().where(Need.association_id == Officer.association_id, Need.state == NeedState.INTRODUCED)
YEAR_OLD = and_(Project.state == ProjectState.HANDED_OVER, Project.handed_over_at <= bindparam("year_ago"))
ACTS = exists().where(Project.need_id.in_(OF_THE_VILLAGE), or_(Project.state == ProjectState.ACCEPTED, YEAR_OLD))
ASKED = (OfficerChange.association_id == Officer.association_id, OfficerChange.state == ChangeState.ASKED)
COLLEAGUE = aliased(Officer)
SILENT = (
    select(COLLEAGUE.id)
    .join(Phone, Phone.number == COLLEAGUE.phone)
    .where(
        COLLEAGUE.association_id == Officer.association_id,
        COLLEAGUE.left_at.is_(None),
        COLLEAGUE.id != Officer.id,
        Phone.vouch_asked_at.is_not(None),
    )
    .correlate(Officer)
)
THERE = select(
    PROJECTS.label("projects"),
    REPORTS.label("reports"),
    ARRIVALS.label("arrivals"),
    exists().where(*ASKED).label("changes"),
    INTERESTS.label("interests"),
    ACTS.label("acts"),
    exists(SILENT).label("vouches"),
).where(Officer.phone == bindparam("number"), Officer.left_at.is_(None))


def there_for(session: Session, now: datetime, phone: str) -> Row[bool, bool, bool, bool, bool, bool, bool] | None:
    """Return which of `projects`, `reports`, `arrivals`, `changes`, `interests` the village a phone speaks for has.

    `acts` are projects of it that wait for its act, `vouches` colleagues who ask for somebody's word. Whether this very
    person may answer is not asked here. None when the phone speaks for no village.
    """
    values = {"number": phone, "year_ago": now - FOLLOW_UP_AFTER}
    return session.connection().execute(THERE, values).first()
