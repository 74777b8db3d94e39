"""Every act that is audited of villages, emigrants and needs has a name that the timeline can say."""

import ast
import re
from pathlib import Path

import pytest

from service.domain.history import ACTIONS, HistoryKind, kind_of, subject_of
from service.domain.ledger import ArrivalState
from service.domain.states import (
    AssociationState,
    ChangeState,
    NeedState,
    ProposalState,
    ReportState,
)

HOUSE = Path(__file__).parents[3]
# What has a page of its own, or none.
ELSEWHERE = re.compile(
    r"(user|callback|message|rate|gateway|hook|phone|pin|invitation|token|webhook|export|broadcast|conversation"
    r"|canned|settings|job|person)\."
)


def audited() -> set[str]:
    """The actions that are written out where something is recorded."""
    found: set[str] = set()
    for path in (HOUSE / "service").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "record":
                found |= {
                    str(part.value)
                    for arg in node.args[3:4]
                    for part in ast.walk(arg)
                    if isinstance(part, ast.Constant)
                }
    return {action for action in found if re.fullmatch(r"[a-z_]+\.[a-z_]+", action) and not ELSEWHERE.match(action)}


def test_every_act_has_a_name() -> None:
    assert {"need.reported", "pledge.promised", "spot_check.told"} <= audited()
    assert audited() - set(ACTIONS) == set()
    families = {
        *(f"association.{one}" for one in AssociationState if one is not AssociationState.PENDING),
        *(f"need.{one}" for one in NeedState if one is not NeedState.INTRODUCED),
        *(f"proposal.{one}" for one in ProposalState),
        *(f"change.{one}" for one in ChangeState),
        *(f"progress.{one}" for one in ReportState),
        *(f"arrival.{one}" for one in ArrivalState),
    }
    assert families - set(ACTIONS) == set()


@pytest.mark.parametrize(
    ("event", "subject"),
    [
        ("need:5:verified:2026-11-23T10:00:00+00:00", "need:5"),
        ("project:5:dispute:2026", "need:5"),
        ("plan:5:2", "need:5"),
        ("officer_change:3:asked", "change:3"),
        ("pledge:7", "pledge:7"),
        ("sms:console:12", None),
        ("spot_question:4", None),
        ("need:x", None),
    ],
)
def test_an_event_says_what_it_is_about(event: str, subject: str | None) -> None:
    assert subject_of(event) == subject


def test_an_action_is_of_one_kind() -> None:
    assert [kind_of(one) for one in ("need.verified", "project.dispute", "arrival.declared", "sheet.drafted")] == [
        HistoryKind.FACTS,
        HistoryKind.PROGRESS,
        HistoryKind.MONEY,
        HistoryKind.WORDS,
    ]
