"""A gateway inside the process that answers as it is told to."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from service.gateways.base import Outcome, Outgoing, Sent


@dataclass
class ScriptedGateway:
    """Answers each message by `answer`; `sent` is what reached it."""

    answer: Callable[[Outgoing], Sent] = lambda message: Sent(Outcome.ACCEPTED, f"id-{message.id}")
    name: str = "africastalking"
    repeatable: bool = False
    bulk: int = 1
    connections: int = 1
    sent: list[Outgoing] = field(default_factory=list)

    def send(self, batch: Sequence[Outgoing]) -> list[Sent]:
        self.sent.extend(batch)
        return [self.answer(message) for message in batch]
