"""What an SMS centre delivers by SMPP: receipts, texts, and turns of USSD dialogues."""

import structlog

from service.gateways.smpp.receipts import is_receipt, read_report
from service.gateways.smpp.wire import Delivered, Submit
from service.messaging.receipts import take_receipt
from service.models.session import transaction
from ussd.sessions import Conversations
from ussd.transports.smpp.dialogues import Dialogues, is_dialogue
from ussd.transports.smpp.sender import GATEWAY, sender
from ussd.transports.smpp.texts import Texts

log = structlog.get_logger()


class Incoming:
    """Handles many at once, but what one phone sends one after the other. Durable when a call returns."""

    def __init__(self, conversations: Conversations) -> None:
        """Answer in these conversations."""
        self._container = conversations.container
        self._dialogues, self._texts = Dialogues(conversations), Texts(conversations)

    def __call__(self, delivered: Delivered) -> Submit | None:
        """Return the screen that answers a turn, None where nothing is to be answered at once."""
        if is_receipt(delivered):
            self._receipt(delivered)
        elif is_dialogue(delivered):
            return self._dialogues.take(delivered)
        else:
            self._texts.take(delivered)
        return None

    def _receipt(self, delivered: Delivered) -> None:
        report = read_report(delivered, self._container.settings.smpp_receipt_ids)
        if report is None:
            log.warning("smpp.receipt_unreadable", octets=len(delivered.body), parameters=sorted(delivered.tlvs))
            return
        with transaction(self._container.engine) as session:
            take_receipt(
                session,
                self._container.clock(),
                gateway=GATEWAY,
                provider_id=report.provider_id,
                phone=sender(delivered.source),
                status=report.status,
                reason=report.reason,
            )
