"""What the network would carry, written down before anybody is told of it."""

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import overload


@dataclass(frozen=True, slots=True)
class Accepted:
    """One line of the ledger: a text to one phone."""

    message_id: str
    phone: str
    text: str
    sender: str


@dataclass
class Ledger(Sequence[Accepted]):
    """Lines are added and never changed: in memory, or as JSON lines in `file`, where they outlive this process.

    `durable` lines outlive the machine as well.
    """

    file: Path | None = None
    durable: bool = False
    _lines: list[Accepted] = field(default_factory=list)

    def write(self, lines: Sequence[Accepted]) -> None:
        """Add lines; they are there for any reader when this returns."""
        if self.file is None:
            self._lines.extend(lines)
            return
        written = "".join(json.dumps(asdict(line)) + "\n" for line in lines).encode()
        file = os.open(self.file, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        try:
            os.write(file, written)
            if self.durable:
                os.fsync(file)
        finally:
            os.close(file)

    def __iter__(self) -> Iterator[Accepted]:
        return iter(self._lines) if self.file is None else read_ledger(self.file)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    @overload
    def __getitem__(self, index: int) -> Accepted: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Accepted]: ...
    def __getitem__(self, index: int | slice) -> Accepted | Sequence[Accepted]:
        return list(self)[index]


def read_ledger(file: Path) -> Iterator[Accepted]:
    """Read a ledger that another process may be writing: a line that has no end yet is not there yet."""
    if not file.exists():
        return
    with file.open() as lines:
        for line in lines:
            if line.endswith("\n"):
                yield Accepted(**json.loads(line))
