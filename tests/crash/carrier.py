"""The carrier: the stand-in in a process of its own with its ledger in a file, and who posts its receipts."""

import asyncio
import multiprocessing
import random
import signal
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from itertools import islice
from multiprocessing.connection import Connection
from pathlib import Path

from tests.crash.line import Line
from tests.crash.lives import Shared
from tests.peers.africastalking import BROKEN, GARBAGE, AfricasTalkingPeer, Ledger, Mood, Raw
from tests.peers.africastalking.answers import PLAIN, Step

# What a carrier does now and then; whatever it has accepted stands in the ledger.
WEATHER: tuple[Step, ...] = (
    Mood.RESET,
    Mood.CLOSE,
    Mood.PARTIAL,
    Mood.MISSING,
    Mood.DOUBLED,
    BROKEN,
    GARBAGE,
    Raw(429, "Too Many Requests", PLAIN),
)
STORMS = 0.05  # of the requests
# Receipts of one text, in any order and perhaps twice: all end in delivery.
TOLD = (("Success",), ("Sent", "Success"), ("Success", "Sent"), ("Success", "Success"), ("Buffered", "Sent", "Success"))
LOOK_EVERY = 0.005


class Weather(deque[Step]):
    """What becomes of each request, for ever, under a seed."""

    def __init__(self, seed: int, storms: float) -> None:
        super().__init__()
        self._storms = storms
        self._dice = random.Random(seed)  # noqa: S311  # the same again for the same seed

    def __bool__(self) -> bool:
        return True

    def popleft(self) -> Step:
        return self._dice.choice(WEATHER) if self._dice.random() < self._storms else Mood.ACCEPT


@contextmanager
def carrying(ledger: Path, seed: int, storms: float) -> Iterator[str]:
    """Have the stand-in in a process of its own while the block runs, with storms now and then; gives its address."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("fork").Process(
        target=_carry, args=(Weather(seed, storms), ledger, theirs), daemon=True
    )
    process.start()
    try:
        yield ours.recv()
    finally:
        process.terminate()
        process.join()


def _carry(weather: Weather, ledger: Path, ready: Connection) -> None:
    peer = AfricasTalkingPeer(plan=weather, ledger=Ledger(ledger))

    async def serve() -> None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, peer.stop)
        await peer.serve(lambda: ready.send(peer.url))

    asyncio.run(serve())


class Receipts(threading.Thread):
    """Posts receipts for what the ledger gains: shuffled, some twice, each until it is answered 200."""

    def __init__(self, ledger: Path, line: Line, seed: int, shared: Shared) -> None:
        super().__init__(name="receipts", daemon=True)
        self._ledger, self._line, self._shared = Ledger(ledger), line, shared
        self._dice = random.Random(seed)  # noqa: S311  # as above
        self._over = threading.Event()
        self._seen = 0

    def stop(self) -> None:
        """Post what is left, and end."""
        self._over.set()
        self.join()

    def run(self) -> None:
        """Follow the ledger until told to stop."""
        while not (self._follow() == 0 and self._over.is_set()):
            time.sleep(LOOK_EVERY)

    def _follow(self) -> int:
        new = list(islice(self._ledger, self._seen, None))
        self._shared.quiet.value = 0 if new else self._shared.quiet.value + 1
        self._seen += len(new)
        receipts = [(one, status) for one in new for status in self._dice.choice(TOLD)]
        self._dice.shuffle(receipts)
        for one, status in receipts:
            form = {"id": one.message_id, "phoneNumber": one.phone, "status": status, "networkCode": "60401"}
            self._line.bring("receipt", form, HTTPStatus.OK)
        return len(new)
