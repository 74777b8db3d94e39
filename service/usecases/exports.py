"""Files that take long: asked for here, made by the worker with progress, fetched within a week, then deleted.

To add one: write a function that takes a `Making` and a `Path`, writes the whole file there and yields, now and then,
how many rows it has written; and one that counts the rows. Give both a line in MAKERS, and `web.exports.kind.<name>` a
text in each language. Nothing else: asking, progress, restarts and deleting are here. A worker that dies leaves its
export to the next one, which begins the file anew; under its name it is there only when it is whole.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from secrets import token_hex
from threading import Event
from typing import Any

import structlog
from sqlalchemy import Engine, update
from sqlalchemy.orm import Session

from service.domain.errors import NotFoundError
from service.models.audit import record
from service.models.exports import Export, ExportState, next_export, outlived
from service.models.session import reading, transaction
from service.settings import Settings
from service.usecases.iati import Reporter, activities, count_activities
from service.usecases.personal import personal_data

log = structlog.get_logger()

MOST_ATTEMPTS = 3
TELL_EVERY = timedelta(seconds=1)
ONLY_MINE, ONLY_OURS = 0o600, 0o700


@dataclass(frozen=True)
class Making:
    """What whoever makes a file is given: `arguments` are what was asked for, `actor` by whom."""

    engine: Engine
    settings: Settings
    now: datetime
    arguments: Mapping[str, Any]
    actor: str


@dataclass(frozen=True)
class Maker:
    """How one kind of file is made."""

    suffix: str
    media_type: str
    count: Callable[[Making], int]
    write: Callable[[Making, Path], Iterator[int]]


class LeavingError(Exception):
    """The worker is to leave, or another has taken over: this file is not made here."""


def _iati(making: Making, path: Path) -> Iterator[int]:
    reporter = Reporter(making.settings.iati_reference, making.settings.iati_name)
    amounts = bool(making.arguments.get("amounts"))
    with path.open("wb") as file:
        # Two lines of head come first.
        for line, part in enumerate(activities(making.engine, making.now, reporter, amounts=amounts), -1):
            file.write(part)
            yield max(line, 0)


def _person(making: Making, path: Path) -> Iterator[int]:
    with transaction(making.engine) as session:
        kept = personal_data(session, making.now, phone=making.arguments["phone"], actor=making.actor)
    path.write_text(json.dumps(kept, ensure_ascii=False, indent=1))
    yield 1


MAKERS: Mapping[str, Maker] = {
    "iati": Maker("xml", "application/xml", lambda making: count_activities(making.engine), _iati),
    "person": Maker("json", "application/json", lambda _making: 1, _person),
}


def ask_export(session: Session, now: datetime, *, actor: str, kind: str, **arguments: Any) -> Export:
    """Ask for a file. Raises NotFoundError for a kind nobody makes."""
    if kind not in MAKERS:
        raise NotFoundError
    export = Export(kind=kind, arguments=arguments, asked_by=actor, asked_at=now, state=ExportState.QUEUED)
    session.add(export)
    session.flush()
    record(session, now, actor, "export.asked", f"export:{export.id}", kind=kind)
    return export


def fetch_export(
    session: Session, now: datetime, settings: Settings, *, actor: str, export_id: int
) -> tuple[Export, Path]:
    """Return an export and where its file is, and note who fetched it. Raises NotFoundError when it is not there."""
    export = session.get(Export, export_id)
    path = folder_of(settings) / export.file if export and export.state is ExportState.DONE else None
    if not export or not path or not path.is_file():
        raise NotFoundError
    record(session, now, actor, "export.fetched", f"export:{export_id}", kind=export.kind)
    return export, path


def make_next(engine: Engine, settings: Settings, clock: Callable[[], datetime], owner: str, stopping: Event) -> bool:
    """Make the export that waits longest; False when none does, or this worker is to leave."""
    export = _claimed(engine, clock(), owner)
    if not export:
        return False
    making = Making(engine, settings, clock(), export.arguments, export.asked_by)
    try:
        name = _made(making, export, clock, owner, stopping)
    except LeavingError:
        _end(engine, export, owner, state=ExportState.QUEUED, attempts=export.attempts - 1)
        return False
    except Exception:
        # Whatever is wrong with one file, the others are made.
        log.exception("export.failed", export=export.id, kind=export.kind)
        again = export.attempts < MOST_ATTEMPTS
        _end(engine, export, owner, state=ExportState.QUEUED if again else ExportState.FAILED, ended_at=clock())
        return True
    _end(engine, export, owner, state=ExportState.DONE, file=name, ended_at=clock(), done=Export.total)
    return True


def delete_outlived(engine: Engine, settings: Settings, now: datetime) -> int:
    """Delete the files that are older than a week; returns how many."""
    with reading(engine) as session:
        if not outlived(session, now):
            return 0
    with transaction(engine) as session:
        old = outlived(session, now)
        for export in old:
            (folder_of(settings) / export.file).unlink(missing_ok=True)
            export.state, export.file, export.arguments = ExportState.DELETED, "", {}
    return len(old)


def folder_of(settings: Settings) -> Path:
    """Return the folder of exports, which only the service may look into."""
    folder = Path(settings.exports_folder)
    folder.mkdir(mode=ONLY_OURS, parents=True, exist_ok=True)
    return folder


def _claimed(engine: Engine, now: datetime, owner: str) -> Export | None:
    # Mostly there is nothing to do, and no writer need wait for that.
    with reading(engine) as session:
        if not next_export(session, now):
            return None
    with transaction(engine) as session:
        export = next_export(session, now)
        if export and export.attempts >= MOST_ATTEMPTS:
            # It took three workers with it.
            export.state, export.ended_at = ExportState.FAILED, now
            return None
        if export:
            export.state, export.owner, export.alive_at = ExportState.RUNNING, owner, now
            export.attempts += 1
        return export


def _made(making: Making, export: Export, clock: Callable[[], datetime], owner: str, stopping: Event) -> str:
    """Write the file and give it its name, which nobody can guess; tell how far it is on the way."""
    maker = MAKERS[export.kind]
    name = f"{export.kind}-{export.id}-{token_hex(8)}.{maker.suffix}"
    unfinished = folder_of(making.settings) / f".{name}"
    # What an earlier worker left behind, half made or just not noted.
    for left in unfinished.parent.glob(f"*{export.kind}-{export.id}-*"):
        left.unlink(missing_ok=True)
    try:
        unfinished.touch(mode=ONLY_MINE)
        _tell(making.engine, export, owner, clock(), total=maker.count(making), done=0)
        told = clock()
        for done in maker.write(making, unfinished):
            if stopping.is_set():
                raise LeavingError
            if clock() - told >= TELL_EVERY:
                told = clock()
                _tell(making.engine, export, owner, told, done=done)
        _tell(making.engine, export, owner, clock())
        unfinished.replace(unfinished.with_name(name))
    finally:
        unfinished.unlink(missing_ok=True)
    return name


def _tell(engine: Engine, export: Export, owner: str, now: datetime, **columns: int) -> None:
    """Say that it is still being made, and how far it is. Raises LeavingError when another has it."""
    if not _change(engine, export, owner, alive_at=now, **columns):
        raise LeavingError


def _end(engine: Engine, export: Export, owner: str, **columns: Any) -> None:
    _change(engine, export, owner, owner="", **columns)


def _change(engine: Engine, export: Export, by: str, **columns: Any) -> bool:
    mine = (Export.id == export.id, Export.owner == by, Export.state == ExportState.RUNNING)
    with transaction(engine) as session:
        return bool(session.execute(update(Export).where(*mine).values(**columns)).rowcount)  # type: ignore[attr-defined]  # an update has it
