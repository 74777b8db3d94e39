"""A stand-in for SMSGate on a phone: a real HTTP server with a ledger of what it would send, and signed webhooks."""

import hashlib
import hmac
import json
import random
import socket
import struct
from base64 import b64encode
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread
from types import TracebackType
from typing import Any, Self

import requests

USER, PASSWORD, KEY = "sms", "a-password-of-the-stand-in", "a-signing-key-of-the-stand-in"
LONGEST_ID = 36
JSON = "application/json"


class Mood(StrEnum):
    """What the phone does with one text."""

    ACCEPT = "accept"
    ACCEPT_SILENTLY = "accept, and answer 202 a second time as older versions do"
    STALL = "accept, and never answer"
    RESET = "accept, and reset the connection"
    PARTIAL = "accept, and break off in the middle of the answer"
    GARBAGE = "accept, and answer 200 with a page"
    BROKEN = "accept, and answer 500"
    PORTAL = "not even reached: a hotel's page answers 200"
    REFUSE = "close the connection before reading"


@dataclass(frozen=True)
class Taken:
    """One line of the ledger: a text that the phone sends."""

    id: str
    phone: str
    text: str
    sim: int | None
    ttl: int | None
    report: bool


@dataclass
class SmsGatePeer:
    """Serves while entered. `plan` holds a mood or a refusal's status for each coming text; then all are accepted.

    `prefix` is `/api/3rdparty/v1` on a server of one's own. `connections` counts those that were opened.
    """

    prefix: str = ""
    plan: deque[Mood | tuple[int, str]] = field(default_factory=deque)
    ledger: list[Taken] = field(default_factory=list)
    webhooks: dict[str, dict[str, Any]] = field(default_factory=dict)
    connections: int = 0
    over: Event = field(default_factory=Event)
    writing: Lock = field(default_factory=Lock)

    def __enter__(self) -> Self:
        self._serve(0)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.over.set()
        self._close()

    def go_away(self) -> None:
        """Leave the network: open connections break, new ones are refused."""
        self._close()
        # Bound and not listening: nobody else gets the address meanwhile.
        self._kept_address = socket.socket()
        self._kept_address.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._kept_address.bind(("127.0.0.1", self._server.server_port))

    def come_back(self) -> None:
        """Be there again, at the same address, with all it knew."""
        self._serve(self._server.server_port)
        self._kept_address.close()

    def _close(self) -> None:
        self._server.shutdown()
        self._server.break_connections()
        self._server.server_close()
        self._thread.join()

    def _serve(self, port: int) -> None:
        self._server = _Server(self, port)
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    @property
    def url(self) -> str:
        """What TIWIZI_ANDROID_URL would be."""
        return f"http://127.0.0.1:{self._server.server_port}{self.prefix}"

    def take(self, body: dict[str, Any]) -> bool:
        """Write the ledger; False when the id is there already."""
        with self.writing:
            if any(line.id == body["id"] for line in self.ledger):
                return False
            self.ledger.append(
                Taken(
                    body["id"],
                    body["phoneNumbers"][0],
                    body["textMessage"]["text"],
                    body.get("simNumber"),
                    body.get("ttl"),
                    body.get("withDeliveryReport", True),
                )
            )
            return True

    def sent(self, event: str, line: Taken, event_id: str, reason: str = "") -> dict[str, Any]:
        """Return what the phone tells of a text it took: `sms:sent`, `sms:delivered` or `sms:failed`."""
        said = {"reason": reason} if reason else {}
        payload = {"messageId": line.id, "sender": None, "recipient": line.phone, "simNumber": 1, **said}
        return told(event, event_id, payload)


def told(event: str, event_id: str, payload: dict[str, Any]) -> dict[str, Any]:
    """Return a webhook's body."""
    return {"deviceId": "ffffffffceb0b1db", "event": event, "id": event_id, "payload": payload, "webhookId": "w1"}


def received(event_id: str, sender: str, text: str, message_id: str = "6d3e3cf4") -> dict[str, Any]:
    """Return what the phone tells of a text it received; its `messageId` is no key."""
    at = "2026-11-23T11:00:00.000+01:00"
    payload = {"messageId": message_id, "message": text, "sender": sender, "recipient": None, "phoneNumber": sender}
    return told("sms:received", event_id, {**payload, "simNumber": 1, "receivedAt": at})


