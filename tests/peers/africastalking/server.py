"""The messaging API itself: HTTP/1.1 over kept connections, quick enough never to be what is measured."""

import asyncio
import socket
import struct
import uuid
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from threading import Event, Thread
from types import TracebackType
from typing import Any, Self, cast
from urllib.parse import parse_qsl

from tests.peers.africastalking.answers import (
    ACCEPTED,
    BALANCE,
    PLAIN,
    QUEUED,
    SENT,
    Mood,
    Raw,
    Step,
    account,
    normal,
    recipient,
    response,
    said,
)
from tests.peers.africastalking.ledger import Accepted, Ledger

KEY = "a-key-of-the-stand-in"
PATH, ACCOUNT = "/version1/messaging", "/version1/user"
REQUIRED = ("username", "to", "message")


@dataclass
class AfricasTalkingPeer:
    """Serves while entered, in a thread; or in the running event loop by `serve`.

    `plan` holds what becomes of each coming request; then all are accepted. `latency` is seconds before each answer.
    `before_answer` is called with what was accepted, in a thread of its own, before the client hears of it.
    Whoever asks for the account is told `balance`, or what `looks` holds for each coming look; these are `looked`.
    """

    plan: deque[Step] = field(default_factory=deque)
    balance: str = BALANCE
    looks: deque[Mood | Raw] = field(default_factory=deque)
    looked: int = 0
    ledger: Ledger = field(default_factory=Ledger)
    latency: float = 0.0
    port: int = 0
    before_answer: Callable[[Sequence[Accepted]], object] | None = None
    requests: int = 0
    connections: int = 0
    open: "set[_Connection]" = field(default_factory=set)

    def __enter__(self) -> Self:
        started = Event()
        self._thread = Thread(target=lambda: asyncio.run(self.serve(started.set)))
        self._thread.start()
        started.wait()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._loop.call_soon_threadsafe(self.stop)
        self._thread.join()

    @property
    def url(self) -> str:
        """What TIWIZI_AT_BASE_URL would be."""
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, started: Callable[[], object]) -> None:
        """Serve until stopped, from when `started` is called."""
        self._loop, self._stopped = asyncio.get_running_loop(), asyncio.Event()
        server = await self._loop.create_server(partial(_Connection, self), "127.0.0.1", self.port, backlog=1_000)
        self.port = server.sockets[0].getsockname()[1]
        started()
        await self._stopped.wait()
        server.close()
        await self._hang_up()
        await server.wait_closed()

    def stop(self) -> None:
        """Make `serve` return; to be called in its loop."""
        self._stopped.set()

    def hang_up(self) -> None:
        """Close the connections that clients keep open, as a server does that has waited for long."""
        asyncio.run_coroutine_threadsafe(self._hang_up(), self._loop).result()

    async def _hang_up(self) -> None:
        for connection in self.open:
            connection.transport.close()
        await asyncio.sleep(0)  # the sockets are closed in the loop's next round

    def hear(self, path: str, headers: Mapping[str, str], form: Mapping[str, str], client: "_Connection") -> None:
        """Do with one request as planned."""
        path, _, query = path.partition("?")
        if path == ACCOUNT:
            return self._show(headers, dict(parse_qsl(query)), client)
        self.requests += 1
        if path != PATH:
            client.answer(Raw(404, "<h1>Not Found</h1>"))
        elif headers.get("apikey") != KEY:
            client.answer(Raw(401, "The supplied authentication is invalid", PLAIN))
        elif missing := next((name for name in REQUIRED if not form.get(name)), None):
            client.answer(Raw(400, f"Request is missing required form field '{missing}'", PLAIN))
        else:
            self._act(form, self.plan.popleft() if self.plan else Mood.ACCEPT, client)
        return None

    def _show(self, headers: Mapping[str, str], asked: Mapping[str, str], client: "_Connection") -> None:
        self.looked += 1
        if headers.get("apikey") != KEY or not asked.get("username"):
            return client.answer(Raw(401, "The supplied authentication is invalid", PLAIN))
        step = self.looks.popleft() if self.looks else Mood.ACCEPT
        return self._later(partial(_say, client, step, account(self.balance)))

    def _act(self, form: Mapping[str, str], step: Step, client: "_Connection") -> None:
        if step is Mood.DEAF:
            return client.reset()
        if isinstance(step, Raw) and not step.accepts:
            return client.answer(step)
        recipients = self._accept(form, step)
        accepted = [one for one in recipients if one.message_id]
        self.ledger.write(accepted)
        told = [self._recipient(form, step, one) for one in recipients]
        answer = partial(_say, client, step, said(step, told) if isinstance(step, Mood) else normal(told))
        if self.before_answer is None:
            self._later(answer)
        else:
            noted = self._loop.run_in_executor(None, self.before_answer, accepted)
            noted.add_done_callback(lambda _: self._later(answer))
        return None

    def _accept(self, form: Mapping[str, str], step: Step) -> list[Accepted]:
        """Return a line for each phone; without an id where it is refused."""
        text, sender = form["message"], form.get("from", "")
        return [
            Accepted(f"ATXid_{uuid.uuid4().hex}" if _code(step, phone) in ACCEPTED else "", phone, text, sender)
            for phone in form["to"].split(",")
        ]

    def _recipient(self, form: Mapping[str, str], step: Step, line: Accepted) -> dict[str, Any]:
        code = _code(step, line.phone)
        return recipient(line.phone, QUEUED if code == SENT and "enqueue" in form else code, line.message_id or "None")

    def _later(self, answer: Callable[[], object]) -> None:
        self._loop.call_later(self.latency, answer) if self.latency else answer()


