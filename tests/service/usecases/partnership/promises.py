"""What must be so after whatever anybody did: each promise looks at what was, and at what is."""

from collections import Counter
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

from service.domain.ledger import Account, ArrivalState, Posting
from service.domain.projects import RULES, Party, ProjectMove, ProjectState
from service.domain.states import (
    CHANGE_MOVES,
    NEED_MOVES,
    PROPOSAL_MOVES,
    REPORT_MOVES,
    WAITING,
    ChangeState,
    NeedState,
    ProposalState,
    ReportState,
)
from service.domain.testimonies import TESTIMONY_MOVES, TestimonyState
from tests.service.usecases.partnership.seen import Persons, Row, Seen

STOPPED = frozenset({ProjectState.DISPUTED, ProjectState.WITHDRAWN})
PARTIES = {
    "officer": Party.VILLAGE,
    "contact": Party.DIASPORA,
    "user": Party.COORDINATOR,
    "job": Party.COORDINATOR,
}
ARRIVAL_MOVES = {
    ArrivalState.DECLARED: {ArrivalState.CONFIRMED, ArrivalState.DIFFERENT, ArrivalState.WITHDRAWN},
    ArrivalState.DIFFERENT: {ArrivalState.WITHDRAWN},
    ArrivalState.CONFIRMED: {ArrivalState.WITHDRAWN},
    ArrivalState.WITHDRAWN: set[ArrivalState](),
}
# Where each begins, and which way it goes on; a change that nobody could agree to is agreed at once.
ARROWS: Mapping[str, tuple[set[StrEnum], Mapping[Any, Any]]] = {
    "needs": ({NeedState.REPORTED}, NEED_MOVES),
    "proposals": ({ProposalState.PROPOSED}, PROPOSAL_MOVES),
    "progress_reports": ({ReportState.DECLARED}, REPORT_MOVES),
    "officer_changes": ({ChangeState.ASKED, ChangeState.AGREED}, CHANGE_MOVES),
    "testimonies": ({TestimonyState.GIVEN}, TESTIMONY_MOVES),
    "arrivals": ({ArrivalState.DECLARED}, ARRIVAL_MOVES),
}
# What may be written to who is not there, an invitation and what they asked for; and to who was just switched off.
TO_NOBODY, TO_WHO_LEFT = {"officer_invited", "stopped"}, {"officer_switched_off"}
OUTCOMES = {"spot_told", "spot_few"}
SILENCE = ("silence_", "follow_up_")
ENDED = (ProposalState.DECLINED, ProposalState.REFUSED, ProposalState.EXPIRED, ProposalState.WITHDRAWN)


def states_follow_the_arrows(before: Seen, after: Seen, _: Persons) -> None:
    for table, (first, moves) in ARROWS.items():
        known = before.by(table)
        for number, row in after.by(table).items():
            state = row["state"]
            if number not in known:
                assert state in first, f"{table} {number} begins {state}"
            elif state is not known[number]["state"]:
                assert state in moves[known[number]["state"]], f"{table} {number}: {known[number]['state']} to {state}"


def a_project_is_where_its_steps_lead(_: Seen, after: Seen, __: Persons) -> None:
    for project in after["projects"]:
        state: ProjectState = ProjectState.INTRODUCED
        earlier: ProjectState | None = None
        for step in after.where("project_steps", need_id=project["need_id"]):
            rule = RULES[step["move"]]
            assert step["before"] is state, f"{step} does not follow {state}"
            assert state in rule.before
            assert step["party"] in rule.who
            assert step["party"] is PARTIES[step["actor"].partition(":")[0]], step
            assert step["reason"] or not rule.reason, step
            after_it = rule.after or earlier
            assert after_it, step
            assert step["after"] is after_it, step
            earlier = (earlier or state) if rule.after in STOPPED else None
            state = after_it
        assert project["state"] is state
        assert project["earlier"] is earlier