@dataclass(frozen=True)
class Caller:
    """The phone's other half: posts webhooks to `url` at the time `now`, signed with `key`."""

    url: str
    now: datetime
    key: str = KEY

    def post(self, event: dict[str, Any], *, late: timedelta = timedelta(0), signature: str | None = None) -> int:
        """Post one webhook, or the copy that someone kept and posts `late`; return the answer's status."""
        return self.post_raw(json.dumps(event, ensure_ascii=False).encode(), late=late, signature=signature)

    def post_raw(self, body: bytes, *, late: timedelta = timedelta(0), signature: str | None = None) -> int:
        """Post any body."""
        stamp = str(int((self.now - late).timestamp()))
        signed = hmac.new(self.key.encode(), body + stamp.encode(), hashlib.sha256).hexdigest()
        headers = {
            "Content-Type": JSON,
            "X-Timestamp": stamp,
            "X-Signature": signed if signature is None else signature,
        }
        return requests.post(self.url, data=body, headers=headers, timeout=20).status_code

    def post_all(self, events: Iterable[dict[str, Any]], *, seed: int) -> set[int]:
        """Post each twice and all shuffled, as the phone's retries do; return the statuses of the answers."""
        doubled = [event for event in events for _ in range(2)]
        random.Random(seed).shuffle(doubled)  # noqa: S311  # the same order on every run
        return {self.post(event) for event in doubled}


class _Server(ThreadingHTTPServer):
    def __init__(self, peer: SmsGatePeer, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.peer = peer
        self._open: set[socket.socket] = set()

    def process_request(self, request: Any, client_address: Any) -> None:
        self.peer.connections += 1
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def break_connections(self) -> None:
        for connection in list(self._open):
            connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that gave up is what some tests are about."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    connection: socket.socket
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self._known(("messages", "webhooks")):
            read = json.loads(body)
            self._register(read) if self._path == "webhooks" else self._message(read)

    def do_GET(self) -> None:
        if self._known(("webhooks",)):
            self._answer(200, list(self.server.peer.webhooks.values()))

    def _known(self, paths: tuple[str, ...]) -> bool:
        """Answer who has the wrong password or asks for what is not there."""
        expected = "Basic " + b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if self.headers.get("Authorization") != expected:
            self._answer(401, {"message": "Unauthorized"})
        elif self._path not in paths:
            self._answer(404, {"message": "Not Found"})
        else:
            return True
        return False

    @property
    def _path(self) -> str | None:
        prefix = f"{self.server.peer.prefix}/"
        return self.path.removeprefix(prefix) if self.path.startswith(prefix) else None

    def _register(self, webhook: dict[str, Any]) -> None:
        if not webhook["url"].startswith(("https://", "http://127.0.0.1")):
            return self._answer(400, {"message": "url must start with https:// or http://127.0.0.1"})
        self.server.peer.webhooks[webhook["id"]] = webhook
        return self._answer(201, webhook)

    def _message(self, body: dict[str, Any]) -> None:
        peer = self.server.peer
        mood = peer.plan.popleft() if peer.plan else Mood.ACCEPT
        if isinstance(mood, tuple):
            return self._answer(mood[0], {"message": mood[1]})
        if mood is Mood.PORTAL:
            return self._write(200, "text/html", "<html>Welcome to the hotel's network</html>")
        if mood is Mood.REFUSE:
            return self._reset()
        if len(body["id"]) > LONGEST_ID:
            return self._answer(400, {"message": "Key: 'Message.ID' Error: failed on the 'max' tag"})
        return self._act(body, mood)

    def _act(self, body: dict[str, Any], mood: Mood) -> None:
        new = self.server.peer.take(body)
        state = {"id": body["id"], "deviceId": "d1", "state": "Pending", "recipients": [], "isHashed": False}
        normal = json.dumps(state)
        if not new and mood is Mood.ACCEPT:
            return self._answer(409, {"message": "Message with the same ID already exists"})
        match mood:
            case Mood.STALL:
                self.server.peer.over.wait()
                self._reset()
            case Mood.RESET:
                self._reset()
            case Mood.PARTIAL:
                self._write(202, JSON, normal[:20], length=len(normal))
                self.close_connection = True
            case Mood.GARBAGE:
                self._write(200, "text/html", "<html>It works!</html>")
            case Mood.BROKEN:
                self._answer(500, {"message": "database is locked"})
            case _:
                self._write(202, JSON, normal)
        return None

    def _reset(self) -> None:
        # Lingering for no time makes close() send a reset instead of a goodbye.
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def _answer(self, status: int, body: object) -> None:
        self._write(status, JSON, json.dumps(body))

    def _write(self, status: int, kind: str, body: str, length: int | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(length or len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # http.server's signature
        """Keep the tests' output clean."""
