"""Two SMS centres that others wrote: the server of PyPI's smpp34, and one on npm's smpp (`npm/smpp.js`)."""

import asyncio
import fcntl
import json
import shutil
import socket
import subprocess
from collections import deque
from collections.abc import Callable, Coroutine, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from threading import Lock, Thread
from time import monotonic, sleep
from typing import Any, Protocol

import pytest
import smpp34

from service.gateways.smpp.texts import decode

SOURCES = Path(__file__).parent / "npm"
BUILD = Path(__file__).parents[2] / "build" / "test-peers"
ACCOUNT = {"smpp_system_id": "tiwizi", "smpp_password": "secret", "smpp_system_type": "vma"}
PATIENCE = 20  # seconds
PAYLOAD, OP, INFO = 0x0424, 0x0501, 0x1383
UDH = 0x40
RECEIPT = "id:{} sub:001 dlvrd:001 submit date:2611231000 done date:2611231001 stat:{} err:000 text:x"


@dataclass(frozen=True)
class Carried:
    """One line of the ledger: a submit that the centre saw."""

    message_id: str
    source: str
    destination: str
    text: str
    coding: int
    esm_class: int
    receipt: int
    service_type: str = ""
    udh: bytes = b""
    op: int | None = None
    info: bytes = b""


class Centre(Protocol):
    """An SMS centre.

    `plan` holds what is done with each coming submit: a status to refuse it with, "stall" (accept and say nothing),
    "reset" (accept and break the link), "early" (a receipt first), "" (accept); then all are accepted.
    """

    port: int
    plan: "deque[int | str]"

    @property
    def carried(self) -> list[Carried]:
        """The ledger."""
        ...

    @property
    def binds(self) -> int:
        """How often somebody bound."""
        ...

    def deliver(self, source: str, body: bytes, **fields: Any) -> int:
        """Send a deliver_sm and return the status of its answer."""
        ...

    def begin(self, source: str, body: bytes, **fields: Any) -> "Future[int]":
        """Send a deliver_sm; its status comes with the future."""
        ...

    def drop(self) -> None:
        """End the link."""
        ...


def until(condition: Callable[[], object], within: float = PATIENCE) -> None:
    """Wait until something is so."""
    end = monotonic() + within
    while not condition():
        assert monotonic() < end, "it never came to be"
        sleep(0.005)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class RustCentre:
    """The server of smpp34, in an event loop of its own."""

    def __init__(self) -> None:
        self.port, self.binds = free_port(), 0
        self.plan: deque[int | str] = deque()
        self.carried: list[Carried] = []
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever)
        self._esme: smpp34.Esme | None = None
        self._held: list[object] = []  # what is let go is refused
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        self._thread.start()
        self._do(self._listen())

    def stop(self) -> None:
        self._do(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def deliver(self, source: str, body: bytes, **fields: Any) -> int:
        return self.begin(source, body, **fields).result(PATIENCE)

    def begin(self, source: str, body: bytes, **fields: Any) -> "Future[int]":
        return asyncio.run_coroutine_threadsafe(self._deliver(source, body, **fields), self._loop)

    def drop(self) -> None:
        """Unbind, as a centre does that is shut down."""
        assert self._esme
        self._do(self._esme.unbind())

    async def _listen(self) -> None:
        self._server = smpp34.Server("127.0.0.1", self.port)
        await self._server.start()
        self._spawn(self._serve())

    async def _end(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._held.clear()
        await self._server.stop()

    async def _serve(self) -> None:
        while True:
            match await self._server.next():
                case smpp34.Esme() as esme:
                    self._esme = esme
                    self.binds += 1
                case smpp34.SubmitSmEvent() as event:
                    self._spawn(self._act(event))
                case _:
                    self._held.clear()

    async def _act(self, event: smpp34.SubmitSmEvent) -> None:
        line = _line(event, f"rust-{len(self.carried) + 1}")
        mood = self.plan.popleft() if self.plan else ""
        self.carried.append(line)
        match mood:
            case int():
                event.reject(mood)
            case "stall":
                self._held.append(event)
            case "reset":
                self._held.append(event)
                assert self._esme
                await self._esme.unbind()
            case "early":
                receipt = RECEIPT.format(line.message_id, "DELIVRD").encode()
                await self._deliver(event.destination_addr, receipt, esm_class=4)
                event.accept(line.message_id)
            case _:
                event.accept(line.message_id)

    async def _deliver(
        self, source: str, body: bytes, *, op: int | None = None, info: bytes = b"", **fields: Any
    ) -> int:
        assert self._esme
        tlvs = [smpp34.Tlv(tag, value) for tag, value in fields.pop("tlvs", {}).items()]
        if op is not None:
            tlvs.append(smpp34.Tlv(OP, bytes([op])))
        if info:
            tlvs.append(smpp34.Tlv(INFO, info))
        to = fields.pop("destination", "84")
        fields.setdefault("source_addr_ton", 1)
        answer = await self._esme.deliver_sm(to, body, source_addr=source, tlvs=tlvs, **fields)
        return answer.command_status

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE)


def _line(event: smpp34.SubmitSmEvent, message_id: str) -> Carried:
    tlvs: Mapping[int, bytes] = {tlv.tag: tlv.value for tlv in event.tlvs}
    body = event.short_message or tlvs.get(PAYLOAD, b"")
    head = body[0] + 1 if event.esm_class & UDH else 0
    op = tlvs.get(OP)
    return Carried(
        message_id,
        event.source_addr,
        event.destination_addr,
        decode(body[head:], event.data_coding),
        event.data_coding,
        event.esm_class,
        event.registered_delivery,
        event.service_type,
        body[:head],
        op[0] if op else None,
        tlvs.get(INFO, b""),
    )


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
def rust_centre() -> Iterator[RustCentre]:
    centre = RustCentre()
    centre.start()
    try:
        yield centre
    finally:
        centre.stop()


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
