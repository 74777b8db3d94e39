"""An SMS centre that others wrote, the server of PyPI's smpp34; and what it has in common with `smpp_npm`."""

import asyncio
import socket
from collections import deque
from collections.abc import Callable, Coroutine, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Thread
from time import monotonic, sleep
from typing import Any, Protocol

import smpp34

from service.gateways.smpp.texts import decode

ACCOUNT = {"smpp_system_id": "tiwizi", "smpp_password": "secret", "smpp_system_type": "vma"}
PATIENCE = 20  # seconds
PAYLOAD, OP, INFO = 0x0424, 0x0501, 0x1383
UDH = 0x40
RECEIPT = "id:{} sub:001 dlvrd:001 submit date:2611231000 done date:2611231001 stat:{} err:000 text:x"


@dataclass(frozen=True)
class Carried:
    """One line of the ledger: a submit that the centre saw. smpp34 does not tell its `validity`."""

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
    validity: str = ""


class Centre(Protocol):
    """An SMS centre.

    `plan` holds what is done with each coming submit: a status to refuse it with, "stall" (accept and say nothing),
    "late" (accept, and say so when told to `answer`), "reset" (accept and break the link), "early" (a receipt first),
    "" (accept); then all are accepted.
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

    def answer(self) -> None:
        """Answer what was accepted and has no answer yet."""
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
        self._late: list[tuple[smpp34.SubmitSmEvent, str]] = []
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
        self._do(self._unbind())

    def answer(self) -> None:
        self._do(self._answer())

    async def _answer(self) -> None:
        for event, message_id in self._late:
            event.accept(message_id)
        self._late.clear()

    async def _unbind(self) -> None:
        assert self._esme
        await self._esme.unbind()

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
            case "late":
                self._late.append((event, line.message_id))
            case "reset":
                self._held.append(event)
                await self._unbind()
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


@contextmanager
def rust_centre() -> Iterator[RustCentre]:
    centre = RustCentre()
    centre.start()
    try:
        yield centre
    finally:
        centre.stop()
