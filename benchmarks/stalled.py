"""Whether callers notice that a gateway hangs: turns beside a worker that waits for it, and beside an idle one."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks import conversations, country
from benchmarks.messages import BUILD, Row, carrier, environment, queue
from benchmarks.servers import SERVICE, serving, stop
from benchmarks.turns import Callers, Subject, now, take_turns

WAITING = 20_000  # texts, of which a worker claims as many as its gateway has connections for
# Milliseconds until the gateway answers: soon, or not as long as this lasts.
IDLE, STALLED = "an idle worker", "a stalled gateway"
WORKERS = {IDLE: (0, 30.0), STALLED: (WAITING, 3_600_000.0)}
WORKER = (sys.executable, "-m", "wsgi", "worker")


def measure() -> list[Row]:
    """Return, for each database, a turn's p99 beside a stalled gateway; `ratio` is to that beside an idle worker."""
    return [row for backend in country.backends() for row in _on(backend)]


def _on(backend: str) -> list[Row]:
    with ExitStack() as stack:
        subjects = {
            worker: _turns(stack, backend, queued, latency, worker) for worker, (queued, latency) in WORKERS.items()
        }
        take_turns([subject for several in subjects.values() for subject in several])
        pairs = zip(subjects[IDLE], subjects[STALLED], strict=True)
        return [_row(backend, idle, stalled) for idle, stalled in pairs]


def _turns(stack: ExitStack, backend: str, queued: int, latency: float, worker: str) -> list[Subject]:
    """Start a service and a worker on a database of their own; return the turns to play on it."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=BUILD)))
    url = stack.enter_context(country.database(backend, folder))
    queue(url, queued, lambda number: f"Tiwizi: besoin K7-{number} enregistre.")
    api = stack.enter_context(carrier(latency=latency))
    server = stack.enter_context(serving(SERVICE, folder, url))
    stack.enter_context(_working(url, api, folder))
    begin = Callers(server, country.callers()).begin
    return [
        Subject(f"mid-dialogue turn beside {worker}", server, begin(conversations.middle), 2_000),
        Subject(f"fact turn beside {worker}", server, begin(conversations.fact), 300),
    ]


@contextmanager
def _working(url: str, api: str, folder: Path) -> Iterator[None]:
    process = subprocess.Popen(
        WORKER, env=environment(url, api), cwd=folder, start_new_session=True, stderr=subprocess.DEVNULL
    )
    try:
        yield
    finally:
        stop(process)


def _row(backend: str, idle: Subject, stalled: Subject) -> Row:
    here, there = stalled.typical(), idle.typical()
    wrong = here.load.wrong or there.load.wrong
    return {
        "name": f"{stalled.name}, {backend}",
        "value": here.load.percentile(99),
        "unit": "ms p99",
        "against": IDLE,
        "ratio": here.load.percentile(99) / there.load.percentile(99),
        "p50_ms": here.load.percentile(50),
        "p99_ms": here.load.percentile(99),
        "n": sum(len(each.load.latencies) for each in stalled.rounds),
        "at": now(),
        "cpu_us": here.cpu_us,
        **({"invalid": wrong} if wrong else {}),
    }
