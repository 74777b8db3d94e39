"""Hostile requests to the hooks: bytes, fields and texts that nobody should send."""

import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import quote_plus

from flask.testing import FlaskClient

from service.messaging.segments import measure
from tests.conftest import MovedClock
from tests.ussd.facts import DECIDING, DECISIONS, Ledger, changed
from tests.ussd.people import NUMBERS, PIN
from ussd.transports.keywords import read_command

HOOKS = "/hooks/africastalking/a-hook-token-for-tests-only"
FORM = "application/x-www-form-urlencoded"
NEED = ("1", "1", "84", "320 000", "60000", "Puits du bas", "1")
LARGEST = 64 * 1024
LONGEST_KEPT = 2_000

WHOLE = (
    *("", " ", "*", "**", "***1", "#", "##", "%", "%%%", "%s%n%x", "&", "=", ";", "+", "\\", "'", '"', "`", "\t"),
    *("\r\n", "{0.__class__}", "{}", "{title}", "%(title)s", "${7*7}", "{{7*7}}", "<script>alert(1)</script>"),
    *("../../etc/passwd", "'; DROP TABLE needs;--", "1 OR 1=1", "\x00", "1\x00", "\x1b[2J", "\u202e1", "\u2066\u2067"),
    *("\u200d", "\ufeff1", "٨٤", "٠", "٠٠", "٩٨", "８４", "⁸⁴", "Ⅷ", "½", "-1", "1e9", "0x10", "NaN", "Infinity"),
    *(
        "1_000",
        "9" * 4_400,
        "0" * 40,
        "e" + "\u0301" * 500,
        "Z͑ͫ̓ͪ̂ͫ",
        "😀",
        "👩‍👩‍👧",
        "🇲🇦",
        "\U0010ffff",
        "\ufffe",
        "\ue000",
    ),
    *("ﷺ" * 50, "ß" * 200, "ﬀ", "İ", "null", "None", "undefined", "true", "[]", "oui", "STOP", "7351", "482913"),
    *("K7-4Q2", "OUI K7-4Q2", "98", "0", "00"),
)
# What percent-encoding can say and UTF-8 cannot.
BROKEN = (
    "%ED%A0%80",
    "%ED%BF%BF",
    "%FF",
    "%C0%AF",
    "%F5%80%80%80",
    "%E2%82",
    "%80",
    "%",
    "%zz",
    "%u0041",
    "%00",
    "%C3",
)
PHONES = ("", "x", "+", "+1", "٠٦", "0", "+2126000000011111", "\x00", "Tiwizi", "+212600000001\x00")
TYPES = (FORM, "", "application/json", "text/plain", "multipart/form-data", "multipart/form-data; boundary=x", "\xff/é")


@dataclass
class Line:
    """What a carrier and a person know of a session: its text, and the screen that was answered to it."""

    phone: str
    session: str
    text: str = ""
    screen: str = ""


