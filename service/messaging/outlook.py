"""What a text takes and costs, and what will keep it from leaving at once: told before it is written to the outbox."""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from service.domain.kinds import Kind
from service.domain.segments import Segments
from service.gateways.registry import REHEARSES
from service.messaging.budget import Wanted, cap_met, country_allowed, price_of_part
from service.messaging.health import stopped
from service.messaging.quiet import waits_until
from service.messaging.routing import route
from service.messaging.segments import fold, measure
from service.models.gateways import ALL
from service.models.phones import Phone
from service.settings import Settings

MOST_WRITTEN_PARTS = 4  # of what a person writes by hand
LONGEST_WRITTEN = 4 * 153  # characters


@dataclass(frozen=True)
class Estimate:
    """A text's parts on the air, and what they cost to one number, in thousandths of the currency of the settings."""

    segments: Segments
    cost: int

    @property
    def too_long(self) -> bool:
        """Whether it is longer than what a person may write."""
        return self.segments.parts > MOST_WRITTEN_PARTS


@dataclass(frozen=True)
class Outlook:
    """`barred` is why nothing can be written to a phone (`stop`, `country`), empty when it can.

    `morning` is when its owner's quiet hours end, `cap` the day's cap that is met, `held` that nothing is sent at all
    for now: these only make it wait.
    """

    barred: str
    morning: datetime | None
    cap: str
    held: bool


def usual_gateway(settings: Settings, phone: str) -> str:
    """Return the gateway that carries what goes to an E.164 number while it fares well."""
    return route(settings.sms_routes, phone)[0]


def estimate(settings: Settings, phone: str, text: str) -> Estimate:
    """Return what a text takes and costs to an E.164 number, as it would be sent."""
    segments = measure(fold(text))
    return Estimate(segments, segments.parts * price_of_part(settings, usual_gateway(settings, phone), phone))


def outlook(session: Session, settings: Settings, now: datetime, to: Phone, kind: Kind) -> Outlook:
    """Return what a message of one part, of a kind that waits for the morning, would meet now."""
    gateway = usual_gateway(settings, to.number)
    rehearsed = gateway in REHEARSES
    allowed = rehearsed or country_allowed(settings, to.number)
    return Outlook(
        barred="stop" if to.stopped_at else "" if allowed else "country",
        morning=None if rehearsed else waits_until(now, to.number, to.zone, settings.quiet_hours),
        cap=cap_met(session, settings, now.astimezone(UTC).date(), gateway, Wanted(0, to.number, 1, kind)),
        held=bool(stopped(session) & {ALL, gateway}),
    )
