"""The gateway of laptops and training: prints each text; the outbox row is what keeps it."""

from collections.abc import Sequence

import structlog

from service.gateways.base import Outcome, Outgoing, Sent

log = structlog.get_logger()


class ConsoleGateway:
    """Delivers to the terminal."""

    name = "console"
    repeatable = False
    bulk = 100
    connections = 1

    def send(self, batch: Sequence[Outgoing]) -> list[Sent]:
        """Print each text; printing is delivery."""
        for message in batch:
            log.info("console.sms", phone=message.phone, text=message.text)
        return [Sent(Outcome.DELIVERED, provider_id=message.id) for message in batch]
