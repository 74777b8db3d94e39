"""An SMS centre on npm's smpp (`npm/smpp.js`), a process of its own."""

import fcntl
import json
import shutil
import subprocess
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from threading import Lock, Thread
from typing import Any

import pytest

from service.gateways.smpp.texts import decode
from tests.peers.smpp import PATIENCE, Carried, until

SOURCES = Path(__file__).parent / "npm"
BUILD = Path(__file__).parents[2] / "build" / "test-peers"


@dataclass
class NodeCentre:
    """The server on npm's smpp, a process of its own. `events` is all it told."""

    folder: Path
    port: int = 0
    plan: "deque[int | str]" = field(default_factory=deque)
    events: list[dict[str, Any]] = field(default_factory=list)
    _answers: dict[int, "Future[int]"] = field(default_factory=dict)
    _ordering: Lock = field(default_factory=Lock)
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def start(self) -> None:
        self._process = subprocess.Popen(
            ("node", "smpp.js", str(self.port)),
            cwd=self.folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._thread = Thread(target=self._listen)
        self._thread.start()
        until(lambda: self.port or self._process.poll() is not None)
        assert self.port

    def stop(self) -> None:
        with self._process:
            assert self._process.stdin
            self._process.stdin.close()
            self._process.wait(PATIENCE)
            self._thread.join()

    @property
    def binds(self) -> int:
        return len(self.told("bound"))

    @property
    def carried(self) -> list[Carried]:
        self.order("nothing")
        return [_told(told) for told in self.told("submitted")]

    def told(self, event: str) -> list[dict[str, Any]]:
        """Return what it told under this name."""
        return [one for one in self.events if one["event"] == event]

    def order(self, order: str, **facts: Any) -> None:
        """Have it do something; done when this returns."""
        assert self._process.stdin
        with self._ordering:
            before = len(self.told("done"))
            self._process.stdin.write(json.dumps({"order": order, **facts}) + "\n")
            self._process.stdin.flush()
            until(lambda: len(self.told("done")) > before)

    def deliver(self, source: str, body: bytes, **fields: Any) -> int:
        return self.begin(source, body, **fields).result(PATIENCE)

    def begin(
        self, source: str, body: bytes, *, op: int | None = None, info: bytes = b"", **fields: Any
    ) -> "Future[int]":
        number = next(self._numbers)
        answer = self._answers[number] = Future()
        assert not fields.pop("tlvs", None), "npm's smpp knows names, not tags"
        pdu = {
            "source_addr": source,
            "source_addr_ton": 1,
            "destination_addr": fields.pop("destination", "84"),
            "hex": body.hex(),
            "info": info.hex(),
            **({} if op is None else {"ussd_service_op": op}),
            **fields,
        }
        self.order("deliver", number=number, pdu=pdu)
        return answer

    def drop(self) -> None:
        """Reset the connection."""
        self.order("drop")

    def answer(self) -> None:
        self.order("answer")

    def _listen(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            told = json.loads(line)
            self.events.append(told)
            match told["event"]:
                case "listening":
                    self.port = told["port"]
                case "answered":
                    self._answers.pop(told["number"]).set_result(told["status"])


def _told(told: dict[str, Any]) -> Carried:
    raw = bytes.fromhex(told["hex"]) if "hex" in told else None
    return Carried(
        told["message_id"],
        told["source"],
        told["destination"],
        told["text"] if raw is None else decode(raw, told["coding"]),
        told["coding"],
        told["esm_class"],
        told["receipt"],
        told["service_type"],
        b"\x05" + bytes.fromhex(told["udh"]) if told["udh"] else b"",
        told["op"],
        bytes.fromhex(told["info"] or ""),
        told["validity"],
    )


class _Orders(deque[int | str]):
    """A plan that the other process has to be told of."""

    def __init__(self, centre: NodeCentre) -> None:
        super().__init__()
        self._centre = centre

    def append(self, mood: int | str) -> None:
        self._centre.order("plan", moods=[mood])

    def extend(self, moods: Any) -> None:
        self._centre.order("plan", moods=list(moods))


@contextmanager
def node_centre() -> Iterator[NodeCentre]:
    """Run the centre on npm's smpp; skips the test where it cannot be had."""
    centre = NodeCentre(_installed())
    centre.plan = _Orders(centre)
    centre.start()
    try:
        yield centre
    finally:
        centre.stop()


def _installed() -> Path:
    """Return the folder where the packages of package-lock.json are installed."""
    if not (shutil.which("node") and shutil.which("npm")):
        pytest.skip("no Node: the gateway is not tried against npm's smpp. To have it: apt-get install nodejs npm")
    BUILD.mkdir(parents=True, exist_ok=True)
    with (BUILD / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        wanted = {source.name: source.read_bytes() for source in SOURCES.iterdir()}
        if not all((BUILD / name).is_file() and (BUILD / name).read_bytes() == held for name, held in wanted.items()):
            for name, held in wanted.items():
                if name != "smpp.js":
                    (BUILD / name).write_bytes(held)
            command = ("npm", "ci", "--ignore-scripts", "--prefer-offline", "--loglevel=error")
            done = subprocess.run(command, cwd=BUILD, capture_output=True, text=True, check=False)
            if done.returncode:
                pytest.skip(f"npm ci failed: the gateway is not tried against npm's smpp: {done.stderr.strip()[:200]}")
            (BUILD / "smpp.js").write_bytes(wanted["smpp.js"])
    return BUILD