@dataclass
class Attack:
    """Requests, the same ones at every run, and a look at what became of each.

    `asked` tells which question a text of a phone would answer, if any.
    """

    client: FlaskClient
    asked: Callable[[str], str]
    ledger: Ledger
    dice: random.Random
    clock: MovedClock
    lines: list[Line] = field(default_factory=list)
    seen: Counter[str] = field(default_factory=Counter)
    ended: list[tuple[str, bytes]] = field(default_factory=list)
    sent: int = 0

    def goes_on(self, times: int) -> None:
        """Send so many requests, now to one session, now to another."""
        self.lines = [self._line() for _ in range(12)]
        ways = (self.types, self.types, self.types, self.types, self.jumps, self.breaks)
        rare = (self.texts, self.garbles, self.scrambles, self.dials_again, self.repeats)
        while self.sent < times:
            self.clock.move(seconds=self.dice.randrange(20))
            self.dice.choice(ways + rare)()

    def types(self) -> None:
        """Answer the question on the screen, sensibly or not."""
        line = self._some()
        typed = self._sensible() if self.dice.random() < 0.6 else self._typed()
        self._turn(line, f"{line.text}*{typed}" if line.text else typed)

    def jumps(self) -> None:
        """Bring a text that goes on by several answers, that lost some, or that is another's."""
        line, parts = self._some(), self._some().text.split("*")
        texts = [
            "*".join(parts[: self.dice.randrange(len(parts) + 1)]),
            "*".join(self.dice.sample(parts, len(parts))),
            "*".join([*line.text.split("*"), *NEED[self.dice.randrange(len(NEED)) :]]),
            "*".join(NEED[: self.dice.randrange(len(NEED) + 1)]),
            line.text[: self.dice.randrange(len(line.text) + 1)],
            self._typed(),
        ]
        self._turn(line, self.dice.choice(texts))

    def breaks(self) -> None:
        """Bring a text that is no text."""
        line = self._some()
        broken = "".join(self.dice.choices(BROKEN, k=self.dice.randrange(1, 5)))
        self._turn(line, None, f"{quote_plus(line.text)}*{broken}")

    def dials_again(self) -> None:
        """Drop a session and begin another."""
        line = self._some()
        form = {"sessionId": line.session, "phoneNumber": line.phone, "status": self._typed()[:900]}
        self._decides_nothing("ussd-end", encoded(form).encode(), FORM)
        self.lines[self.lines.index(line)] = self._line()

    def repeats(self) -> None:
        """Bring a turn that ended a session once more, however long ago that was."""
        if self.ended:
            body, answer = self.dice.choice(self.ended)
            assert self._post("ussd", body.encode(), FORM) == answer

    def texts(self) -> None:
        """Send an SMS, twice."""
        phone, typed = self.dice.choice([*NUMBERS, "Tiwizi", "36123"]), self._typed()
        form = {"id": f"id{self.sent}", "from": phone, "to": "36000", "date": "2026-11-23 10:00:00", "text": typed}
        body, before, question = encoded(form).encode(), self.ledger.facts(), self.asked(phone)
        answer = self._post("sms", body, FORM)
        assert answer in {b"", b"Bad Request\n"}
        assert answer == b"" or len(body) > LARGEST
        command = read_command(typed)
        decided = DECISIONS.get(command.action, set()) if command else set()
        differs = changed(before, self.ledger.facts())
        assert differs <= decided or question in DECIDING, (typed, question, differs)
        rows = self.ledger.rows()
        self._post("sms", body, FORM)
        assert answer or self.ledger.rows() == rows

    def garbles(self) -> None:
        """Send a form that no carrier sends."""
        line = self._some()
        form = turn(line, line.text)
        name = self.dice.choice(sorted(form))
        bodies = [
            encoded({key: value for key, value in form.items() if key != name}),
            encoded({**form, name: self._typed()}),
            encoded(form) + "&" + encoded({name: self._typed()}),
            encoded(form)[: self.dice.randrange(200)],
            encoded({**form, "text": self._typed() * 400})[: 2 * LARGEST],
            encoded({**form, "phoneNumber": self.dice.choice(PHONES)}),
            encoded({**form, **{self._typed()[:99]: self._typed() for _ in range(self.dice.randrange(30))}}),
            encoded(form).replace("=", self.dice.choice(["", "==", "%3D", "[]=", "\x00="])),
            "".join(self.dice.choices(BROKEN + WHOLE, k=9)),
        ]
        hook = self.dice.choice(["ussd", "ussd", "ussd-end", "sms"])
        self._decides_nothing(hook, self.dice.choice(bodies).encode(), FORM)

    def scrambles(self) -> None:
        """Send bytes that are no form, or a form that says it is something else."""
        line = self._some()
        noise = self.dice.randbytes(self.dice.choice([0, 1, 99, 4_000, LARGEST, LARGEST + 1]))
        body = self.dice.choice([noise, encoded(turn(line, line.text)).encode(), b"&".join(noise.split(b"A"))])
        self._decides_nothing(self.dice.choice(["ussd", "sms", "ussd-end"]), body, self.dice.choice(TYPES))

    def _decides_nothing(self, hook: str, body: bytes, kind: str) -> None:
        before = self.ledger.facts()
        self._post(hook, body, kind)
        assert not changed(before, self.ledger.facts()), body[:500]

    def _turn(self, line: Line, text: str | None, raw: str = "") -> None:
        before = self.ledger.facts()
        body = encoded(turn(line, text or "")) if text is not None else encoded(turn(line, "")) + raw
        answer = self._post("ussd", body.encode(), FORM)
        assert answer[:4] in {b"CON ", b"END "} or len(body) > LARGEST, body[:500]
        if answer.startswith(b"END ") and text:
            self.ended.append((body, answer))
        self._check_asked(changed(before, self.ledger.facts()), line, text or "", answer)
        line.screen = answer.decode()
        # A carrier goes on from what it has.
        if text is not None and len(text) < LONGEST_KEPT and answer.startswith(b"CON "):
            line.text = text
        else:
            self.lines[self.lines.index(line)] = self._line()

    def _check_asked(self, differs: Iterable[str], line: Line, text: str, answer: bytes) -> None:
        """What was decided was asked on the screen before, answered by one answer, and ended the session."""
        if differs:
            assert answer.startswith(b"END "), differs
            assert line.screen.startswith("CON "), differs
            assert text.startswith(line.text), differs
            assert "*" not in text[len(line.text) :].removeprefix("*"), differs
            self.seen["a decision"] += 1

    def _post(self, hook: str, body: bytes, kind: str) -> bytes:
        """Post; what answers a turn must do so twice, and change nothing the second time."""
        self.sent += 1
        once = self.client.post(f"{HOOKS}/{hook}", data=body, content_type=kind)
        answer = bytes(once.data)
        assert once.status_code in {HTTPStatus.OK, HTTPStatus.BAD_REQUEST}, (once.status_code, hook, body[:500])
        self.seen[f"{hook} {once.status_code}"] += 1
        if once.status_code == HTTPStatus.OK and hook == "ussd":
            goes_on, _, screen = once.text.partition(" ")
            assert goes_on in {"CON", "END"}, once.text
            size = measure(screen)
            assert 0 < size.units <= (160 if size.encoding == "gsm7" else 70), screen
            rows = self.ledger.rows() if self.sent % 20 == 0 else {}
            again = self.client.post(f"{HOOKS}/{hook}", data=body, content_type=kind)
            assert bytes(again.data) == answer, body[:500]
            assert not rows or self.ledger.rows() == rows, body[:500]
        return answer

    def _line(self) -> Line:
        return Line(self.dice.choice(NUMBERS), f"ATUid_{self.dice.getrandbits(128):032x}")

    def _some(self) -> Line:
        return self.dice.choice(self.lines)

    def _sensible(self) -> str:
        return self.dice.choice([*NEED, "1", "1", "1", "2", "3", "5", PIN, "taliouine"])

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
    """Return the form of a turn."""
    return {"sessionId": line.session, "phoneNumber": line.phone, "serviceCode": "*384*84#", "text": text}


def encoded(form: Mapping[str, str]) -> str:
    """Return a form as it is posted; its names are left as they are."""
    return "&".join(f"{name}={quote_plus(value)}" for name, value in form.items())
