"""A load generator of our own: plays scripts over keep-alive connections, and checks every reply."""

import json
import math
import selectors
import socket
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter

PATIENCE = 15  # seconds that a carrier waits
END_OF_HEAD = b"\r\n\r\n"
LENGTH = b"content-length:"


@dataclass(frozen=True)
class Turn:
    """A form to post and how the reply must begin, both as they are on the wire."""

    form: str
    expected: str


Script = Sequence[Turn]


@dataclass
class Played:
    """What came of it: each turn's latency in ms, whether a script ended before the time did, the first wrong reply."""

    latencies: list[float] = field(default_factory=list)
    seconds: float = 0.0
    ran_out: bool = False
    wrong: str = ""


class _Connection:
    def __init__(self, port: int, path: str, script: Script) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), PATIENCE)
        self.head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        self.turns: Iterator[Turn] = iter(script)
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


def play(port: int, path: str, scripts: Sequence[Script], seconds: float = math.inf) -> Played:
    """Play each script over a connection of its own, to the end or for so many seconds.

    Raises OSError when the server does not answer or hangs up.
    """
    played, began = Played(), perf_counter()
    with selectors.DefaultSelector() as selector:
        for script in filter(None, scripts):
            connection = _Connection(port, path, script)
            selector.register(connection.socket, selectors.EVENT_READ, connection)
            connection.ask()
        while selector.get_map() and perf_counter() - began < seconds:
            ready = selector.select(PATIENCE)
            if not ready:
                raise TimeoutError(f"no answer within {PATIENCE} seconds")
            for key, _ in ready:
                if not _go_on(key.data, played):
                    selector.unregister(key.data.socket)
                    key.data.socket.close()
                    played.ran_out = True
        for key in list(selector.get_map().values()):
            key.data.socket.close()
    played.seconds = perf_counter() - began
    return played


def _go_on(connection: _Connection, played: Played) -> bool:
    body = connection.hear()
    if body is None:
        return True
    played.latencies.append((perf_counter() - connection.sent_at) * 1e3)
    if not played.wrong and not body.startswith(connection.turn.expected.encode()):
        played.wrong = f"{body.decode(errors='replace')} instead of {connection.turn.expected}"
    return connection.ask()


def _main(port: int, path: str, folder: Path, seconds: float) -> None:
    scripts = [_read(file) for file in sorted(folder.glob("*.tsv"))]
    played = play(port, path, scripts, seconds)
    ordered = sorted(played.latencies)
    result = {
        "requests": len(ordered),
        "seconds": played.seconds,
        "p50_ms": ordered[len(ordered) // 2],
        "p99_ms": ordered[len(ordered) * 99 // 100],
        "errors": 0,
        "ran_out": int(played.ran_out),
        "wrong": played.wrong,
    }
    print(json.dumps(result))


def _read(file: Path) -> list[Turn]:
    lines = (line.split("\t") for line in file.read_text().splitlines())
    return [Turn(form, expected) for expected, form in lines]


if __name__ == "__main__":
    _main(int(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), float(sys.argv[4]))
