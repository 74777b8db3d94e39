"""Files that take long: made whole or not at all, with progress, once, and gone after a week."""

import json
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest
from sqlalchemy import Engine

from service.container import Container
from service.domain.errors import NotFoundError
from service.models import Export, ExportState
from service.models.exports import GONE_AFTER
from service.models.session import reading, transaction
from service.settings import Settings
from service.usecases import exports
from service.usecases.exports import MOST_ATTEMPTS, Maker, Making, ask_export, delete_outlived, fetch_export, make_next
from tests.conftest import MovedClock
from tests.service.web.public_story import tell_public_story
from tests.world import LYON


class Desk:
    """Where files are asked for, and a worker or two that make them."""

    def __init__(self, container: Container, settings: Settings, clock: MovedClock) -> None:
        self.engine, self.settings, self.clock = container.engine, settings, clock
        self.stopping = Event()

    def asks(self, kind: str, **arguments: object) -> int:
        with transaction(self.engine) as session:
            return ask_export(session, self.clock(), actor="user:1", kind=kind, **arguments).id

    def works(self, owner: str = "first") -> bool:
        return make_next(self.engine, self.settings, self.clock, owner, self.stopping)

    def export(self, number: int) -> Export:
        with reading(self.engine) as session:
            return session.get_one(Export, number)

    def fetches(self, number: int) -> bytes:
        with transaction(self.engine) as session:
            _, path = fetch_export(session, self.clock(), self.settings, actor="user:1", export_id=number)
        return path.read_bytes()

    def files(self) -> list[Path]:
        return sorted(Path(self.settings.exports_folder).iterdir())


@pytest.fixture
def desk(container: Container, clock: MovedClock, tmp_path: Path) -> Desk:
    settings = container.settings.model_copy(update={"exports_folder": str(tmp_path / "exports")})
    return Desk(container, settings, clock)


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """A kind of file of three rows; what is in the list happens between them."""
    between: list[object] = []

    def write(_making: Making, path: Path) -> Iterator[int]:
        with path.open("w") as file:
            for row in range(1, 4):
                file.write(f"{row}\n")
                if row == 2:
                    for happens in between:
                        happens()  # type: ignore[operator]  # each is a function
                yield row

    monkeypatch.setattr(exports, "MAKERS", {"slow": Maker("csv", "text/csv", lambda _making: 3, write)})
    return between


def test_what_is_asked_for_is_made_and_fetched(desk: Desk, engine: Engine, clock: MovedClock) -> None:
    tell_public_story(engine, clock())
    projects, person = desk.asks("iati", amounts=True), desk.asks("person", phone=LYON)
    assert [desk.works(), desk.works(), desk.works()] == [True, True, False]
    assert b"<iati-identifier>" in desk.fetches(projects)
    assert json.loads(desk.fetches(person))["phone"] == LYON
    made = desk.export(projects)
    assert (made.state, made.done, made.total) == (ExportState.DONE, 2, 2)
    assert {path.stat().st_mode & 0o777 for path in desk.files()} == {0o600}


def test_nobody_makes_what_nobody_knows(desk: Desk) -> None:
    with pytest.raises(NotFoundError):
        desk.asks("everything")


def test_its_progress_is_told_on_the_way(desk: Desk, slow: list[object], clock: MovedClock) -> None:
    seen: list[tuple[int, int]] = []
    number = desk.asks("slow")
    slow.append(lambda: clock.move(seconds=2))
    slow.append(lambda: seen.append((desk.export(number).done, desk.export(number).total)))
    assert desk.works()
    assert seen == [(0, 3)]
    assert desk.fetches(number) == b"1\n2\n3\n"


def test_a_worker_that_dies_leaves_its_file_to_the_next_and_nothing_half_made(
    desk: Desk, slow: list[object], clock: MovedClock
) -> None:
    number = desk.asks("slow")

    def die() -> None:
        raise KeyboardInterrupt

    slow.append(die)
    with pytest.raises(KeyboardInterrupt):
        desk.works()
    slow.clear()
    assert desk.export(number).state is ExportState.RUNNING
    assert not desk.works("second")  # who was at it may still be
    clock.now += GONE_AFTER * 2
    assert desk.works("second")
    assert desk.fetches(number) == b"1\n2\n3\n"
    assert len(desk.files()) == 1


def test_one_that_was_taken_over_is_not_made_twice(desk: Desk, slow: list[object], clock: MovedClock) -> None:
    number = desk.asks("slow")

    def sleep_and_be_overtaken() -> None:
        slow.clear()
        clock.now += GONE_AFTER * 2
        assert desk.works("second")

    slow.append(sleep_and_be_overtaken)
    assert not desk.works("first")
    assert desk.export(number).state is ExportState.DONE
    assert desk.fetches(number) == b"1\n2\n3\n"
    assert len(desk.files()) == 1


def test_a_worker_that_is_to_leave_puts_it_back(desk: Desk, slow: list[object]) -> None:
    number = desk.asks("slow")
    slow.append(desk.stopping.set)
    assert not desk.works()
    assert (desk.export(number).state, desk.export(number).attempts) == (ExportState.QUEUED, 0)
    slow.clear()
    desk.stopping.clear()
    assert desk.works()


def test_one_that_cannot_be_made_is_given_up_and_the_others_are_made(desk: Desk, slow: list[object]) -> None:
    bad = desk.asks("slow")

    def fail() -> None:
        raise OSError("disk full")

    slow.append(fail)
    assert [desk.works() for _ in range(MOST_ATTEMPTS)] == [True] * MOST_ATTEMPTS
    assert desk.export(bad).state is ExportState.FAILED
    slow.clear()
    good = desk.asks("slow")
    assert desk.works()
    assert desk.fetches(good)
    with pytest.raises(NotFoundError):
        desk.fetches(bad)


def test_one_that_takes_workers_with_it_is_not_begun_for_ever(
    desk: Desk, slow: list[object], clock: MovedClock
) -> None:
    number = desk.asks("slow")

    def die() -> None:
        raise KeyboardInterrupt

    slow.append(die)
    for _ in range(MOST_ATTEMPTS):
        with pytest.raises(KeyboardInterrupt):
            desk.works()
        clock.now += GONE_AFTER * 2
    assert not desk.works()
    assert desk.export(number).state is ExportState.FAILED


def test_a_file_is_deleted_after_a_week_with_what_was_asked(desk: Desk, engine: Engine, clock: MovedClock) -> None:
    tell_public_story(engine, clock())
    number = desk.asks("person", phone=LYON)
    desk.works()
    clock.move(days=6)
    assert delete_outlived(desk.engine, desk.settings, clock()) == 0
    clock.move(days=2)
    assert delete_outlived(desk.engine, desk.settings, clock()) == 1
    assert desk.files() == []
    gone = desk.export(number)
    assert (gone.state, gone.arguments) == (ExportState.DELETED, {})
    with pytest.raises(NotFoundError):
        desk.fetches(number)
