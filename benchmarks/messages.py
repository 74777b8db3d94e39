"""Texts on their way out: the real `tiwizi job drain`, through a provider that answers each request after 30 ms."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import cycle, islice
from pathlib import Path
from threading import Event, Thread
from time import perf_counter

from sqlalchemy import func, insert, select, text

from benchmarks import country
from benchmarks.servers import Server
from service.domain.kinds import MANNERS, Kind
from service.domain.states import MessageState
from service.gateways.africastalking import AfricasTalkingGateway
from service.gateways.base import Outcome, Outgoing
from service.models import Attempt, Message
from service.models.session import make_engine, transaction
from service.settings import Settings
from tests.peers.africastalking import KEY

Row = dict[str, str | float | int | None]
ROOT = Path(__file__).parents[1]
BUILD = ROOT / "build"
LATENCY_MS = 30
EQUAL, PERSONAL, MANY = 40_000, 6_000, 1_000_000
WANTED = 8_000  # equal texts a second
SETTLED = 100_000  # messages after which the process is weighed first
BATCH = 20_000
LOOK_EVERY = 0.2  # seconds
SWEPT_EVERY = 60  # seconds: PostgreSQL's autovacuum_naptime
PAGES_TO_MIB = 4096 / 2**20
GATEWAY = AfricasTalkingGateway
CALLS = GATEWAY.connections * 1000 / LATENCY_MS  # a second, at best
PEER = (sys.executable, "-m", "tests.peers.africastalking")
DRAIN = (sys.executable, "-m", "wsgi", "job", "drain")
# Prices are reserved and caps looked at, but none is met; it may be night.
OPEN = dict.fromkeys(("CAP_DAY", "CAP_COUNTRY", "CAP_ASSOCIATION", "CAP_PHONE"), "1000000000") | {"QUIET_HOURS": "0-0"}
KIND = Kind.RECORD


@dataclass(frozen=True)
class Look:
    """What a draining process had done and taken at one moment: texts in the carrier's ledger, CPU seconds, MiB."""

    sent: int
    cpu: float
    mib: float


@dataclass(frozen=True)
class Drained:
    """How a queue was emptied: texts a second from the first claim to the last record, and the looks meanwhile."""

    rate: float
    invalid: str
    looks: list[Look]

    @property
    def cpu_us(self) -> float:
        """CPU of the process, PostgreSQL's included, for each text; the start is left out."""
        first, last = self.looks[0], self.looks[-1]
        return (last.cpu - first.cpu) / max(1, last.sent - first.sent) * 1e6

    def weight(self, sent: int) -> float:
        """Resident MiB when so many had been sent."""
        return next((look.mib for look in self.looks if look.sent >= sent), self.looks[-1].mib)


def measure(equal: int = EQUAL, personal: int = PERSONAL, many: int = MANY) -> list[Row]:
    """Return texts a second with and without a database, then the memory of who sends a million; sizes are queues."""
    rows = [
        _alone("gateway alone, personal texts", 1, personal),
        _alone("gateway alone, equal texts", GATEWAY.bulk, equal),
    ]
    for backend in country.backends():
        drained = _drained(backend, equal, _same)
        rows.append(_row(f"equal texts, {backend}", drained, f"{WANTED:,} /s wanted", WANTED, equal))
        drained = _drained(backend, personal, _own)
        rows.append(_row(f"personal texts, {backend}", drained, "connections ÷ latency", CALLS, personal))
        rows += _long(backend, many)
    return rows


def _long(backend: str, many: int) -> Iterator[Row]:
    drained = _drained(backend, many, _same)
    yield _row(f"{many:,} equal texts queued, {backend}", drained, f"{WANTED:,} /s wanted", WANTED, many)
    settled = drained.weight(SETTLED)
    heaviest = max(look.mib for look in drained.looks)
    row = _row(f"memory while {many:,} are sent, {backend}", drained, f"after {SETTLED:,}", settled, many)
    yield row | {"value": heaviest, "unit": "MiB", "ratio": heaviest / settled, "cpu_us": None}


def _same(_number: int) -> str:
    return "Tiwizi: un nouveau besoin dans votre commune. Repondez OUI pour en savoir plus, STOP pour ne plus rien."


def _own(number: int) -> str:
    return f"Tiwizi: besoin K7-{number} enregistre."


