"""Whether every reply is the right one when thousands of sessions overlap, each with answers of its own."""

import http.client
import random
import sys
import tempfile
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import urlencode

from benchmarks import country, peers
from benchmarks.conversations import STEPS, VALUES
from benchmarks.country import Caller
from benchmarks.load import CONNECTIONS, PATIENCE, Turn
from benchmarks.servers import PATH, SERVICE, Server, serving
from benchmarks.turns import BUILD, Row
from service.domain.money import Money
from service.locales import Language, speaker
from service.messaging.segments import fold

SESSIONS = 2_000
SEED = 20_261_123
STORE_MS = 1  # what a session store over a network takes at best
# A reply that never comes costs its connection all the patience: fewer sessions, and less of it, than the service has.
PEER_SESSIONS = 500
PEER_PATIENCE = 3.0  # seconds
# Where the review is one page, so that all of it is in the reply.
LANGUAGES = {Language.FR, Language.SHI, Language.EN}
HEADERS = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass(frozen=True)
class Need:
    """What one session answers; no two sessions answer all alike."""

    households: int
    cost: int
    share: int
    title: str

    @classmethod
    def of(cls, number: int) -> "Need":
        """Return the need of a session's number."""
        return cls(households=2 + number, cost=100_000 + 7 * number, share=1_000 + 3 * number, title=f"Puits {number}")

    def answers(self) -> dict[str, str]:
        """Return what is typed, by the question that it answers."""
        typed = {"households": self.households, "cost": self.cost, "share": self.share, "title": self.title}
        return {f"need.{name}": str(value) for name, value in typed.items()}


@dataclass
class Tally:
    """What came of it: replies that were right, wrong or never came, of those there should have been."""

    expected: int
    counts: Counter[str] = field(default_factory=Counter)
    first_wrong: str = ""

    def note(self, turn: Turn, reply: str | None) -> str:
        """Count a reply, None when there was none; return how it is counted."""
        outcome = "lost" if reply is None else "right" if reply.startswith(turn.expected) else "wrong"
        self.counts[outcome] += 1
        if outcome == "wrong":
            self.first_wrong = self.first_wrong or f"{reply!r} instead of {turn.expected!r}"
        return outcome

    def row(self, name: str) -> Row:
        """Return the row of the table."""
        return {
            "name": f"replies that are right, {name}",
            "value": self.counts["right"],
            "unit": f"of {self.expected:,}",
            "against": None,
            "ratio": self.counts["right"] / self.expected,
            "p50_ms": None,
            "p99_ms": None,
            "n": self.expected,
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "wrong": self.counts["wrong"],
            "lost": self.counts["lost"],
        }


def measure() -> list[Row]:
    """Return a row for the service on each database, and one for each library of npm that can be had.

    The service's rows are invalid when one reply is not the right one; of the peers it is what is measured.
    """
    return [*(_service(backend) for backend in country.backends()), *_peers()]


def _service(backend: str) -> Row:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=BUILD)))
        url = stack.enter_context(country.database(backend, folder))
        server = stack.enter_context(serving(SERVICE, folder, url))
        tally = overlap(server, _talks(service_talk, SESSIONS), PATIENCE)
    row = tally.row(f"{SESSIONS:,} sessions at once, {backend}")
    if tally.counts["right"] != tally.expected:
        row["invalid"] = f"{dict(tally.counts)}, first: {tally.first_wrong}"
    return row


def _peers() -> list[Row]:
    try:
        folder = peers.installed()
    except peers.NoPeersError as error:
        print(f"WARNING: the peers on npm are left out: {error}", file=sys.stderr)
        return []
    rows = []
    for library in peers.LIBRARIES:
        for store_ms in (0, STORE_MS):
            with peers.peer(folder, library, store_ms) as server:
                tally = overlap(server, _talks(peer_talk, PEER_SESSIONS), PEER_PATIENCE)
            store = f"a session store of {store_ms} ms" if store_ms else "in memory"
            rows.append(tally.row(f"{PEER_SESSIONS:,} sessions at once, {library} on express, {store}"))
    return rows


def overlap(server: Server, talks: Sequence[Sequence[Turn]], patience: float) -> Tally:
    """Play all talks at once: whichever connection is free takes the next turn of any that waits for no reply.

    A turn that has no reply within `patience` seconds ends its talk, as a carrier would.
    """
    waiting, lock, dice = [list(reversed(talk)) for talk in talks], Lock(), random.Random(SEED)
    tally = Tally(sum(map(len, talks)))

    def take() -> list[Turn] | None:
        with lock:
            if not waiting:
                return None  # what others have under way they bring to its end themselves
            place = dice.randrange(len(waiting))
            waiting[place], waiting[-1] = waiting[-1], waiting[place]
            return waiting.pop()

    def play(_: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=patience)
        while talk := take():
            turn = talk.pop()
            reply = _ask(connection, turn)
            with lock:
                if tally.note(turn, reply) != "lost" and talk:
                    waiting.append(talk)

    with ThreadPoolExecutor(CONNECTIONS) as pool:
        list(pool.map(play, range(CONNECTIONS)))
    return tally


def _ask(connection: http.client.HTTPConnection, turn: Turn) -> str | None:
    try:
        connection.request("POST", PATH, turn.form, HEADERS)
        return connection.getresponse().read().decode()
    except (OSError, http.client.HTTPException):
        connection.close()  # and opened again by the next turn
        return None


def _talks(talk: Callable[[Caller, Need], list[Turn]], sessions: int) -> list[list[Turn]]:
    spoken = [caller for caller in country.callers() if caller.language in LANGUAGES]
    return [talk(caller, Need.of(number)) for number, caller in enumerate(spoken[:sessions])]


def service_talk(caller: Caller, need: Need) -> list[Turn]:
    """Report a need up to its review, on which all that was answered stands."""
    said = need.answers()
    typed = [said.get(asked.key, answer.typed) for asked, answer in pairwise(STEPS[:-1])]
    money = {"cost": Money.of(need.cost), "share": Money.of(need.share)}
    values = {**VALUES, "households": need.households, **money, "title": need.title}
    screens = [_screen(caller, step.word, step.key, values) for step in STEPS[:-1]]
    return _turns(caller, typed, screens)


def _screen(caller: Caller, word: str, key: str, values: dict[str, Any]) -> str:
    said = fold(speaker(caller.language).say(key, **values, name=caller.association_name))
    # Below the first line of a question there may be a help that another page has; the review is one page.
    return f"{word} {said}\n" if key == "need.review" else f"{word} {said.splitlines()[0]}"


def peer_talk(caller: Caller, need: Need) -> list[Turn]:
    """Play the same on a peer."""
    typed = ["1", "1", *need.answers().values()]
    review = f'CON Eau potable, {need.households} foyers\n{need.cost} DH, village {need.share} DH\n"{need.title}"\n'
    return _turns(caller, typed, [*(screen for _, screen in peers.STEPS[:-1]), review])


def _turns(caller: Caller, typed: Sequence[str], screens: Sequence[str]) -> list[Turn]:
    usual = {"sessionId": f"ATUid_{uuid.uuid4().hex}", "phoneNumber": caller.number, "serviceCode": "*384*84#"}
    forms = [{**usual, "networkCode": "99999", "text": "*".join(typed[:place])} for place in range(len(screens))]
    return [Turn(urlencode(form), screen) for form, screen in zip(forms, screens, strict=True)]
