"""`tiwizi doctor`: each thing that is wrong is said in a line that says what to do; nothing else is."""

import json
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import update

from jobs.ticks import take_tick
from service.cli.doctor import check_disk, doctor, unreachable
from service.container import Container
from service.domain.roles import UserRole
from service.gateways.base import Balance, Outcome, Sent
from service.messaging.balances import note_balance
from service.messaging.health import SILENT_AFTER, UNLINKED_AFTER, locked_state, stop_gateway, weigh
from service.messaging.outbox import tell
from service.messaging.sender import drain
from service.models import Commune, Message, Spending, User
from service.models.migrations import upgrade
from service.models.session import FIRST_SAFE_WAL, make_engine, transaction
from service.usecases.checkup import DEAD_FOR, LATE, check_log, check_settings
from service.usecases.users import create_user
from tests.conftest import MovedClock
from tests.peers.scripted import ScriptedGateway
from tests.world import settle

PHONE, NAME = "+212612345678", "africastalking"
REAL = {
    "sms_routes": {"*": (NAME,)},
    "public_url": "https://tiwizi.example",
    "sms_prices": {"console": Decimal(0), "*": Decimal("0.08"), NAME: Decimal("0.05")},
    "at_sender": "8484",
}
SMPP = {"sms_routes": {"*": (NAME, "smpp")}}


