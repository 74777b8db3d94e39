"""What nobody should send, sent ten thousand times: every answer is CON or END, and nothing is decided by it."""

import random
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import quote_plus

import pytest
from flask.testing import FlaskClient

from service.app import create_app
from service.container import Container
from service.messaging.segments import measure
from service.models.session import transaction
from tests.conftest import MovedClock
from tests.ussd.facts import Ledger, changed
from tests.ussd.projects import lyon_asked, project_of, staffed_village
from tests.world import LYON, SECRETARY, STRANGER, TREASURER, need_of, settle
from ussd.sessions import Conversations
from ussd.transports.keywords import read_command
from tests.ussd.test_machine import DECISIONS
from wsgi import doors

HOOKS = "/hooks/africastalking/a-hook-token-for-tests-only"
# On PostgreSQL each turn that is refused or decides takes a trip to the server.
INPUTS = {"sqlite": 1_000, "postgresql": 2_000}
PHONES = (SECRETARY, TREASURER, LYON, STRANGER, "+31600000001")
NEED = ("1", "1", "84", "320 000", "60000", "Puits du bas", "1")
LARGEST = 64 * 1024

WHOLE = (
    *("", " ", "*", "**", "***1", "#", "##", "%", "%%%", "%s%n%x", "&", "=", ";", "+", "\\", "'", '"', "`", "\t", "\r\n"),
    *("{0.__class__}", "{}", "{title}", "%(title)s", "${7*7}", "{{7*7}}", "<script>alert(1)</script>", "../../etc/passwd"),
    *("'; DROP TABLE needs;--", "1 OR 1=1", "\x00", "1\x00", "\x1b[2J", "\u202e1", "\u2066\u2067", "\u200d", "\ufeff1"),
    *("٨٤", "٠", "٠٠", "٩٨", "８４", "⁸⁴", "Ⅷ", "½", "-1", "1e9", "0x10", "NaN", "Infinity", "1_000", "9" * 4_400, "0" * 40),
    *("e" + "\u0301" * 500, "Z͑ͫ̓ͪ̂ͫ", "😀", "👩‍👩‍👧", "🇲🇦", "\U0010ffff", "\ufffe", "\ue000", "ﷺ" * 50, "ß" * 200, "ﬀ", "İ"),
    *("null", "None", "undefined", "true", "[]", "oui", "STOP", "7351", "482913", "K7-4Q2", "OUI K7-4Q2", "98", "0", "00"),
)
# What percent-encoding can say and UTF-8 cannot.
BROKEN = ("%ED%A0%80", "%ED%BF%BF", "%FF", "%C0%AF", "%F5%80%80%80", "%E2%82", "%80", "%", "%zz", "%u0041", "%00", "%C3")


@dataclass
class Line:
    """What a carrier and a person know of a session: its text, and the screen that was answered to it."""

    phone: str
    session: str
    text: str = ""
    screen: str = ""