def what_was_written_down_stays(before: Seen, after: Seen, _: Persons) -> None:
    for table in ("project_steps", "ledger_entries", "plan_agreements"):
        assert after[table][: len(before[table])] == before[table], f"{table} were changed"
    for table in ("pledges", "contributions", "arrivals", "progress_reports"):
        assert after.by(table).keys() >= before.by(table).keys(), f"{table} were deleted"


def a_plan_is_agreed_by_all(before: Seen, after: Seen, _: Persons) -> None:
    for step in after["project_steps"][len(before["project_steps"]) :]:
        if step["move"] is ProjectMove.AGREE_PLAN:
            need = step["need_id"]
            version = after.by("projects", "need_id")[need]["plan_version"]
            partners = after.where("proposals", need_id=need, state=ProposalState.INTRODUCED)
            agreed = {row["diaspora_id"] for row in after.where("plan_agreements", need_id=need, version=version)}
            assert agreed >= {0, *(row["diaspora_id"] for row in partners)}, "agreed to by some"


def holds_of(after: Seen, contribution: int) -> dict[Account, int]:
    """Return what the accounts of a line hold, in centimes: added up here, not by the service."""
    holds = dict.fromkeys(Account, 0)
    for entry in after.where("ledger_entries", contribution_id=contribution):
        assert entry["dirhams"] > 0, entry
        assert entry["out_of"] is not entry["into"], entry
        holds[entry["out_of"]] -= entry["dirhams"]
        holds[entry["into"]] += entry["dirhams"]
    return holds


def columns_of(after: Seen, contribution: int) -> tuple[int, int, int]:
    """Return what of a line is promised, confirmed and received, in centimes."""
    holds = holds_of(after, contribution)
    received = holds[Account.RECEIVED]
    confirmed = received + holds[Account.CONFIRMED]
    return confirmed + holds[Account.PROMISED], confirmed, received


def the_ledger_balances(_: Seen, after: Seen, __: Persons) -> None:
    taken = [entry["takes_back"] for entry in after["ledger_entries"] if entry["takes_back"]]
    assert len(taken) == len(set(taken)), "taken back twice"
    for line in after["contributions"]:
        holds = holds_of(after, line["id"])
        assert sum(holds.values()) == 0
        assert all(held >= 0 for account, held in holds.items() if account is not Account.GIVER), holds


def who_is_no_partner_promises_nothing_more(_: Seen, after: Seen, __: Persons) -> None:
    for proposal in after["proposals"]:
        if proposal["state"] in ENDED:
            pair = {"need_id": proposal["need_id"], "diaspora_id": proposal["diaspora_id"]}
            for line in after.where("contributions", **pair):
                promised, _confirmed, received = columns_of(after, line["id"])
                assert promised == received, f"{promised - received} are still counted on"


def received_is_what_two_have_counted(_: Seen, after: Seen, __: Persons) -> None:
    for arrival in after["arrivals"]:
        entries = after.where("ledger_entries", arrival_id=arrival["id"])
        came = [entry for entry in entries if entry["posting"] is Posting.RECEIVE]
        back = [entry for entry in entries if entry["posting"] is Posting.CORRECTION]
        counted = arrival["state"] is ArrivalState.CONFIRMED
        assert bool(came) >= counted, f"confirmed, but never received: {arrival}"
        assert not came or sum(entry["minor"] for entry in came) == arrival["minor"]
        net = sum(entry["dirhams"] for entry in came) - sum(entry["dirhams"] for entry in back)
        assert (net > 0) is counted, f"{arrival['state']}, with {net} in the ledger"
    for line in after["contributions"]:
        entries = after.where("ledger_entries", contribution_id=line["id"])
        into = sum(entry["dirhams"] for entry in entries if entry["into"] is Account.RECEIVED)
        assert into == sum(entry["dirhams"] for entry in entries if entry["posting"] is Posting.RECEIVE)


