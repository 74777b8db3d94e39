"""States, and in one table each, the moves between them that are allowed."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from service.domain.errors import MoveError


class AssociationState(StrEnum):
    """A village association's standing."""

    PENDING = "pending"
    VERIFIED = "verified"
    REJECTED = "rejected"


class NeedState(StrEnum):
    """A need on its way from a village to a partner."""

    REPORTED = "reported"
    VERIFIED = "verified"
    REJECTED = "rejected"
    INTRODUCED = "introduced"


class ProposalState(StrEnum):
    """A need shown to one diaspora association."""

    PROPOSED = "proposed"
    INTERESTED = "interested"
    INTRODUCED = "introduced"
    DECLINED = "declined"
    REFUSED = "refused"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


class ChangeState(StrEnum):
    """A change among the officers: asked by one, agreed by a second, done when the newcomer joins."""

    ASKED = "asked"
    AGREED = "agreed"
    DONE = "done"
    REFUSED = "refused"
    EXPIRED = "expired"


class ReportState(StrEnum):
    """A progress report: declared by one person of the village, confirmed or disputed by a second."""

    DECLARED = "declared"
    CONFIRMED = "confirmed"
    DISPUTED = "disputed"


class MessageState(StrEnum):
    """A message on its way.

    `unknown` means that nobody can tell whether it left; `gathered` that it waits for a digest, which then has told it.
    """

    GATHERED = "gathered"
    QUEUED = "queued"
    ATTEMPTING = "attempting"
    ACCEPTED = "accepted"
    UNKNOWN = "unknown"
    DELIVERED = "delivered"
    FAILED = "failed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    DIGESTED = "digested"


ASSOCIATION_MOVES: Mapping[AssociationState, frozenset[AssociationState]] = {
    AssociationState.PENDING: frozenset({AssociationState.VERIFIED, AssociationState.REJECTED}),
    AssociationState.REJECTED: frozenset({AssociationState.VERIFIED}),
    AssociationState.VERIFIED: frozenset({AssociationState.REJECTED}),
}
NEED_MOVES: Mapping[NeedState, frozenset[NeedState]] = {
    NeedState.REPORTED: frozenset({NeedState.VERIFIED, NeedState.REJECTED}),
    NeedState.REJECTED: frozenset({NeedState.VERIFIED}),
    NeedState.VERIFIED: frozenset({NeedState.REJECTED, NeedState.INTRODUCED}),
    NeedState.INTRODUCED: frozenset(),
}
PROPOSAL_MOVES: Mapping[ProposalState, frozenset[ProposalState]] = {
    ProposalState.PROPOSED: frozenset({ProposalState.INTERESTED, ProposalState.DECLINED, ProposalState.EXPIRED}),
    ProposalState.INTERESTED: frozenset({ProposalState.INTRODUCED, ProposalState.REFUSED, ProposalState.DECLINED}),
    # A partner may withdraw; who comes back is asked again by a person, not by the matching.
    ProposalState.INTRODUCED: frozenset({ProposalState.WITHDRAWN}),
    ProposalState.WITHDRAWN: frozenset(),
    ProposalState.DECLINED: frozenset({ProposalState.INTERESTED}),
    ProposalState.REFUSED: frozenset(),
    ProposalState.EXPIRED: frozenset({ProposalState.INTERESTED}),
}
CHANGE_MOVES: Mapping[ChangeState, frozenset[ChangeState]] = {
    ChangeState.ASKED: frozenset({ChangeState.AGREED, ChangeState.DONE, ChangeState.REFUSED, ChangeState.EXPIRED}),
    ChangeState.AGREED: frozenset({ChangeState.DONE, ChangeState.EXPIRED}),
    ChangeState.DONE: frozenset(),
    ChangeState.REFUSED: frozenset(),
    ChangeState.EXPIRED: frozenset(),
}
REPORT_MOVES: Mapping[ReportState, frozenset[ReportState]] = {
    ReportState.DECLARED: frozenset({ReportState.CONFIRMED, ReportState.DISPUTED}),
    ReportState.CONFIRMED: frozenset(),
    ReportState.DISPUTED: frozenset({ReportState.CONFIRMED}),
}
# What has not begun to leave.
WAITING = (MessageState.GATHERED, MessageState.QUEUED)
# Receipts come doubled, late and shuffled: a message only moves along these arrows, so the last state is the same in
# any order. No receipt leads to `queued`: back there goes only what is sent again on purpose.
MESSAGE_MOVES: Mapping[MessageState, frozenset[MessageState]] = {
    MessageState.GATHERED: frozenset(
        {MessageState.QUEUED, MessageState.DIGESTED, MessageState.CANCELLED, MessageState.EXPIRED}
    ),
    MessageState.DIGESTED: frozenset(),
    # A receipt finds here only what may have left already, and would be handed over again under the same id.
    MessageState.QUEUED: frozenset(
        {
            MessageState.ATTEMPTING,
            MessageState.ACCEPTED,
            MessageState.UNKNOWN,
            MessageState.DELIVERED,
            MessageState.FAILED,
            MessageState.CANCELLED,
            MessageState.EXPIRED,
        }
    ),
    MessageState.ATTEMPTING: frozenset(
        {
            MessageState.QUEUED,
            MessageState.ACCEPTED,
            MessageState.UNKNOWN,
            MessageState.DELIVERED,
            MessageState.FAILED,
            MessageState.EXPIRED,
        }
    ),
    MessageState.ACCEPTED: frozenset({MessageState.DELIVERED, MessageState.FAILED, MessageState.EXPIRED}),
    MessageState.UNKNOWN: frozenset(
        {
            MessageState.QUEUED,
            MessageState.ACCEPTED,
            MessageState.DELIVERED,
            MessageState.FAILED,
            MessageState.EXPIRED,
        }
    ),
    MessageState.DELIVERED: frozenset(),
    MessageState.FAILED: frozenset({MessageState.DELIVERED, MessageState.QUEUED}),
    MessageState.EXPIRED: frozenset({MessageState.DELIVERED, MessageState.FAILED, MessageState.QUEUED}),
    MessageState.CANCELLED: frozenset(),
}

State = TypeVar("State", bound=StrEnum)


def move(moves: Mapping[State, frozenset[State]], before: State, after: State) -> State:
    """Return `after` when the table allows the move.

    Raises MoveError otherwise.
    """
    if after not in moves[before]:
        raise MoveError(before=before, after=after)
    return after
