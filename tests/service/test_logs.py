"""Logs: no phone number and no token reaches a line, whoever writes it and however deep it lies."""

import io
import json
import logging
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import structlog

from service.container import Container
from service.gateways.console import ConsoleGateway
from service.logs import mask, set_up_logs
from service.models.session import make_engine
from service.settings import Settings
from wsgi import make_app

PHONE = "+212612345678"
TOKEN = "a-hook-token-for-tests-only"
HOOK = f"/hooks/africastalking/{TOKEN}"
# What would still be a phone: the last seven digits, however they are grouped.
LEAK = re.compile(r"2[ .-]?3[ .-]?4[ .-]?5[ .-]?6")


class Lines(io.StringIO):
    """What was written to standard error."""

    def read_json(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.getvalue().splitlines()]


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lines]:
    """Logs as the program sets them up, into the test's hands; set back afterwards."""
    written, root = Lines(), logging.getLogger()
    before = root.handlers[:], root.level
    root.handlers = []
    monkeypatch.setattr(sys, "stderr", written)
    set_up_logs()
    yield written
    structlog.reset_defaults()
    root.handlers, root.level = before


def fail(why: str) -> None:
    raise ValueError(why)


@dataclass
class Caller:
    number: str


@pytest.mark.parametrize(
    "written",
    [
        PHONE,
        "+212 612-345678",
        "+212 6 12 34 56 78",
        "%2B212612345678",
        "00212612345678",
        "0612345678",
        "06 12 34 56 78",
        "212612345678",
        " 212612345678",
        f"a{PHONE}b",
        f"\n{PHONE}",
        f"?from={PHONE}&to={PHONE}",
        "(0612345678)",
    ],
)
def test_a_phone_is_masked_however_it_is_written(written: str) -> None:
    event = mask(None, "info", {"event": "sms.sent", "of": written})
    assert not LEAK.search(event["of"])
    assert "•••" in event["of"]
    assert event["of"].rstrip("b)").endswith("78")


@pytest.mark.parametrize(
    "harmless",
    [
        "2026-11-23T10:00:00.123456Z",
        "K7-4Q2",
        "320 000 DH",
        "RGPH 2024",
        "0123456789abcdef0123456789abcdef",
        "018f6f2e-0612-7345-8abc-0612345678ff",
        "0.0612345678",
        "127.0.0.1:49152",
        "09.541.01.11",
    ],
)
def test_what_is_no_phone_stays_readable(harmless: str) -> None:
    assert mask(None, "info", {"event": harmless}) == {"event": harmless}


def test_no_text_forges_a_line_or_hides_one(lines: Lines) -> None:
    said = 'a\n{"event": "forged"}\r\u2028b\u0085c\u202ed\x1b[2J\x9be\u200bf'
    structlog.get_logger().warning("planted", said=said)
    logging.getLogger("elsewhere").warning(said)
    written = lines.getvalue()
    assert [line["event"] for line in lines.read_json()] == ["planted", said]
    assert all(letter.isprintable() or letter == "\n" for letter in written)


@pytest.mark.parametrize(
    "value",
    [
        {"to": {"number": PHONE}},
        {PHONE: 1},
        [PHONE],
        (1, (PHONE,)),
        frozenset({PHONE}),
        Caller(PHONE),
        [Caller(PHONE)],
        ValueError(f"no route to {PHONE}"),
        PHONE.encode(),
    ],
)
def test_a_phone_is_masked_however_deep_it_lies(lines: Lines, value: object) -> None:
    structlog.get_logger().info("sms.sent", value=value)
    assert not LEAK.search(lines.getvalue())
    assert "•••" in lines.getvalue()


def test_numbers_stay_numbers(lines: Lines) -> None:
    structlog.get_logger().info("match.round", proposed=3, score=0.5, nothing=None, dry=True, at=1732356789123)
    (line,) = lines.read_json()
    assert (line["proposed"], line["score"], line["nothing"], line["dry"]) == (3, 0.5, None, True)
    assert line["at"] == 1732356789123
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", line["timestamp"])


def test_a_traceback_is_masked(lines: Lines) -> None:
    try:
        fail(f"no route to {PHONE} at {HOOK}/ussd")
    except ValueError:
        structlog.get_logger().exception("send.failed")
    (line,) = lines.read_json()
    assert "ValueError: no route to +212•••78" in line["exception"]
    assert TOKEN not in lines.getvalue()
    assert not LEAK.search(lines.getvalue())


def test_what_other_libraries_log_is_masked_too(lines: Lines) -> None:
    library = logging.getLogger("urllib3.connectionpool")
    library.warning("Retrying %s for %s", f"{HOOK}/sms?to=%2B212612345678", PHONE)
    try:
        fail(PHONE)
    except ValueError:
        library.exception("failed")
    library.info("too small to be told")
    retry, failed = lines.read_json()
    assert retry["event"] == "Retrying /hooks/africastalking/•••/sms?to=%2B2•••78 for +212•••78"
    assert "ValueError: +212•••78" in failed["exception"]
    assert (retry["level"], failed["level"]) == ("warning", "error")


@pytest.mark.parametrize("hook", ["ussd", "ussd-end", "sms", "receipt", "opt-out"])
def test_a_hook_that_fails_tells_the_log_neither_token_nor_phone(
    lines: Lines, settings: Settings, tmp_path: Path, hook: str
) -> None:
    """The whole application on a database that has no tables."""
    empty = make_engine(f"sqlite:///{tmp_path}/empty.db")
    app = make_app(Container(settings, empty, {"console": ConsoleGateway()}))
    form = dict.fromkeys(("sessionId", "serviceCode", "networkCode", "id", "status", "date", "to", "text"), "1")
    answer = app.test_client().post(f"{HOOK}/{hook}", data={**form, "phoneNumber": PHONE, "from": PHONE})
    empty.dispose()
    assert (answer.status_code, answer.text) == (500, "Internal Server Error\n")
    (line,) = lines.read_json()
    assert line["event"] == f"Exception on /hooks/africastalking/•••/{hook} [POST]"
    assert "no such table" in line["exception"]
    assert TOKEN not in lines.getvalue()
    assert not LEAK.search(lines.getvalue())


def test_the_token_of_an_invitation_is_taken_out_of_its_address() -> None:
    (event,) = mask(None, "info", {"event": "Exception on /admin/invitation/Xy_9-secret [POST]"}).values()
    assert event == "Exception on /admin/invitation/••• [POST]"


@pytest.mark.parametrize("path", [f"{HOOK}/", HOOK, f"{HOOK}/ussd?x=1", f"https://tiwizi.example{HOOK}/sms'"])
def test_a_token_is_taken_out_of_any_address(path: str) -> None:
    (event,) = mask(None, "info", {"event": path}).values()
    assert TOKEN not in event
    assert "/hooks/africastalking/•••" in event
