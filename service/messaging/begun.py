"""What this machine's senders have begun to call for: after a crash only that is in doubt, not all that was claimed.

Each claim has a file in memory, locked by its process, which the system unlocks when that is gone: `/dev/shm` of Linux.
Where there is no such file all of a claim counts as begun.
"""

import fcntl
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path

import structlog
from sqlalchemy import Engine

log = structlog.get_logger()

SHARED = Path("/dev/shm")  # noqa: S108  # a folder of our own in it
NAME_BYTES = 8
OPENED = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_APPEND


class Begun:
    """The claims of one sender, from any of its threads."""

    def __init__(self, engine: Engine) -> None:
        """Claim from the engine's database."""
        self._folder = _folder(engine)
        self._files: dict[str, int] = {}

    def claim(self, attempt_id: str) -> None:
        """Say, before a claim is committed, that nothing of it has begun."""
        if not self._folder:
            return
        try:
            file = os.open(self._folder / attempt_id, OPENED, 0o600)
        except OSError:
            log.warning("sms.claim_not_noted", exc_info=True)
            return
        self._files[attempt_id] = file
        fcntl.flock(file, fcntl.LOCK_EX)

    def begin(self, attempt_id: str, ids: Sequence[int]) -> None:
        """Say that these messages of a claim may have left from now on.

        Raises OSError when neither that can be said nor the claim's file be taken away: then they may not leave.
        """
        if not self._folder or attempt_id not in self._files:
            return
        line = "".join(f"{one}\n" for one in ids).encode()
        try:
            whole = os.write(self._files[attempt_id], line) == len(line)
        except OSError:
            whole = False
        if not whole:
            (self._folder / attempt_id).unlink(missing_ok=True)

    def forget(self, attempts: Iterable[str]) -> None:
        """Take away what is recorded as a whole."""
        for attempt_id in attempts:
            if self._folder and attempt_id in self._files:
                (self._folder / attempt_id).unlink(missing_ok=True)
                os.close(self._files.pop(attempt_id))

    def close(self) -> None:
        """Leave what is not recorded to whoever asks for what was abandoned."""
        while self._files:
            os.close(self._files.popitem()[1])


def abandoned(engine: Engine) -> Iterator[tuple[str, set[int]]]:
    """Give the claims whose sender is gone by their `attempt_id`, each once, with what it had begun."""
    folder = _folder(engine)
    for file in folder.iterdir() if folder else ():
        with _taken(file) as lines:
            if lines is not None:
                yield file.name, {int(line) for line in lines}


@contextmanager
def _taken(file: Path) -> Iterator[list[str] | None]:
    """Have the lines of a file that nobody holds, which is gone afterwards; None when somebody does."""
    try:
        opened = file.open()
    except FileNotFoundError:
        yield None
        return
    with opened:
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
            return
        yield opened.read().splitlines()
        file.unlink(missing_ok=True)


def _folder(engine: Engine) -> Path | None:
    """Return this user's folder for a database, None where there can be none."""
    ours = SHARED / f"tiwizi-{os.getuid()}"
    url = engine.url
    place = Path(url.database or "").absolute() if url.get_backend_name() == "sqlite" else url.render_as_string()
    folder = ours / blake2b(str(place).encode(), digest_size=NAME_BYTES).hexdigest()
    try:
        ours.mkdir(mode=0o700, exist_ok=True)
        if ours.is_symlink() or ours.stat().st_uid != os.getuid():
            raise PermissionError(f"{ours} is another's")
        folder.mkdir(exist_ok=True)
    except OSError:
        log.debug("sms.claims_not_noted", exc_info=True)
        return None
    return folder
