"""A stand-in for Africa's Talking's messaging API: a real HTTP server with a ledger of what it has accepted."""

import json
import socket
import struct
from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs

KEY = "a-key-of-the-stand-in"
JSON = "application/json"
REFUSALS = {403: "InvalidPhoneNumber", 405: "InsufficientBalance", 406: "UserInBlacklist", 999: "NeverHeardOf"}


class Mood(StrEnum):
    """What the server does with one request."""

    ACCEPT = "accept"
    ACCEPT_AS_CONFLICT = "accept, and answer 409 with a normal body"
    ACCEPT_IN_OTHER_JSON = "accept, and answer with a content type the SDK does not read"
    STALL = "accept, and never answer"
    RESET = "accept, and reset the connection"
    PARTIAL = "accept, and break off in the middle of the answer"
    GARBAGE = "accept, and answer 201 with a page"
    BROKEN = "accept, and answer 500"
    INVALID_SENDER = "refuse the sender: 201 without recipients"
    EMPTY = "201 with nothing said about anybody"


@dataclass(frozen=True)
class Accepted:
    """One line of the ledger: a text that the network would carry."""

    message_id: str
    phone: str
    text: str
    sender: str


@dataclass
class AfricasTalkingPeer:
    """Serves while entered. `plan` holds a mood or a refusal's code for each coming request; then all are accepted."""

    plan: deque[Mood | int] = field(default_factory=deque)
    ledger: list[Accepted] = field(default_factory=list)
    over: Event = field(default_factory=Event)

    def __enter__(self) -> Self:
        self._server = _Server(self)
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.over.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        """What TIWIZI_AT_BASE_URL would be."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def accept(self, form: dict[str, str]) -> dict[str, object]:
        """Write the ledger; return the recipient's part of the answer."""
        line = Accepted(f"ATXid_{len(self.ledger) + 1:032x}", form["to"], form["message"], form.get("from", ""))
        self.ledger.append(line)
        return {
            "cost": "MAD 0.8000",
            "messageId": line.message_id,
            "messageParts": 1,
            "number": line.phone,
            "status": "Success",
            "statusCode": 101,
        }


class _Server(ThreadingHTTPServer):
    def __init__(self, peer: AfricasTalkingPeer) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.peer = peer

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that gave up is what some tests are about."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    connection: socket.socket

    def do_POST(self) -> None:
        form = self._form()
        peer = self.server.peer
        if self.path != "/version1/messaging":
            self._answer(404, "text/html", "<h1>Not Found</h1>")
        elif self.headers["apiKey"] != KEY:
            self._answer(401, "text/plain", "The supplied authentication is invalid")
        else:
            mood = peer.plan.popleft() if peer.plan else Mood.ACCEPT
            self._refuse(form, mood) if isinstance(mood, int) else self._act(form, mood)

    def _form(self) -> dict[str, str]:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        return {name: values[0] for name, values in parse_qs(body, keep_blank_values=True).items()}

    def _refuse(self, form: dict[str, str], code: int) -> None:
        status = REFUSALS[code]
        recipient = {"number": form["to"], "status": status, "statusCode": code, "messageId": "None", "cost": "0"}
        self._answer(201, JSON, _body("Sent to 0/1 Total Cost: 0", recipient))

    def _act(self, form: dict[str, str], mood: Mood) -> None:
        if mood is Mood.INVALID_SENDER:
            return self._answer(201, JSON, _body("InvalidSenderId"))
        if mood is Mood.EMPTY:
            return self._answer(201, JSON, _body(""))
        normal = _body("Sent to 1/1 Total Cost: MAD 0.8000", self.server.peer.accept(form))
        match mood:
            case Mood.STALL:
                self.server.peer.over.wait()
            case Mood.RESET:
                self._reset()
            case Mood.PARTIAL:
                self._answer(201, JSON, normal[:40], length=len(normal))
            case Mood.GARBAGE:
                self._answer(201, "text/html", "<html>Welcome to the hotel's network</html>")
            case Mood.BROKEN:
                self._answer(500, "text/html", "<h1>Internal Server Error</h1>")
            case Mood.ACCEPT_AS_CONFLICT:
                self._answer(409, JSON, normal)
            case Mood.ACCEPT_IN_OTHER_JSON:
                self._answer(201, "application/json; charset=utf-8", normal)
            case _:
                self._answer(201, JSON, normal)
        return None

    def _reset(self) -> None:
        # Lingering for no time makes close() send a reset instead of a goodbye.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def _answer(self, status: int, kind: str, body: str, length: int | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(length or len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # http.server's signature
        """Keep the tests' output clean."""


def _body(message: str, *recipients: dict[str, object]) -> str:
    return json.dumps({"SMSMessageData": {"Message": message, "Recipients": recipients}})
