"""One connection to an SMS centre: written to from any thread, read by the one that owns it."""

import secrets
import selectors
import socket
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from itertools import count
from threading import Lock

from service.gateways.smpp.wire import Header, frames, read_header

LAST_NUMBER = 0x7FFFFFFF
AT_ONCE = 65_536  # octets
MOST_LATE = 1_000  # requests whose response is no longer waited for, and would still tell something


class NotSentError(Exception):
    """Nothing has left: there is no bind, or it broke before the whole request was written."""


class InDoubtError(Exception):
    """The request was written, and its answer never came."""


@dataclass(frozen=True)
class Response:
    """What the centre answered to a request."""

    status: int
    raw: bytes


class Connection:
    """Knows who waits for which response. `name` tells this connection from those before and after."""

    def __init__(self, host: str, port: int, patience: float) -> None:
        """Connect; `patience` is the seconds for this and for each write.

        Raises OSError.
        """
        self.name = secrets.token_hex(4)
        self._socket = socket.create_connection((host, port), timeout=patience)
        self._writing, self._open = Lock(), True
        self._waiting: dict[int, Future[Response]] = {}
        self._late: dict[int, Future[Response]] = {}
        self._numbers = count()
        self._buffer = bytearray()
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._socket, selectors.EVENT_READ)

    def request(self, make: Callable[[int], bytes]) -> Future[Response]:
        """Write the request that `make` returns for a sequence number; its response comes with the future.

        Raises NotSentError.
        """
        answer: Future[Response] = Future()
        with self._writing:
            number = next(self._numbers) % LAST_NUMBER + 1
            self._waiting[number] = answer
            try:
                self._write(make(number))
            except NotSentError:
                del self._waiting[number]
                raise
        return answer

    def respond(self, raw: bytes) -> None:
        """Write the response to a request of the centre's.

        Raises NotSentError.
        """
        with self._writing:
            self._write(raw)

    def read(self, wait: float) -> list[tuple[Header, bytes]]:
        """Return the PDUs that came within so many seconds.

        Raises OSError and MalformedError when nothing more will come.
        """
        if not self._selector.select(wait):
            return []
        received = self._socket.recv(AT_ONCE)
        if not received:
            raise ConnectionResetError("closed by the centre")
        self._buffer += received
        return [(read_header(raw), raw) for raw in frames(self._buffer)]

    def settle(self, header: Header, raw: bytes) -> bool:
        """Hand a response to who waits for it, or did; False when nobody knows of it."""
        with self._writing:
            answer = self._waiting.pop(header.sequence, None) or self._late.pop(header.sequence, None)
        if answer is None:
            return False
        answer.set_result(Response(header.status, raw))
        return True

    def forget(self, answer: Future[Response]) -> None:
        """Wait no more for a response; the future has it when it comes all the same, unless a thousand are later."""
        with self._writing:
            for number in [number for number, one in self._waiting.items() if one is answer]:
                self._late[number] = self._waiting.pop(number)
            if len(self._late) > MOST_LATE:
                del self._late[next(iter(self._late))]

    def unanswered(self) -> list[Future[Response]]:
        """Return what waits for a response at this moment."""
        with self._writing:
            return list(self._waiting.values())

    def hang_up(self) -> None:
        """Let no more be written or read; who reads will notice. From any thread, as often as one likes."""
        self._open = False
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            return  # it is down already

    def close(self) -> None:
        """Hang up, and tell all who wait that no response will come. From the thread that reads."""
        self.hang_up()
        with self._writing:
            self._selector.close()
            self._socket.close()
            waiting, self._waiting = self._waiting, {}
        for answer in waiting.values():
            answer.set_exception(InDoubtError("the link was lost"))

    def _write(self, raw: bytes) -> None:
        if not self._open:
            raise NotSentError("the link was lost")
        try:
            self._socket.sendall(raw)
        except OSError as error:
            # A PDU that is not whole is none; and what follows its half would be none either.
            self.hang_up()
            raise NotSentError("the link was lost") from error
