"""Load on a server: connections that are kept, each playing one conversation after another, every reply checked.

Written here rather than left to wrk, which ties a script to a connection only with one thread for each: fifty of them
took as much CPU a request as this one loop (28 to 44 microseconds, here 24 to 33) and served connections unevenly.
"""

import math
import selectors
import socket
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from itertools import chain
from multiprocessing import get_context
from statistics import quantiles
from time import perf_counter, process_time

CONNECTIONS = 50
PATIENCE = 15  # seconds that a carrier waits
END_OF_HEAD = b"\r\n\r\n"
LENGTH = b"content-length:"


@dataclass(frozen=True)
class Turn:
    """A form to post, and how the reply must begin."""

    form: str
    expected: str


# What one phone says, turn after turn; each only when the reply to the one before was read.
Talk = Sequence[Turn]


@dataclass
class Played:
    """What came of it: each turn's latency in ms, the generator's own CPU, the first wrong reply.

    `ran_out` says that there was nothing more to play before the time was over.
    """

    latencies: list[float] = field(default_factory=list)
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    ran_out: bool = False
    wrong: str = ""

    @property
    def rate(self) -> float:
        """Turns a second."""
        return len(self.latencies) / self.seconds

    def percentile(self, place: int) -> float:
        """Return the latency in ms that so many percent of the turns did not exceed."""
        return quantiles(self.latencies, n=100)[place - 1]


def drive(port: int, path: str, talks: Sequence[Talk], seconds: float, connections: int = CONNECTIONS) -> Played:
    """Play the talks from a process of their own, so that whoever measures is not measured.

    Raises OSError as `play` does.
    """
    with ProcessPoolExecutor(1, get_context("fork")) as process:
        return process.submit(play, port, path, talks, seconds, connections).result()


class _Connection:
    def __init__(self, port: int, path: str, turns: Iterator[Turn]) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), PATIENCE)
        self.head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        self.turns = turns
        self.turn = Turn("", "")
        self.sent_at = 0.0
        self.heard = b""

    def ask(self) -> bool:
        """Send the next turn; False when there is none."""
        turn = next(self.turns, None)
        if turn is None:
            return False
        self.turn, self.heard, self.sent_at = turn, b"", perf_counter()
        self.socket.sendall(f"{self.head}Content-Length: {len(turn.form)}\r\n\r\n{turn.form}".encode())
        return True

    def hear(self) -> bytes | None:
        """Read what came; return the body once it is whole.

        Raises ConnectionError when the server hung up.
        """
        part = self.socket.recv(65_536)
        if not part:
            raise ConnectionError("the server closed a connection")
        self.heard += part
        head, end, body = self.heard.partition(END_OF_HEAD)
        length = next((line for line in head.lower().split(b"\r\n") if line.startswith(LENGTH)), None)
        if not end or length is None or len(body) < int(length.removeprefix(LENGTH)):
            return None
        return body if head.startswith(b"HTTP/1.1 200") else head[:20]


def play(
    port: int, path: str, talks: Iterable[Talk], seconds: float = math.inf, connections: int = CONNECTIONS
) -> Played:
    """Play the talks over all connections, each taking the next when it is done with one, to the end or so long.

    What is asked when the time is over is waited for and counted: the server owes nothing to whoever measures next.
    Raises OSError when the server does not answer or hangs up.
    """
    played, began, spent = Played(), perf_counter(), process_time()
    left = iter(talks)
    with selectors.DefaultSelector() as selector:
        for _ in range(connections):
            connection = _Connection(port, path, chain.from_iterable(left))
            if connection.ask():
                selector.register(connection.socket, selectors.EVENT_READ, connection)
            else:
                connection.socket.close()
        while selector.get_map():
            ready = selector.select(PATIENCE)
            if not ready:
                raise TimeoutError(f"no answer within {PATIENCE} seconds")
            for key, _ in ready:
                in_time = perf_counter() - began < seconds
                if not _go_on(key.data, played, more=in_time):
                    selector.unregister(key.data.socket)
                    key.data.socket.close()
                    played.ran_out |= in_time
    played.seconds, played.cpu_seconds = perf_counter() - began, process_time() - spent
    return played


def _go_on(connection: _Connection, played: Played, *, more: bool) -> bool:
    """Read what came, and ask the next when it is whole and more is wanted; False when this connection is done."""
    body = connection.hear()
    if body is None:
        return True
    played.latencies.append((perf_counter() - connection.sent_at) * 1e3)
    if not played.wrong and not body.startswith(connection.turn.expected.encode()):
        played.wrong = f"{body.decode(errors='replace')} instead of {connection.turn.expected}"
    return more and connection.ask()
