"""The harness itself: nothing is lost or doubled by 500 kills, and it finds each of three faults that were planted."""

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.conftest import BACKENDS
from tests.crash.plants import PLANTS

pytestmark = [pytest.mark.served, pytest.mark.timeout(600)]
CLEAN = {"lost": 0, "doubled_facts": 0, "doubled_sends": 0, "after_stop": 0, "unknown_carried": 0, "integrity": "ok"}
FOUND = {"blind-retry": "doubled_sends", "no-unique-key": "doubled_facts", "call-before-commit": "doubled_sends"}


def crash(*asked: str) -> tuple[int, dict[str, Any], str]:
    """Run the harness; return its status, its line, and what it said beside."""
    command = [sys.executable, "-m", "tests.crash", *asked]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout), done.stderr


@pytest.mark.parametrize("database", BACKENDS)
def test_500_kills_lose_nothing_and_double_nothing(database: str) -> None:
    status, line, said = crash("--kills", "500", "--seed", "1", "--database", database)
    assert {name: line[name] for name in CLEAN} == CLEAN, said
    assert line["kills"] >= 500
    assert set(line) == {"kills", "unknown", *CLEAN}
    assert status == 0, said


@pytest.mark.parametrize("plant", PLANTS)
def test_a_fault_that_was_planted_is_found(plant: str) -> None:
    status, line, said = crash("--kills", "80", "--seed", "1", "--plant", plant)
    assert line[FOUND[plant]] > 0
    assert status == 1
    assert f"again: make crash KILLS=80 SEED=1 PLANT={plant}" in said


def test_sigterm_under_load_loses_nothing() -> None:
    status, line, said = crash("--restarts", "5", "--seed", "1")
    assert {name: line[name] for name in CLEAN} == CLEAN, said
    assert line["slowest_s"] < 30
    assert (status, line["unknown"], line["statuses"]) == (0, 0, [0]), said