def _drained(backend: str, count: int, text_of: Callable[[int], str]) -> Drained:
    """Queue so many messages in a new database and have the program send them."""
    with tempfile.TemporaryDirectory(dir=BUILD) as made, country.database(backend, Path(made)) as url:
        ledger = Path(made) / "ledger.jsonl"
        queue(url, count, text_of)
        with carrier(ledger) as api:
            process = subprocess.Popen(
                DRAIN,
                env=environment(url, api),
                cwd=made,
                start_new_session=True,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            with _swept(url):
                looks = list(_watched(process, ledger, url))
        return Drained(*_recorded(url, count, looks[-1].sent), looks)


@contextmanager
def _swept(url: str) -> Iterator[None]:
    """Sweep dead rows each minute, as a PostgreSQL does whose autovacuum is on; it need not be where this runs."""
    engine, over = make_engine(url), Event()

    def sweep() -> None:
        while not over.wait(SWEPT_EVERY):
            with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.execute(text("VACUUM ANALYZE messages"))
                connection.execute(text("VACUUM ANALYZE spending"))

    sweeper = Thread(target=sweep, daemon=True)
    if engine.dialect.name == "postgresql":
        sweeper.start()
    try:
        yield
    finally:
        over.set()
        if sweeper.is_alive():
            sweeper.join()
        engine.dispose()


def queue(url: str, count: int, text_of: Callable[[int], str]) -> None:
    """Have so many messages wait in a database."""
    engine = make_engine(url)
    now = datetime.now(UTC)
    phones = cycle(caller.number for caller in country.callers())
    for start in range(0, count, BATCH):
        with transaction(engine) as session:
            session.execute(
                insert(Message),
                [
                    {
                        "key": f"bench:{number}",
                        "phone": phone,
                        "template": "need_saved",
                        "kind": KIND,
                        "priority": MANNERS[KIND].priority,
                        "language": "fr",
                        "text": text_of(number),
                        "parts": 1,
                        "state": MessageState.QUEUED,
                        "next_at": now,
                        "expires_at": now + timedelta(days=7),
                        "created_at": now,
                    }
                    for number, phone in zip(range(start, min(count, start + BATCH)), phones, strict=False)
                ],
            )
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))
    engine.dispose()


@contextmanager
def carrier(ledger: Path | None = None, latency: float = LATENCY_MS) -> Iterator[str]:
    """Run the stand-in of the carrier in a process of its own, which answers after `latency` ms; gives its address."""
    kept = ("--ledger", str(ledger)) if ledger else ()
    with subprocess.Popen(
        (*PEER, "--latency", str(latency), *kept), stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        assert process.stdout  # noqa: S101  # it was asked for
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def environment(url: str, api: str) -> dict[str, str]:
    """Return the settings of a service that sends through the carrier at `api`, whatever it costs."""
    settings = {
        "DATABASE_URL": url,
        "SECRET_KEY": "a-key-that-protects-nothing-but-benchmarks",
        "SMS_ROUTES": f"*={GATEWAY.name}",
        "AT_USERNAME": "tiwizi",
        "AT_API_KEY": KEY,
        "AT_BASE_URL": api,
        **OPEN,
    }
    return {**os.environ, **{f"TIWIZI_{name}": value for name, value in settings.items()}}


def _watched(process: subprocess.Popen[bytes], ledger: Path, url: str) -> Iterator[Look]:
    """Look at a process until it ends, from its first text on."""
    here, sent = Server(0, process.pid, url.rpartition("/")[2]), 0
    ledger.touch()
    with ledger.open("rb") as lines:
        ended = False
        while not ended:
            try:
                process.wait(LOOK_EVERY)
                ended = True
            except subprocess.TimeoutExpired:
                cpu, pages = here.cpu_seconds(), Path(f"/proc/{process.pid}/statm").read_text().split()[1:2]
            while piece := lines.read(2**20):
                sent += piece.count(b"\n")
            if sent:
                yield Look(sent, cpu, int(*pages) * PAGES_TO_MIB)


def _recorded(url: str, count: int, accepted: int) -> tuple[float, str]:
    """Return texts a second, and what is wrong, from the database and how many the carrier accepted."""
    engine = make_engine(url)
    with transaction(engine) as session:
        first, last = session.execute(select(func.min(Attempt.begun_at), func.max(Attempt.ended_at))).one()
        known = select(func.count(Message.provider_id.distinct())).where(Message.state == MessageState.ACCEPTED)
        recorded = session.scalar(known)
    engine.dispose()
    right = recorded == accepted == count
    wrong = "" if right else f"{count} queued, {accepted} accepted, {recorded} recorded"
    return count / (last - first).total_seconds(), wrong


def _alone(name: str, bulk: int, count: int) -> Row:
    """Send as many texts through the gateway without any database."""
    with carrier() as api, ThreadPoolExecutor(GATEWAY.connections) as threads:
        settings = Settings(
            _env_file=None,  # type: ignore[call-arg]  # pydantic-settings' own parameter
            at_username="tiwizi",
            at_api_key=KEY,
            at_base_url=api,
        )
        gateway = GATEWAY(settings)
        people = cycle(caller.number for caller in country.callers())
        everyone = (
            Outgoing(str(number), phone, _same(number)) for number, phone in zip(range(count), people, strict=False)
        )
        batches = iter(lambda: list(islice(everyone, bulk)), [])
        begun = perf_counter()
        sent = [one.outcome for batch in threads.map(gateway.send, batches) for one in batch]
        rate = count / (perf_counter() - begun)
    wrong = "" if sent == [Outcome.ACCEPTED] * count else f"{sent.count(Outcome.ACCEPTED)} of {count} accepted"
    return _row(name, Drained(rate, wrong, []), "connections × bulk ÷ latency", CALLS * bulk, count)


def _row(name: str, drained: Drained, against: str, compared: float, n: int) -> Row:  # as the table has columns
    return {
        "name": name,
        "value": drained.rate,
        "unit": "texts/s",
        "against": against,
        "ratio": drained.rate / compared,
        "p50_ms": None,
        "p99_ms": None,
        "cpu_us": drained.cpu_us if drained.looks else None,
        "n": n,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "invalid": drained.invalid,
    }
