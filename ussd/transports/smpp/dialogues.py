"""USSD over SMPP: each deliver_sm is what was typed last, and the next screen goes out as a submit_sm.

Carriers differ: what they agree on is in SMPP 3.4 (5.3.2.42, 5.3.2.44), the rest in `TIWIZI_SMPP_USSD_*`.
"""

import time
import uuid
from dataclasses import dataclass

import structlog

from service.gateways.smpp.texts import decode, encode
from service.gateways.smpp.wire import Delivered, Submit, Tag
from service.models.session import transaction
from ussd.drops import invite_back
from ussd.engine.replay import Screen
from ussd.sessions import SEPARATOR, Conversations, Turn
from ussd.transports.smpp.sender import GATEWAY, sender

log = structlog.get_logger()

SERVICE_TYPE = "USSD"
# `ussd_service_op`. Whatever else comes says that the session is over.
DIAL, ANSWER = 1, 18  # PSSR indication, USSR confirm
QUESTION = 2  # USSR request
LAST_UNIT = 0x7F
KEPT_S = 600  # a carrier's session lasts three minutes; what is older is forgotten
CUT = "Incomplete"


@dataclass
class _Session:
    """A dial. `text` is all that was typed, joined by `*`; `answered` when its last screen was ready (monotonic)."""

    name: str
    text: str = ""
    answered: float = 0.0
    ended: bool = False


def is_dialogue(delivered: Delivered) -> bool:
    """Tell a turn of a USSD dialogue from an SMS."""
    return delivered.service_type == SERVICE_TYPE or Tag.USSD_SERVICE_OP in delivered.tlvs


class Dialogues:
    """The dialogues of this process. One that it does not know, since it was restarted, begins as a dial does."""

    def __init__(self, conversations: Conversations) -> None:
        """Take the carrier's profile from the settings."""
        self._conversations, settings = conversations, conversations.container.settings
        self._codings, self._end = settings.smpp_ussd_codings, int(settings.smpp_ussd_end)
        self._tag = int(settings.smpp_ussd_session_tag, 16)
        self._code = settings.ussd_code.rstrip("#")
        self._sessions: dict[tuple[str, bytes], _Session] = {}

    def take(self, delivered: Delivered) -> Submit | None:
        """Answer a turn; None when it is over, or when it is one that was answered already.

        What came before our screen was ready is no answer to it: the centre repeats what it thinks was lost.
        """
        phone, info = sender(delivered.source), delivered.tlvs.get(self._tag, b"")
        if not phone.startswith("+"):
            log.warning("smpp.dialled_without_number")
            return None
        key = (phone, info[:1] if self._tag == Tag.ITS_SESSION_INFO else info)
        known = self._sessions.get(key)
        if known and delivered.arrived < known.answered:
            return None
        operation = int.from_bytes(delivered.tlvs.get(Tag.USSD_SERVICE_OP, b"")) or (ANSWER if known else DIAL)
        if operation not in {DIAL, ANSWER} or (operation == ANSWER and self._ends(info)):
            self._over(phone, known)
            return None
        if known and known.ended and operation == ANSWER:
            return None
        typed = decode(delivered.body, delivered.coding)
        if known and operation == ANSWER:
            session, text = known, f"{known.text}{SEPARATOR}{typed}" if known.text else typed
        else:
            session, text = self._begin(key), self._dialled(typed) if operation == DIAL else ""
        screen = self._conversations.answer(Turn(GATEWAY, session.name, phone, text))
        # What is over is known as that, but not what was typed: a secret may be in it.
        session.text, session.ended, session.answered = "" if screen.ended else text, screen.ended, time.monotonic()
        return self._submit(delivered, screen, info)

    def _begin(self, key: tuple[str, bytes]) -> _Session:
        old = time.monotonic() - KEPT_S
        for other, session in list(self._sessions.items()):
            if session.answered < old:
                self._sessions.pop(other, None)
        self._sessions[key] = _Session(uuid.uuid4().hex, answered=old)
        return self._sessions[key]

    def _dialled(self, typed: str) -> str:
        """Return the answers in a long dial such as *384*84*2#."""
        return typed.partition(f"{self._code}{SEPARATOR}")[2].rstrip("#")

    def _ends(self, info: bytes) -> bool:
        return self._tag == Tag.ITS_SESSION_INFO and bool(info) and bool(info[-1] & 1)

    def _over(self, phone: str, session: _Session | None) -> None:
        """Tell who was cut off how to go on."""
        if session is None or session.ended:
            return
        with transaction(self._conversations.container.engine) as facts:
            invite_back(self._conversations, facts, phone=phone, carrier_session=session.name, status=CUT)
        session.ended = True

    def _submit(self, delivered: Delivered, screen: Screen, info: bytes) -> Submit:
        body, coding = encode(screen.text, self._codings)
        tlvs: dict[int, bytes] = {Tag.USSD_SERVICE_OP: bytes([self._end if screen.ended else QUESTION])}
        if len(info) == 2 and self._tag == Tag.ITS_SESSION_INFO:  # noqa: PLR2004  # the session, then unit and end
            info = bytes([info[0], ((info[1] >> 1) + 1 & LAST_UNIT) << 1 | screen.ended])
        if info:
            tlvs[self._tag] = info
        return Submit(
            source=delivered.destination,
            destination=delivered.source,
            body=body,
            coding=coding,
            service_type=delivered.service_type or SERVICE_TYPE,
            tlvs=tlvs,
        )