@pytest.fixture
def provider() -> Iterator[str]:
    """Something that answers where the gateway's provider would; nothing is ever said to it."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@pytest.fixture
def healthy(container: Container, clock: MovedClock, provider: str) -> Container:
    """A service that sends through a real gateway, in which nothing is wrong."""
    settle(container.engine)
    with transaction(container.engine) as session:
        create_user(session, clock(), name="Amina", role=UserRole.ADMIN)
    take_tick(container.engine, "match", clock(), "here", clock())
    settings = container.settings.model_copy(update={**REAL, "at_base_url": provider})
    return replace(container, settings=settings, gateways={NAME: ScriptedGateway()})


def changed(container: Container, **settings: object) -> Container:
    return replace(container, settings=container.settings.model_copy(update=settings))


def run(container: Container, *options: str) -> Result:
    return CliRunner().invoke(doctor, options, obj=container, catch_exceptions=False)


def wrong(container: Container) -> dict[str, str]:
    """Each check that found something, with its line."""
    lines, found = run(container), run(container, "--json")
    findings = json.loads(found.stdout)
    assert lines.exit_code == found.exit_code == (1 if findings else 0)
    said = [f"{one['wrong']}: {one['repair']}." for one in findings]
    assert lines.stdout.splitlines() == (said or ["Nothing is wrong."])
    assert not any(PHONE[-7:] in line for line in said)
    return {one["check"]: line for one, line in zip(findings, said, strict=True)}


def test_where_nothing_is_wrong_nothing_is_said(healthy: Container) -> None:
    assert wrong(healthy) == {}


@pytest.mark.parametrize(
    ("given", "check", "said"),
    [
        ({"public_url": ""}, "callbacks", "TIWIZI_PUBLIC_URL"),
        ({"public_url": "http://tiwizi.example"}, "public_url", "https://"),
        ({"simulator": True}, "simulator", "TIWIZI_SIMULATOR=false"),
        ({"simulator": True, "public_url": "", "host": "0.0.0.0"}, "simulator", "0.0.0.0"),  # noqa: S104  # as an operator writes it
        ({"secret_key": "a-hook-token-for-tests-only"}, "secret_key", "TIWIZI_SECRET_KEY"),
        ({"sms_prices": {"console": Decimal(0), "*": Decimal("0.08")}}, "prices", "TIWIZI_SMS_PRICES"),
        ({"quiet_hours": (0, 0)}, "quiet_hours", "TIWIZI_QUIET_HOURS"),
        ({"at_sender": "TIWIZI"}, "sender", "TIWIZI_AT_SENDER"),
        ({"at_sender": ""}, "sender", "TIWIZI_AT_SENDER"),
        ({**SMPP, "smpp_source": "TIWIZI"}, "sender", "TIWIZI_SMPP_SOURCE"),
        ({**SMPP, "smpp_source": "0600000000", "smpp_source_ton": 5}, "sender", "other than 5"),
    ],
)
def test_settings_that_do_not_go_together_are_named(
    healthy: Container, given: dict[str, object], check: str, said: str
) -> None:
    assert said in wrong(changed(healthy, **given))[check]


@pytest.mark.parametrize(
    "given",
    [
        {"at_sender": "+212600000000"},
        {"at_sender": "8484"},
        {**SMPP, "smpp_source": ""},
        {**SMPP, "smpp_source": "0600000000", "smpp_source_ton": 2},
        {"sms_routes": {"*": ("console",)}, "at_sender": "TIWIZI", "smpp_source": "TIWIZI"},
    ],
)
def test_who_can_be_answered_may_ask(healthy: Container, given: dict[str, object]) -> None:
    assert "sender" not in {one.check for one in check_settings(changed(healthy, **given).settings)}


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_on_a_laptop_no_setting_is_wrong(container: Container, host: str) -> None:
    assert list(check_settings(changed(container, host=host).settings)) == []


def test_an_admin_who_has_not_come_yet_is_none(healthy: Container) -> None:
    with transaction(healthy.engine) as session:
        session.execute(update(User).values(password_hash=""))
    assert "tiwizi admin create" in wrong(healthy)["admin"]


def test_a_database_that_is_away_is_all_that_is_looked_at(healthy: Container) -> None:
    away = replace(healthy, engine=make_engine("postgresql+psycopg://tiwizi:a-secret@127.0.0.1:1/tiwizi"))
    found = wrong(away)
    assert found == {"database": "The database does not answer: start it, or check TIWIZI_DATABASE_URL."}


def test_a_new_database_is_filled_step_by_step(healthy: Container, tmp_path: Path) -> None:
    engine = make_engine(f"sqlite:///{tmp_path}/new.db")
    fresh = replace(healthy, engine=engine)
    assert set(wrong(fresh)) == {"migrations"}
    upgrade(engine)
    assert set(wrong(fresh)) == {"communes", "admin", "clock"}
    engine.dispose()


def test_no_communes_and_a_silent_clock_are_told(healthy: Container, clock: MovedClock) -> None:
    with transaction(healthy.engine) as session:
        session.execute(Commune.__table__.delete())  # type: ignore[attr-defined]  # it is a table
    clock.now += LATE * timedelta(minutes=healthy.settings.match_every_minutes) + timedelta(seconds=1)
    found = wrong(healthy)
    assert set(found) == {"communes", "clock"}
    assert "tiwizi worker" in found["clock"]


def test_a_gateway_that_cannot_be_reached_is_told(healthy: Container) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert "cannot be reached at 127.0.0.1" in wrong(changed(healthy, at_base_url=f"http://127.0.0.1:{port}"))["reach"]
    assert unreachable("https://no-such-host.invalid")


def _stop(container: Container) -> None:
    with transaction(container.engine) as session:
        stop_gateway(session, container.clock(), "*", "cli")


def _fail(container: Container) -> None:
    with transaction(container.engine) as session:
        state = locked_state(session, NAME)
        weigh(state, container.clock(), 0, 1)
        state.weight = 10


def _fall_silent(container: Container) -> None:
    with transaction(container.engine) as session:
        locked_state(session, NAME).heard_at = container.clock() - SILENT_AFTER - timedelta(seconds=1)


def _run_out(container: Container) -> None:
    with transaction(container.engine) as session:
        note_balance(session, container.clock(), NAME, Balance("USD", 999_999))


def _queue_long_ago(container: Container) -> None:
    with transaction(container.engine) as session:
        now = container.clock()
        tell(session, now, event="K", phone=PHONE, template="need_saved", reference="K7-4Q2")
        session.execute(update(Message).values(next_at=now - timedelta(minutes=11)))


def _send(container: Container, sent: Sent) -> None:
    gateway = ScriptedGateway(lambda _: sent)
    with transaction(container.engine) as session:
        tell(session, container.clock(), event="K", phone=PHONE, template="need_saved", reference="K7-4Q2")
    assert drain(replace(container, gateways={NAME: gateway})) == 1


def _be_refused(container: Container) -> None:
    _send(container, Sent(Outcome.REFUSED, reason=f"403 {PHONE}"))


def _be_in_doubt(container: Container) -> None:
    _send(container, Sent(Outcome.UNKNOWN, reason="ReadTimeout"))
    with transaction(container.engine) as session:
        state = locked_state(session, NAME)
        state.weight, state.weighed_at = 100, None


def _spend(container: Container) -> None:
    with transaction(container.engine) as session:
        day = container.clock().astimezone(UTC).date()
        session.add(Spending(day=day, scope="all", amount=40_000))
        session.add(Spending(day=day, scope=f"phone:{PHONE}", amount=5_000))
        session.add(Spending(day=day, scope="country:MA", amount=29_999))


def test_a_gateways_process_that_is_not_there_is_told_with_what_waits_for_it(
    healthy: Container, clock: MovedClock
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        here = {"smpp_host": "127.0.0.1", "smpp_port": server.getsockname()[1]}
        prices = {"smpp": Decimal("0.02"), "*": Decimal("0.08")}
        linked = changed(healthy, sms_routes={"*": ("smpp",)}, sms_prices=prices, **here)
        _queue_long_ago(linked)
        found = wrong(linked)
        assert set(found) == {"silent", "waiting"}
        assert found["silent"].startswith("The SMS centre of smpp was never heard: see that `tiwizi smpp` runs")
        assert found["waiting"].endswith(": see that `tiwizi worker` runs and `tiwizi smpp` runs.")
        with transaction(linked.engine) as session:
            locked_state(session, "smpp").heard_at = clock()
        assert set(wrong(linked)) == {"waiting"}
        with transaction(linked.engine) as session:
            locked_state(session, "smpp").heard_at = clock() - UNLINKED_AFTER
        said = "The SMS centre of smpp is silent since 2026-11-23T09:55:00+00:00: see that `tiwizi smpp` runs"
        assert wrong(linked)["silent"].startswith(said)


@pytest.mark.parametrize(
    ("happens", "check", "said"),
    [
        (_stop, "stopped", "`tiwizi sms start`"),
        (_fail, "failing", "africastalking mostly fails"),
        (_fall_silent, "silent", "battery"),
        (_run_out, "balance", "low: USD 99.9999 at 2026-11-23T10:00:00+00:00: top up its account, then look again"),
        (_queue_long_ago, "waiting", "waits for 11 minutes"),
        (_be_refused, "dead", "1 messages did not leave"),
        (_be_in_doubt, "unknown", "1 messages"),
        (_spend, "cap", "cap of all is nearly spent: 40.00 of 50.00 (80 %)"),
    ],
)
def test_what_goes_wrong_with_messages_is_told(
    healthy: Container, happens: Callable[[Container], None], check: str, said: str
) -> None:
    happens(healthy)
    found = wrong(healthy)
    assert set(found) == {check}
    assert said in found[check]


def test_low_credit_is_told_whatever_else_is_wrong_with_its_gateway(healthy: Container) -> None:
    _run_out(healthy)
    _fail(healthy)
    assert set(wrong(healthy)) == {"balance", "failing"}


def test_credit_that_is_enough_is_no_news(healthy: Container) -> None:
    with transaction(healthy.engine) as session:
        note_balance(session, healthy.clock(), NAME, Balance("USD", 1_000_000))
    assert wrong(healthy) == {}


def test_a_phone_that_was_never_heard_is_told(healthy: Container, provider: str) -> None:
    prices = {**healthy.settings.sms_prices, "android": Decimal("0.03")}
    found = wrong(changed(healthy, sms_routes={"*": ("android",)}, android_url=provider, sms_prices=prices))
    assert set(found) == {"silent"}
    assert "never heard: run `tiwizi android register`" in found["silent"]


def test_old_dead_letters_are_history(healthy: Container, clock: MovedClock) -> None:
    _be_refused(healthy)
    clock.now += DEAD_FOR + timedelta(seconds=1)
    take_tick(healthy.engine, "match", clock(), "here", clock())
    assert wrong(healthy) == {}


def test_a_disk_that_is_nearly_full_is_told_where_the_database_is_a_file(healthy: Container) -> None:
    found = list(check_disk(healthy, least=10**18))
    assert [one.check for one in found] == (["disk"] if healthy.engine.dialect.name == "sqlite" else [])
    assert list(check_disk(healthy, least=0)) == []


@pytest.mark.parametrize(
    ("version", "journal", "lossy"),
    [
        ("3.45.1", "wal", True),
        ("3.45.1", "delete", False),
        (".".join(map(str, FIRST_SAFE_WAL)), "wal", False),
    ],
)
def test_a_sqlite_that_may_lose_what_was_committed_is_told(version: str, journal: str, *, lossy: bool) -> None:
    assert bool(list(check_log(version, journal))) is lossy
