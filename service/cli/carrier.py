"""A carrier with one phone: speaks to the hooks of a running service as Africa's Talking does."""

import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from time import monotonic

import requests

PATIENCE = 15  # seconds that the carrier gives the service to answer
NETWORK = "99999"  # the sandbox's network


class CarrierError(Exception):
    """The service gave an answer that no carrier would show; the sentence says which."""


@dataclass(frozen=True)
class Screen:
    """What a phone shows: the text without its `CON` or `END`, and whether the session goes on."""

    text: str
    goes_on: bool


@dataclass(frozen=True)
class Sms:
    """A text that reached the phone; `units` are septets (gsm7) or 16-bit units (ucs2)."""

    id: int
    text: str
    at: datetime
    parts: int
    units: int
    encoding: str


@dataclass
class _Session:
    code: str
    id: str = field(default_factory=lambda: f"ATUid_{uuid.uuid4().hex}")
    answers: list[str] = field(default_factory=list)
    began: float = field(default_factory=monotonic)
    hops: int = 0
    last: str = ""

    @property
    def text(self) -> str:
        """Everything answered so far, as carriers send it."""
        return "*".join(self.answers)


class Carrier:
    """One phone and the network it is on. `sms_number` is the service's, the default of TIWIZI_SMS_NUMBER."""

    def __init__(self, base_url: str, token: str, number: str, sms_number: str = "+212600000000") -> None:
        """Speak to the service at `base_url` with a hook token, as the phone `number` (E.164)."""
        self.base_url = base_url.rstrip("/")
        self.token = token
        self.number = number
        self.sms_number = sms_number
        self._session: _Session | None = None

    @property
    def in_session(self) -> bool:
        """Whether a USSD session is open."""
        return self._session is not None

    def dial(self, code: str) -> Screen:
        """Open a session with a code such as `*384*84#`; one that was open is dropped.

        Raises CarrierError when the answer is no screen.
        """
        self.hang_up()
        self._session = _Session(code)
        return self._turn(self._session)

    def answer(self, text: str) -> Screen:
        """Send an answer in the open session.

        Raises CarrierError when none is open or the reply is no screen; then `again` repeats the turn.
        """
        session = self._open()
        session.answers.append(text)
        return self._turn(session)

    def again(self) -> Screen:
        """Repeat the last turn with the same text, as carriers do when no answer came.

        Raises CarrierError as `answer` does.
        """
        return self._turn(self._open())

    def hang_up(self) -> None:
        """End the open session, if any, before the dialogue did; the service is told `Incomplete`."""
        if self._session is not None:
            self._end(self._session, "Incomplete")

    def sms(self, text: str) -> str:
        """Send a text to the service; return the carrier's id of it.

        Raises CarrierError when the service did not take it.
        """
        identity = str(uuid.uuid4())
        moment = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        form = {"date": moment, "from": self.number, "to": self.sms_number, "id": identity, "linkId": identity}
        self._post("sms", {**form, "text": text})
        return identity

    def inbox(self, after: int = 0) -> list[Sms]:
        """Return the texts that reached this phone later than the one with id `after` did, oldest first.

        Raises CarrierError where the service keeps its simulator off.
        """
        answer = self._ask("GET", "/phone/messages", params={"number": self.number, "after": str(after)})
        return [Sms(**{**message, "at": datetime.fromisoformat(message["at"])}) for message in answer.json()]

    def _turn(self, session: _Session) -> Screen:
        reply = self._post("ussd", {**self._named(session), "text": session.text})
        session.hops += 1
        word, space, text = reply.partition(" ")
        if word not in {"CON", "END"} or not space:
            raise CarrierError(f"ussd: the service answered neither CON nor END: {reply[:60]!r}")
        session.last = text
        if word == "END":
            self._end(session, "Success")
        return Screen(text, goes_on=word == "CON")

    def _end(self, session: _Session, status: str) -> None:
        self._session = None
        self._post(
            "ussd-end",
            {
                **self._named(session),
                "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S"),
                "status": status,
                "cost": "0",
                "durationInMillis": str(round((monotonic() - session.began) * 1000)),
                "hopsCount": str(session.hops),
                "input": session.text,
                "lastAppResponse": session.last,
                "errorMessage": "",
            },
        )

    def _open(self) -> _Session:
        if self._session is None:
            raise CarrierError("no session is open: dial first")
        return self._session

    def _named(self, session: _Session) -> dict[str, str]:
        return {
            "sessionId": session.id,
            "phoneNumber": self.number,
            "serviceCode": session.code,
            "networkCode": NETWORK,
        }

    def _post(self, hook: str, form: dict[str, str]) -> str:
        answer = self._ask("POST", f"/hooks/africastalking/{self.token}/{hook}", data=form)
        answer.encoding = "utf-8"
        return answer.text

    def _ask(
        self, method: str, path: str, *, params: dict[str, str] | None = None, data: dict[str, str] | None = None
    ) -> requests.Response:
        # The token is part of the path, so no message names the path whole.
        what = path.rpartition("/")[2]
        try:
            answer = requests.request(method, self.base_url + path, params=params, data=data, timeout=PATIENCE)
        except requests.RequestException as error:
            raise CarrierError(f"{what}: no answer from {self.base_url} ({type(error).__name__})") from None
        if answer.status_code != HTTPStatus.OK:
            raise CarrierError(f"{what}: the service answered {answer.status_code}")
        return answer
