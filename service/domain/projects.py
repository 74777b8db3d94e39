"""A project's life, from the introduction to a year after the handover: one table says who may move it, and where to.

The steps before, from a proposal to the introduction, are a proposal's (`service.domain.states`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from service.domain.errors import HandedOverError, MoveError, NotAllowedError


class ProjectState(StrEnum):
    """Where a project is."""

    INTRODUCED = "introduced"
    PLANNED = "planned"
    WORKS = "works"
    ACCEPTED = "accepted"
    HANDED_OVER = "handed_over"
    CLOSED = "closed"
    DISPUTED = "disputed"
    WITHDRAWN = "withdrawn"


class Party(StrEnum):
    """On whose behalf somebody moves a project."""

    VILLAGE = "village"
    DIASPORA = "diaspora"
    COORDINATOR = "coordinator"


class ProjectMove(StrEnum):
    """What may be done with a project; those on the right take back what is on their left."""

    AGREE_PLAN, REOPEN_PLAN = "agree_plan", "reopen_plan"
    BEGIN_WORKS = "begin_works"
    ACCEPT, REOPEN_WORKS = "accept", "reopen_works"
    HAND_OVER, TAKE_BACK = "hand_over", "take_back"
    FOLLOW_UP = "follow_up"
    DISPUTE, SETTLE = "dispute", "settle"
    WITHDRAW, TAKE_UP = "withdraw", "take_up"


class Awaited(StrEnum):
    """What word of a project is awaited."""

    REPORT = "report"
    FOLLOW_UP = "follow_up"


class Grievance(StrEnum):
    """What is not right with a project or its works, in the words of a menu."""

    UNFINISHED = "unfinished"
    FAULTY = "faulty"
    MONEY = "money"
    CHANGED = "changed"
    SILENT = "silent"
    OTHER = "other"


class Withdrawal(StrEnum):
    """Why a village or a partner gives a project up."""

    MEANS = "means"
    ELSEWHERE = "elsewhere"
    DISAGREEMENT = "disagreement"
    NO_LONGER = "no_longer"
    OTHER = "other"


class Condition(StrEnum):
    """How what was built is a year after it was handed over: it works, or why it does not."""

    WORKS = "works"
    BROKEN = "broken"
    DRY = "dry"
    COSTLY = "costly"
    UNATTENDED = "unattended"
    OTHER = "other"


@dataclass(frozen=True)
class Rule:
    """From which states a move is allowed, to which it leads (None: to where the project was before), and for whom.

    `reason` says whether whoever moves it must say why.
    """

    before: frozenset[ProjectState]
    after: ProjectState | None
    who: frozenset[Party]
    reason: bool = False


# Where a project goes on by itself: not stopped, not at its end.
LIVE = frozenset(
    {
        ProjectState.INTRODUCED,
        ProjectState.PLANNED,
        ProjectState.WORKS,
        ProjectState.ACCEPTED,
        ProjectState.HANDED_OVER,
    }
)
# Where reports are expected.
UNDER_WAY = frozenset({ProjectState.INTRODUCED, ProjectState.PLANNED, ProjectState.WORKS})
# Where the works are done, and what they took is known.
DONE = frozenset({ProjectState.ACCEPTED, ProjectState.HANDED_OVER, ProjectState.CLOSED})
VILLAGE, DIASPORA, COORDINATOR = frozenset({Party.VILLAGE}), frozenset({Party.DIASPORA}), frozenset({Party.COORDINATOR})
BOTH, ALL = VILLAGE | DIASPORA, VILLAGE | DIASPORA | COORDINATOR
RULES: Mapping[ProjectMove, Rule] = {
    ProjectMove.AGREE_PLAN: Rule(frozenset({ProjectState.INTRODUCED}), ProjectState.PLANNED, BOTH),
    ProjectMove.REOPEN_PLAN: Rule(frozenset({ProjectState.PLANNED}), ProjectState.INTRODUCED, ALL),
    # A village may begin with what it has.
    ProjectMove.BEGIN_WORKS: Rule(
        frozenset({ProjectState.INTRODUCED, ProjectState.PLANNED}), ProjectState.WORKS, VILLAGE
    ),
    ProjectMove.ACCEPT: Rule(frozenset({ProjectState.WORKS}), ProjectState.ACCEPTED, VILLAGE),
    ProjectMove.REOPEN_WORKS: Rule(frozenset({ProjectState.ACCEPTED}), ProjectState.WORKS, ALL, reason=True),
    ProjectMove.HAND_OVER: Rule(frozenset({ProjectState.ACCEPTED}), ProjectState.HANDED_OVER, VILLAGE | COORDINATOR),
    ProjectMove.TAKE_BACK: Rule(frozenset({ProjectState.HANDED_OVER}), ProjectState.ACCEPTED, COORDINATOR, reason=True),
    # The reason is how it is then.
    ProjectMove.FOLLOW_UP: Rule(
        frozenset({ProjectState.HANDED_OVER}), ProjectState.CLOSED, VILLAGE | COORDINATOR, reason=True
    ),
    ProjectMove.DISPUTE: Rule(LIVE, ProjectState.DISPUTED, ALL, reason=True),
    ProjectMove.SETTLE: Rule(frozenset({ProjectState.DISPUTED}), None, COORDINATOR, reason=True),
    # What the village has already can be taken back or disputed, not stopped.
    ProjectMove.WITHDRAW: Rule(
        LIVE - {ProjectState.HANDED_OVER} | {ProjectState.DISPUTED},
        ProjectState.WITHDRAWN,
        VILLAGE | COORDINATOR,
        reason=True,
    ),
    ProjectMove.TAKE_UP: Rule(frozenset({ProjectState.WITHDRAWN}), None, COORDINATOR, reason=True),
}

# What a reason given in a menu is one of; what a coordinator writes is nobody's.
REASONS: Mapping[ProjectMove, type[StrEnum]] = {
    ProjectMove.REOPEN_WORKS: Grievance,
    ProjectMove.DISPUTE: Grievance,
    ProjectMove.WITHDRAW: Withdrawal,
    ProjectMove.FOLLOW_UP: Condition,
}


def why(move: ProjectMove, reason: str) -> str:
    """Return the reason of a move as it is said: a word of a menu as that, all else as it was written."""
    kind = REASONS.get(move)
    return kind(reason) if kind and reason in set(kind) else reason


def allowed(state: ProjectState, party: Party, earlier: ProjectState | None) -> list[ProjectMove]:
    """Return the moves that the table allows to a party now; `earlier` is where the project was before a stop."""
    return [move for move, rule in RULES.items() if _leads_on(rule, state, earlier) and party in rule.who]


def _leads_on(rule: Rule, state: ProjectState, earlier: ProjectState | None) -> bool:
    """Tell whether a move is allowed: a dispute opens no way that was closed before it."""
    return state in rule.before and (rule.after is None or earlier is None or earlier in rule.before)


def moved(state: ProjectState, move: ProjectMove, party: Party, earlier: ProjectState | None) -> ProjectState:
    """Return where `move` leads from `state`; `earlier` is where the project was before it was stopped.

    Raises MoveError where the table does not allow the move, as HandedOverError where a handover is why, and
    NotAllowedError where it does, but not to `party`.
    """
    rule = RULES[move]
    if not _leads_on(rule, state, earlier):
        if move is ProjectMove.WITHDRAW and ProjectState.HANDED_OVER in {state, earlier}:
            raise HandedOverError(before=state, after=state)
        raise MoveError(before=state, after=rule.after or earlier or state)
    if party not in rule.who:
        raise NotAllowedError
    after = rule.after or earlier
    if after is None:
        raise MoveError(before=state, after=state)
    return after
