"""`tiwizi smpp` as a supervisor runs it: bound, and gone in time when asked, with nothing half done."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import pytest

from service.messaging.outbox import tell
from service.models import Message
from service.models.session import reading, transaction
from service.usecases.phones import know_phone
from tests.peers.smpp import ACCOUNT, until
from tests.peers.smpp_npm import NodeCentre, node_centre
from tests.served.conftest import Service, free_port, serving
from tests.served.test_up import Up
from tests.world import SECRETARY

pytestmark = pytest.mark.served

SMPP = {"SMS_ROUTES": "*=smpp", "SMPP_HOST": "127.0.0.1", **{name.upper(): value for name, value in ACCOUNT.items()}}


@pytest.fixture
def centre() -> Iterator[NodeCentre]:
    with node_centre() as centre:
        yield centre


@pytest.fixture
def account(centre: NodeCentre, monkeypatch: pytest.MonkeyPatch) -> None:
    """The account in the environment."""
    for name, value in {**SMPP, "SMPP_PORT": str(centre.port)}.items():
        monkeypatch.setenv(f"TIWIZI_{name}", value)


@pytest.fixture
def bound(centre: NodeCentre, tmp_path: Path, account: None) -> Iterator[Service]:
    """A service whose process is bound to the centre."""
    assert account is None
    with serving(tmp_path) as service:
        service.routes = SMPP["SMS_ROUTES"]
        service.start("smpp")
        until(lambda: centre.binds == 1)
        yield service


def leave(service: Service) -> tuple[int, float]:
    """Ask the process to leave; return its status and how many seconds it took."""
    process = service.parts.pop("smpp")
    asked = monotonic()
    os.kill(process.pid, signal.SIGTERM)
    return process.wait(30), monotonic() - asked


def test_it_unbinds_and_leaves_when_asked(bound: Service, centre: NodeCentre) -> None:
    status, seconds = leave(bound)
    assert status == 0, bound.log("smpp")
    assert seconds < 25
    until(lambda: centre.told("unbound"))


def test_a_text_that_the_centre_does_not_answer_keeps_it_no_longer_than_a_supervisor_waits(
    bound: Service, centre: NodeCentre
) -> None:
    centre.plan.append("stall")
    with bound.container() as container:
        with transaction(container.engine) as session:
            know_phone(session, container.clock(), SECRETARY)
            tell(session, container.clock(), event="test", phone=SECRETARY, template="help_unknown", code="*384*84#")
        until(lambda: centre.carried)
        status, seconds = leave(bound)
        with reading(container.engine) as session:
            state = session.query(Message).one().state
    assert (status, state) == (0, "unknown"), bound.log("smpp")
    assert seconds < 25
    assert len(centre.carried) == 1


@pytest.mark.usefixtures("account")
def test_up_starts_it_with_the_other_parts_and_ends_it_with_them(centre: NodeCentre, tmp_path: Path) -> None:
    up = Up(tmp_path, free_port())
    try:
        up.start("--first-run", "--no-demo")
        until(lambda: centre.binds == 1)
        assert up.end(signal.SIGINT) == 0
        until(lambda: centre.told("unbound"))
    finally:
        up.clear()


def test_without_an_account_it_says_what_is_missing(tmp_path: Path) -> None:
    with serving(tmp_path) as service:
        ended = service.tiwizi("smpp")
    assert ended.returncode == 1
    assert ended.stderr.startswith("Error: TIWIZI_SMPP_HOST: is missing; see docs/smpp.md.")