def two_persons_confirm(before: Seen, after: Seen, persons: Persons) -> None:
    for table, by in (("arrivals", "declared_by"), ("progress_reports", "reported_by")):
        known = before.by(table)
        for number, row in after.by(table).items():
            if row["confirmed_by"] and not (number in known and known[number]["confirmed_by"]):
                assert not persons.same(row[by], row["confirmed_by"]), f"{table} {number}: one person said both"


def nobody_who_left_is_written_to(before: Seen, after: Seen, _: Persons) -> None:
    was, here, stopped = before.present(), after.present(), after.stopped()
    for message in _new(before, after):
        phone, template = message["phone"], message["template"]
        may = here | (was if template in TO_WHO_LEFT else set())
        assert phone in may or template in TO_NOBODY, f"{template} to {phone}, who is not there"
    for message in after["messages"]:
        waits = message["state"] in WAITING and message["template"] != "stopped"
        assert not (waits and message["phone"] in stopped), f"{message['template']} waits for who said STOP"


def nobody_hears_of_what_they_are_no_part_of(before: Seen, after: Seen, _: Persons) -> None:
    references = after.by("needs", "reference")
    contacts = {row["phone"]: row for row in after["contacts"] if row["left_at"] is None}
    for message in _new(before, after):
        about = [need for reference, need in references.items() if reference in message["text"]]
        contact = contacts.get(message["phone"])
        # Whoever gave hears what became of it, also when they are no partner any more.
        if not contact or not about or message["template"].startswith("arrival_"):
            continue
        pair = {"need_id": about[0]["id"], "diaspora_id": contact["association_id"]}
        (was,), (now,) = before.where("proposals", **pair), after.where("proposals", **pair)
        assert not (was["state"] in ENDED and now["state"] in ENDED), f"{message['template']} after it had ended"


def _new(before: Seen, after: Seen) -> list[Row]:
    known = before.by("messages").keys()
    return [row for row in after["messages"] if row["id"] not in known]


def each_is_asked_once_in_a_silence(before: Seen, after: Seen, _: Persons) -> None:
    asked = [(row["need_id"], row["about"], row["since"], row["told"]) for row in after["escalations"]]
    assert len(asked) == len(set(asked)), "asked twice in one silence"
    told = [message for message in _new(before, after) if message["template"].startswith(SILENCE)]
    steps = after["escalations"][len(before["escalations"]) :]
    assert bool(steps) >= bool(told), "asked without a step"
    assert len(steps) <= len(after["projects"]), "two steps at once"


def each_answers_once_and_it_is_told_once(before: Seen, after: Seen, _: Persons) -> None:
    rounds, questions = after.by("spot_checks"), after.by("spot_questions")
    told = [check for check in before["spot_checks"] if check["told_at"]]
    assert all(rounds[check["id"]] == check for check in told), "told again"
    over = {check["id"] for check in told}
    for question in before["spot_questions"]:
        if question["answer"] or question["check_id"] in over:
            assert questions[question["id"]] == question, "answered again, or too late"
    ended = sum(check["told_at"] is not None for check in rounds.values()) - len(told)
    heard = Counter(row["phone"] for row in _new(before, after) if row["template"] in OUTCOMES)
    assert all(count <= ended for count in heard.values()), "told twice"


PROMISES: tuple[Callable[[Seen, Seen, Persons], None], ...] = (
    states_follow_the_arrows,
    a_project_is_where_its_steps_lead,
    what_was_written_down_stays,
    a_plan_is_agreed_by_all,
    the_ledger_balances,
    who_is_no_partner_promises_nothing_more,
    received_is_what_two_have_counted,
    two_persons_confirm,
    nobody_who_left_is_written_to,
    nobody_hears_of_what_they_are_no_part_of,
    each_is_asked_once_in_a_silence,
    each_answers_once_and_it_is_told_once,
)
