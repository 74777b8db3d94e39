"""What programs outside can be told of: which acts of the audit trail are events, and what each is about."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from service.domain.projects import ProjectMove
from service.domain.scopes import Scope


class Event(StrEnum):
    """An event's type, as webhooks name it."""

    NEED_REPORTED = "need.reported"
    NEED_VERIFIED = "need.verified"
    NEED_REJECTED = "need.rejected"
    ASSOCIATION_REGISTERED = "association.registered"
    ASSOCIATION_VERIFIED = "association.verified"
    ASSOCIATION_REJECTED = "association.rejected"
    DIASPORA_REGISTERED = "diaspora.registered"
    DIASPORA_VERIFIED = "diaspora.verified"
    DIASPORA_REJECTED = "diaspora.rejected"
    PROPOSAL_PROPOSED = "proposal.proposed"
    PROPOSAL_INTERESTED = "proposal.interested"
    PROPOSAL_INTRODUCED = "proposal.introduced"
    PROPOSAL_DECLINED = "proposal.declined"
    PROJECT_MOVED = "project.moved"
    PLAN_AGREED = "plan.agreed"
    CONTRIBUTION_PROMISED = "contribution.promised"
    CONTRIBUTION_CONFIRMED = "contribution.confirmed"
    CONTRIBUTION_RECEIVED = "contribution.received"
    PROGRESS_REPORTED = "progress.reported"
    PROGRESS_CONFIRMED = "progress.confirmed"
    PROGRESS_DISPUTED = "progress.disputed"
    TESTIMONY_PUBLISHED = "testimony.published"
    SHEET_PUBLISHED = "sheet.published"
    SHEET_WITHDRAWN = "sheet.withdrawn"


@dataclass(frozen=True)
class About:
    """The list of the API that what happened is in, and the scope that reads it."""

    resource: str
    scope: Scope


NEEDS = About("needs", Scope.NEEDS_READ)
PROJECTS = About("projects", Scope.PROJECTS_READ)
# By what stands before the dot; a contribution may be promised before a need is a project.
SUBJECTS: Mapping[str, About] = {
    "need": NEEDS,
    "association": About("village-associations", Scope.ASSOCIATIONS_READ),
    "diaspora": About("diaspora-associations", Scope.DIASPORA_READ),
    "proposal": About("proposals", Scope.PROPOSALS_READ),
    "project": PROJECTS,
    "plan": PROJECTS,
    "contribution": PROJECTS,
    "progress": About("progress-reports", Scope.PROGRESS_READ),
    "testimony": About("testimonies", Scope.TESTIMONIES_READ),
    "sheet": About("experience-sheets", Scope.SHEETS_READ),
}
# Acts that the audit trail calls otherwise.
CALLED: Mapping[str, Event] = {
    **{f"project.{move}": Event.PROJECT_MOVED for move in ProjectMove},
    "pledge.promised": Event.CONTRIBUTION_PROMISED,
    "arrival.confirmed": Event.CONTRIBUTION_RECEIVED,
    "progress.declared": Event.PROGRESS_REPORTED,
}
EVENTS: Mapping[str, Event] = {**{str(event): event for event in Event}, **CALLED}


def event_of(action: str) -> Event | None:
    """Return the event that an act of the audit trail is, None when nobody outside is told of it."""
    return EVENTS.get(action)


def about(event: str) -> About:
    """Return what an event is about."""
    if event == Event.CONTRIBUTION_PROMISED:
        return NEEDS
    return SUBJECTS[event.partition(".")[0]]


class DeliveryState(StrEnum):
    """An event on its way to a program: `dead` when it was not taken for a day; `cancelled` with its subscription."""

    QUEUED = "queued"
    ATTEMPTING = "attempting"
    DELIVERED = "delivered"
    DEAD = "dead"
    CANCELLED = "cancelled"
