"""An operator's SMS centre, by SMPP 3.4: one bind, held by a process of its own (`tiwizi smpp`)."""

import re
import time
from collections.abc import Sequence
from dataclasses import replace

from service.gateways.base import Outcome, Outgoing, Sent
from service.gateways.smpp.codes import NO_SUCH_LIFE, THROTTLED, outcome_of
from service.gateways.smpp.connection import InDoubtError, NotSentError
from service.gateways.smpp.link import NOBODY, Link, Received, Timing
from service.gateways.smpp.pace import Pace
from service.gateways.smpp.receipts import id_sent
from service.gateways.smpp.texts import parts
from service.gateways.smpp.wire import Address, Submit, read_message_id
from service.settings import Settings

__all__ = ["SmppGateway"]

INTERNATIONAL, ISDN = 1, 1  # TON and NPI of an E.164 number
NOBODYS = Address(0, 0, "")  # the centre puts the account's own
E164 = re.compile(r"\+([0-9]{7,15})")
# Seconds after which no further submit of a text begins. One takes 80 at the very most (a bind, its turn, a place, the
# response, and the last two once more for a centre that refuses the life), and the sender's lease is two minutes.
MOST_S = 40.0
TRIES = 4  # for a later part that the centre finds too fast: what went before is already on its way


class SmppGateway:
    """Sends each text as one submit, or part by part; another bind carries the same id again: nothing is idempotent.

    The id that is kept of a message is that of its last part, the only one that asks for a receipt.
    """

    name = "smpp"
    repeatable = False
    bulk = 1

    def __init__(self, settings: Settings, received: Received = NOBODY, timing: Timing | None = None) -> None:
        """Take account and profile from the settings; nothing is connected before `link.start`."""
        self._settings = settings
        source = settings.smpp_source
        self._source = Address(settings.smpp_source_ton, settings.smpp_source_npi, source) if source else NOBODYS
        self.connections = settings.smpp_window
        self.link = Link(settings, received, timing)
        self._pace = Pace(self.link.leaving)

    def send(self, batch: Sequence[Outgoing]) -> list[Sent]:
        """Send each, and tell what became of each, in the same order."""
        return [self._send(message) for message in batch]

    def _send(self, message: Outgoing) -> Sent:
        number = E164.fullmatch(message.phone)
        if not number:
            return Sent(Outcome.REFUSED, reason="not a phone number")
        to = Address(INTERNATIONAL, ISDN, number[1])
        settings = self._settings
        pieces = parts(message.text, message.id, settings.smpp_codings, settings.smpp_long_messages)
        sent, until = Sent(Outcome.UNKNOWN), time.monotonic() + MOST_S
        for place, part in enumerate(pieces, 1):
            last, tries = place == len(pieces), TRIES if place > 1 else 1
            submit = Submit(
                self._source,
                to,
                part.body,
                part.coding,
                part.esm_class,
                receipt=last,
                tlvs=part.tlvs,
                life=message.life,
            )
            sent = self._patiently(submit, tries, until)
            if sent.outcome is not Outcome.ACCEPTED:
                # What has left in part is never called sure.
                partly = Sent(Outcome.UNKNOWN, reason=f"part {place} of {len(pieces)}: {sent.reason}")
                return partly if place > 1 else sent
        return sent

    def _patiently(self, submit: Submit, tries: int, until: float) -> Sent:
        for _ in range(tries):
            # A batch that was claimed before the link broke spends no attempts while it is bound again.
            if self.link.leaving.is_set() or not self.link.wait_bound():
                return Sent(Outcome.RETRY, reason="not bound")
            if time.monotonic() > until or not self._pace.wait():
                return Sent(Outcome.RETRY, reason="leaving or too fast")
            status, sent = self._submit(submit)
            if status == NO_SUCH_LIFE:
                status, sent = self._submit(replace(submit, life=0))
            if status not in THROTTLED:
                break
            self._pace.slow()
        return sent

    def _submit(self, submit: Submit) -> tuple[int | None, Sent]:
        """Return the centre's status, None when there was none, and what it means."""
        try:
            response = self.link.submit(submit)
        except NotSentError as error:
            return None, Sent(Outcome.RETRY, reason=str(error))
        except InDoubtError as error:
            return None, Sent(Outcome.UNKNOWN, reason=str(error))
        outcome = outcome_of(response.status)
        if outcome is not Outcome.ACCEPTED:
            return response.status, Sent(outcome, reason=f"status 0x{response.status:08x}")
        self._pace.close_up()
        return response.status, Sent(
            outcome, id_sent(read_message_id(response.raw), self._settings.smpp_receipt_ids) or None
        )