class _Connection(asyncio.Protocol):
    """One client, who sends one request after the other."""

    transport: asyncio.Transport

    def __init__(self, peer: AfricasTalkingPeer) -> None:
        self._peer = peer
        self._read = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self._peer.connections += 1
        self._peer.open.add(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # asyncio's signature
        self._peer.open.discard(self)

    def data_received(self, data: bytes) -> None:
        self._read += data
        if not self._read[:1].isalpha():  # TLS, perhaps
            return self.break_off(Raw(400, "<h1>Bad Request</h1>"))
        head, end, rest = self._read.partition(b"\r\n\r\n")
        if not end:
            return None
        first, *lines = head.decode().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        length = int(headers.get("content-length", 0))
        if len(rest) >= length:
            self._read = rest[length:]
            form = dict(parse_qsl(rest[:length].decode(), keep_blank_values=True))
            self._peer.hear(first.split(" ")[1], headers, form, self)
        return None

    def answer(self, raw: Raw) -> None:
        """Answer, and listen for the next request."""
        self.transport.write(response(raw.status, raw.kind, raw.body))

    def break_off(self, raw: Raw) -> None:
        """Answer with half of it, and close."""
        whole = response(raw.status, raw.kind, raw.body)
        self.transport.write(whole[: -len(raw.body) // 2])
        self.transport.close()

    def reset(self) -> None:
        """Go without a goodbye: lingering for no time makes closing send a reset."""
        peer = cast("socket.socket", self.transport.get_extra_info("socket"))
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()


def _code(step: Step, phone: str) -> int:
    if isinstance(step, Mapping):
        return step.get(phone, SENT)
    return step if isinstance(step, int) else SENT


def _say(client: _Connection, step: Step, answer: Raw) -> None:
    """Do what a step says with the answer that would be given."""
    match step:
        case Raw():
            client.answer(step)
        case Mood.STALL:
            pass
        case Mood.DEAF | Mood.RESET:
            client.reset()
        case Mood.CLOSE:
            client.transport.close()
        case Mood.PARTIAL:
            client.break_off(answer)
        case _:
            client.answer(answer)