@dataclass
class Attack:
    """Hostile requests, the same ones at every run, and a look at what became of them."""

    client: FlaskClient
    ledger: Ledger
    dice: random.Random
    lines: list[Line] = field(default_factory=list)
    seen: Counter[str] = field(default_factory=Counter)
    sent: int = 0

    def goes_on(self, times: int) -> None:
        """Send so many requests, now to one session, now to another."""
        self.lines = [self._line() for _ in range(12)]
        ways = (self.types, self.types, self.types, self.jumps, self.breaks, self.texts, self.garbles, self.dials_again)
        while self.sent < times:
            self.dice.choice(ways)()

    def types(self) -> None:
        """Answer the question on the screen, sensibly or not."""
        line = self._some()
        typed = self._sensible(line) if self.dice.random() < 0.4 else self._typed()
        self._turn(line, f"{line.text}*{typed}" if line.text else typed)

    def jumps(self) -> None:
        """Bring a text that goes on by several answers, that lost some, or that is another's."""
        line, parts = self._some(), self._some().text.split("*")
        text = self.dice.choice([
            "*".join(parts[: self.dice.randrange(len(parts) + 1)]),
            "*".join(self.dice.sample(parts, len(parts))),
            "*".join([*line.text.split("*"), *NEED[self.dice.randrange(len(NEED)) :]]),
            "*".join(NEED[: self.dice.randrange(len(NEED) + 1)]),
            line.text[: self.dice.randrange(len(line.text) + 1)],
            self._typed(),
        ])
        self._turn(line, text)

    def breaks(self) -> None:
        """Bring a text that is no text."""
        line = self._some()
        broken = "".join(self.dice.choices(BROKEN, k=self.dice.randrange(1, 5)))
        self._turn(line, None, f"{quote_plus(line.text)}*{broken}")

    def dials_again(self) -> None:
        """Drop a session and begin another."""
        self.lines.remove(self._some())
        self.lines.append(self._line())

    def texts(self) -> None:
        """Send an SMS, twice."""
        phone, typed = self.dice.choice([*PHONES, "Tiwizi", "36123"]), self._typed()
        form = {"id": f"id{self.sent}", "from": phone, "to": "36000", "date": "2026-11-23 10:00:00", "text": typed}
        before = self.ledger.facts()
        answer = self._post("sms", encoded(form), fine=True)
        assert answer == b"" or answer == b"Bad Request\n"
        command = read_command(typed)
        decided = DECISIONS.get(command.action, set()) if command else set()
        assert changed(before, self.ledger.facts()) <= decided, typed
        rows = self.ledger.rows()
        self._post("sms", encoded(form), fine=True)
        assert answer != b"" or self.ledger.rows() == rows

    def garbles(self) -> None:
        """Send a form that no carrier sends."""
        line = self._some()
        form = turn(line, line.text)
        name = self.dice.choice(sorted(form))
        body = self.dice.choice([
            encoded({key: value for key, value in form.items() if key != name}),
            encoded({**form, name: self._typed()}),
            encoded(form) + "&" + encoded({name: self._typed()}),
            encoded(form)[: self.dice.randrange(200)],
            encoded({**form, "text": self._typed() * 400})[: 2 * LARGEST],
            encoded({**form, "phoneNumber": self.dice.choice(["", "x", "+", "+1", "٠٦", "0", "+2126000000011111", "\x00"])}),
            encoded(form).replace("=", self.dice.choice(["", "==", "%3D", "[]=", "\x00="])),
            "".join(self.dice.choices(BROKEN + WHOLE, k=9)),
        ])
        before = self.ledger.facts()
        self._post(self.dice.choice(["ussd", "ussd", "ussd-end", "sms"]), body, fine=False)
        assert not changed(before, self.ledger.facts()), body
        line.screen = ""

    def _turn(self, line: Line, text: str | None, raw: str = "") -> None:
        before = self.ledger.facts()
        form = turn(line, text or "")
        body = encoded(form) if text is not None else encoded({**form, "text": ""}) + raw
        answer = self._post("ussd", body, fine=True)
        # What was decided was asked on the screen before, and answered by one answer.
        if differs := changed(before, self.ledger.facts()):
            added = (text or "")[len(line.text) :].removeprefix("*")
            assert answer.startswith(b"END "), differs
            assert line.screen.startswith("CON "), differs
            assert (text or "").startswith(line.text), differs
            assert "*" not in added, differs
            self.seen.update(differs)
        line.screen = answer.decode()
        # A carrier goes on from what it has.
        if text is not None and len(text) < 2_000 and not line.screen.startswith("END "):
            line.text = text
        else:
            self.lines.remove(line)
            self.lines.append(self._line())

    def _post(self, hook: str, body: str, *, fine: bool) -> bytes:
        self.sent += 1
        rows: Mapping[str, int] = {}
        once = self.client.post(f"{HOOKS}/{hook}", data=body, content_type="application/x-www-form-urlencoded")
        allowed = {HTTPStatus.OK} if fine and len(body) <= LARGEST else {HTTPStatus.OK, HTTPStatus.BAD_REQUEST}
        assert once.status_code in allowed, (once.status_code, hook, body[:500])
        self.seen[f"{hook} {once.status_code}"] += 1
        if once.status_code == HTTPStatus.OK and hook == "ussd":
            goes_on, _, screen = once.text.partition(" ")
            assert goes_on in {"CON", "END"}, once.text
            size = measure(screen)
            assert 0 < size.units <= (160 if size.encoding == "gsm7" else 70), screen
            rows = self.ledger.rows() if self.sent % 20 == 0 else {}
            again = self.client.post(f"{HOOKS}/{hook}", data=body, content_type="application/x-www-form-urlencoded")
            assert again.data == once.data, body[:500]
            assert not rows or self.ledger.rows() == rows, body[:500]
        return once.data

    def _line(self) -> Line:
        phone = self.dice.choice(PHONES)
        return Line(phone, f"ATUid_{self.dice.getrandbits(128):032x}")

    def _some(self) -> Line:
        return self.dice.choice(self.lines)

    def _sensible(self, line: Line) -> str:
        return self.dice.choice([*NEED, "1", "1", "2", "3", "5", "7351", "taliouine"])

    def _typed(self) -> str:
        match self.dice.randrange(6):
            case 0:
                return "".join(chr(self._letter()) for _ in range(self.dice.randrange(1, 40)))
            case 1:
                return "".join(self.dice.choices(WHOLE, k=self.dice.randrange(2, 6)))
            case 2:
                return str(self.dice.getrandbits(self.dice.choice([4, 8, 64, 2_000])))
            case 3:
                return self.dice.choice(WHOLE) * self.dice.choice([1, 2, 30])
            case _:
                return self.dice.choice(WHOLE)

    def _letter(self) -> int:
        plane = self.dice.choice([0x20, 0x80, 0x300, 0x600, 0x2000, 0x1F300, 0xE0000, 0x100000])
        return plane + self.dice.randrange(0x60)


def turn(line: Line, text: str) -> dict[str, str]:
    return {"sessionId": line.session, "phoneNumber": line.phone, "serviceCode": "*384*84#", "text": text}


def encoded(form: Mapping[str, str]) -> str:
    return "&".join(f"{name}={quote_plus(value)}" for name, value in form.items())


@pytest.fixture
def client(container: Container, clock: MovedClock) -> Iterator[FlaskClient]:
    settle(container.engine)
    with transaction(container.engine) as session:
        staffed_village(session, clock())
        project_of(session, clock())
        lyon_asked(session, clock(), need_of(session, clock()))
    conversations = Conversations(container)
    with create_app(container, doors(conversations)).test_client() as client:
        yield client
    conversations.close()


def test_hostile_requests_are_answered_and_decide_nothing(client: FlaskClient, container: Container) -> None:
    attack = Attack(client, Ledger(container.engine), random.Random(20_261_123))  # noqa: S311  # the same at every run
    attack.goes_on(INPUTS[container.engine.dialect.name])
    assert attack.seen["ussd 200"] > attack.sent / 2, attack.seen
    print(attack.seen)
