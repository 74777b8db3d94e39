"""The stand-in of Africa's Talking as a process of its own, as benchmarks and crashes use it."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from service.gateways.base import Outcome, Outgoing
from tests.peers.africastalking import Accepted, Ledger, read_ledger
from tests.service.gateways.test_africastalking import gateway_at

ROOT = Path(__file__).parents[2]
BATCH = [Outgoing(f"id-{number}", f"+2126000000{number:02d}", "besoin\nreçu") for number in range(20)]


@contextmanager
def process(*options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    command = [sys.executable, "-m", "tests.peers.africastalking", "--latency", "0", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as running:
        assert running.stdout
        try:
            yield running, running.stdout.readline().strip()
        finally:
            running.kill()


@pytest.mark.served
@pytest.mark.parametrize("options", [(), ("--durable",)])
def test_what_it_accepted_is_known_when_it_is_gone(tmp_path: Path, options: tuple[str, ...]) -> None:
    file = tmp_path / "ledger.jsonl"
    with process("--ledger", str(file), *options) as (running, url):
        sent = gateway_at(url).send(BATCH)
        running.send_signal(signal.SIGKILL)
    assert {one.outcome for one in sent} == {Outcome.ACCEPTED}
    lines = list(read_ledger(file))
    assert [(line.phone, line.text) for line in lines] == [(message.phone, message.text) for message in BATCH]
    assert [line.message_id for line in lines] == [one.provider_id for one in sent]


@pytest.mark.served
def test_it_ends_when_it_is_told_to_and_goes_on_with_its_ledger_when_it_comes_back(tmp_path: Path) -> None:
    file = tmp_path / "ledger.jsonl"
    for runs in (1, 2):
        with process("--ledger", str(file)) as (running, url):
            gateway_at(url).send(BATCH)
            running.send_signal(signal.SIGTERM)
            assert running.wait(10) == 0
        assert len({line.message_id for line in read_ledger(file)}) == runs * len(BATCH)


def test_a_line_that_is_being_written_is_not_there_yet(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.jsonl")
    assert list(ledger) == []
    line = Accepted("ATXid_1", "+212612345678", "besoin", "")
    ledger.write([line])
    with (tmp_path / "ledger.jsonl").open("a") as file:
        file.write('{"message_id": "ATX')
    assert list(ledger) == [line]
    assert len(ledger) == 1
