"""What happened, sorted for those who look back: an audit entry is about what the first word of its action says."""

from collections.abc import Mapping
from enum import StrEnum


class HistoryKind(StrEnum):
    """What a line of a history is about."""

    FACTS = "facts"
    PROPOSALS = "proposals"
    PROGRESS = "progress"
    MONEY = "money"
    WORDS = "words"
    MESSAGES = "messages"
    TEXTS = "texts"


# Every first word of an action that is not here is a fact.
ABOUT: Mapping[str, HistoryKind] = {
    "proposal": HistoryKind.PROPOSALS,
    "progress": HistoryKind.PROGRESS,
    "project": HistoryKind.PROGRESS,
    "report": HistoryKind.PROGRESS,
    "follow_up": HistoryKind.PROGRESS,
    "spot_check": HistoryKind.PROGRESS,
    "arrival": HistoryKind.MONEY,
    "contribution": HistoryKind.MONEY,
    "plan": HistoryKind.MONEY,
    "pledge": HistoryKind.MONEY,
    "sheet": HistoryKind.WORDS,
    "testimony": HistoryKind.WORDS,
}
# What the audit trail may tell of villages, emigrants, needs and people. A project's moves are in a table of their own.
ACTIONS = (
    *("association.registered", "association.verified", "association.rejected", "association.taken_back"),
    *("association.entered", "association.merged", "association.split", "association.unattended"),
    *("officer.left", "officer.moved", "change.asked", "change.agreed", "change.done", "change.refused"),
    *("change.expired", "resident.joined", "resident.left", "contact.joined", "contact.left"),
    *("diaspora.registered", "diaspora.verified", "diaspora.rejected", "diaspora.taken_back", "diaspora.left"),
    *("diaspora.merged", "diaspora.split", "contact.moved", "proposal.moved", "proposal.overtaken"),
    *("listing.agreed", "listing.withdrawn"),
    *("diaspora.origins_changed", "diaspora.sectors_changed", "diaspora.capacity_changed"),
    *("diaspora.attention_changed", "diaspora.pause_changed", "phone.pace_changed"),
    *("need.reported", "need.detailed", "need.verified", "need.rejected", "need.taken_back", "need.moved"),
    *("proposal.proposed", "proposal.interested", "proposal.introduced", "proposal.declined", "proposal.refused"),
    *("proposal.expired", "proposal.withdrawn", "pledge.promised", "plan.agreed"),
    *("contribution.set", "contribution.confirmed", "contribution.released"),
    *("arrival.declared", "arrival.confirmed", "arrival.different", "arrival.withdrawn", "arrival.unlike_promise"),
    *("progress.declared", "progress.confirmed", "progress.disputed", "spot_check.begun", "spot_check.told"),
    *("report.asked", "follow_up.asked", "project.paused", "project.resumed", "project.report_days"),
    *("testimony.given", "testimony.consent_changed", "testimony.withdrawn", "testimony.published"),
    *("testimony.set_aside", "sheet.drafted", "sheet.completed", "sheet.consent_asked", "sheet.consent"),
    *("sheet.published", "sheet.withdrawn"),
)
# What an event of a message names, and what the audit trail calls it.
SUBJECTS: Mapping[str, str] = {
    **{kind: kind for kind in ("arrival", "association", "contact", "diaspora", "need", "officer", "pledge")},
    **{kind: kind for kind in ("proposal", "report", "spot_check", "testimony")},
    **dict.fromkeys(("plan", "project", "sheet"), "need"),
    "officer_change": "change",
}


def subject_of(event: str) -> str | None:
    """Return what an event, `project:5:dispute:…`, is about as the audit trail names it, `need:5`; None for others."""
    kind, _, rest = event.partition(":")
    number = rest.partition(":")[0]
    return f"{SUBJECTS[kind]}:{number}" if kind in SUBJECTS and number.isdigit() else None


def kind_of(action: str) -> HistoryKind:
    """Return what an audited action, `need.verified`, is about."""
    return ABOUT.get(action.partition(".")[0], HistoryKind.FACTS)
