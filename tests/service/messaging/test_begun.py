"""A sender that dies: what it had not begun to send is sent by the next, and only the rest is in doubt."""

import os
import signal
from pathlib import Path

import pytest
from sqlalchemy import select

from service.container import Container
from service.domain.states import MessageState
from service.gateways.base import Outcome, Outgoing, Sent
from service.messaging import begun
from service.messaging.begun import Begun, abandoned
from service.messaging.sender import LEASE, drain
from service.models import Message, Spending
from service.models.session import reading
from tests.conftest import MovedClock
from tests.service.messaging.test_sender import PHONE, FakeGateway, gateway, post, queue

__all__ = ["gateway", "post"]

OTHER = "+33639980001"


@pytest.fixture(autouse=True)
def shared(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Where this machine keeps what processes share."""
    (folder := tmp_path / "shared").mkdir()
    monkeypatch.setattr(begun, "SHARED", folder)
    return folder


def files(shared: Path) -> list[Path]:
    return [file for file in shared.rglob("*") if file.is_file()]


@pytest.fixture
def died(post: Container, gateway: FakeGateway, shared: Path) -> Container:
    """A sender of two messages over one connection was killed in its first call."""
    queue(post)
    queue(post, phone=OTHER)
    post.engine.dispose()

    def die(_: Outgoing) -> Sent:
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError

    gateway.answer, answer = die, gateway.answer
    if not (child := os.fork()):
        drain(post)
        os._exit(1)
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
    assert len(files(shared)) == 1
    gateway.answer = answer
    return post


def states(post: Container) -> dict[str, MessageState]:
    with reading(post.engine) as session:
        return {one.phone: one.state for one in session.scalars(select(Message))}


def test_what_a_dead_sender_had_not_begun_is_sent_at_once_and_what_it_had_begun_is_in_doubt(
    died: Container, gateway: FakeGateway, clock: MovedClock, shared: Path
) -> None:
    drain(died)
    assert states(died) == {PHONE: MessageState.ATTEMPTING, OTHER: MessageState.ACCEPTED}
    assert [one.phone for one in gateway.sent] == [OTHER]
    assert not files(shared)
    with reading(died.engine) as session:
        messages = session.scalars(select(Message)).all()
        assert {one.attempts for one in messages} == {1}
        spent = session.scalar(select(Spending.amount).where(Spending.scope == "all"))
        assert spent == sum(one.cost for one in messages) > 0
    past_lease(clock)
    drain(died)
    assert states(died) == {PHONE: MessageState.UNKNOWN, OTHER: MessageState.ACCEPTED}


def test_what_the_machine_no_longer_knows_is_all_in_doubt(died: Container, clock: MovedClock, shared: Path) -> None:
    for file in files(shared):
        file.unlink()
    drain(died)
    assert states(died) == {PHONE: MessageState.ATTEMPTING, OTHER: MessageState.ATTEMPTING}
    past_lease(clock)
    drain(died)
    assert states(died) == {PHONE: MessageState.UNKNOWN, OTHER: MessageState.UNKNOWN}


def test_what_a_sender_holds_that_lives_is_not_taken_from_it(
    post: Container, gateway: FakeGateway, shared: Path
) -> None:
    seen: list[tuple[int, set[str]]] = []

    def look(message: Outgoing) -> Sent:
        drain(post)  # another one, who finds all of it taken
        seen.append((len(gateway.sent), {line for file in files(shared) for line in file.read_text().split()}))
        return Sent(Outcome.ACCEPTED, message.id)

    gateway.answer = look
    queue(post)
    queue(post, phone=OTHER)
    drain(post)
    assert [(sent, len(ids)) for sent, ids in seen] == [(1, 1), (2, 2)]
    assert not files(shared)


def test_what_cannot_be_written_down_counts_as_begun(post: Container, monkeypatch: pytest.MonkeyPatch) -> None:
    sender = Begun(post.engine)
    sender.claim("one")
    monkeypatch.setattr(os, "write", lambda _file, line: len(line) - 1)
    sender.begin("one", [7])
    sender.close()
    assert not list(abandoned(post.engine))


def test_what_is_left_when_a_sender_ends_is_given_once(post: Container, shared: Path) -> None:
    sender = Begun(post.engine)
    for attempt in ("one", "two"):
        sender.claim(attempt)
    sender.begin("one", [7, 8])
    sender.forget(["two"])
    assert not list(abandoned(post.engine))
    sender.close()
    assert list(abandoned(post.engine)) == [("one", {7, 8})]
    assert not list(abandoned(post.engine))
    assert not files(shared)


def test_a_folder_that_is_another_s_is_not_used(post: Container, shared: Path, tmp_path: Path) -> None:
    (elsewhere := tmp_path / "elsewhere").mkdir()
    (shared / f"tiwizi-{os.getuid()}").symlink_to(elsewhere)
    queue(post)
    assert drain(post) == 1
    assert states(post) == {PHONE: MessageState.ACCEPTED}
    assert not list(elsewhere.iterdir())


def past_lease(clock: MovedClock) -> None:
    clock.now += LEASE
    clock.move(seconds=1)
