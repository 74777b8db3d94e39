"""Broadcasts: one text for many people, whom it is for, and the moves it may make."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from service.domain.errors import NotAllowedError


class OwnBroadcastError(NotAllowedError):
    """Who wrote a broadcast does not approve it."""

    key = "error.own_broadcast"


class BroadcastState(StrEnum):
    """A broadcast on its way: it is sent only when a second person has approved it."""

    WRITTEN = "written"
    SENDING = "sending"
    PAUSED = "paused"
    SENT = "sent"
    CANCELLED = "cancelled"


BROADCAST_MOVES: Mapping[BroadcastState, frozenset[BroadcastState]] = {
    BroadcastState.WRITTEN: frozenset({BroadcastState.SENDING, BroadcastState.CANCELLED}),
    BroadcastState.SENDING: frozenset({BroadcastState.PAUSED, BroadcastState.SENT, BroadcastState.CANCELLED}),
    BroadcastState.PAUSED: frozenset({BroadcastState.SENDING, BroadcastState.CANCELLED}),
    # All is in the outbox; what has not left can still be held or called back.
    BroadcastState.SENT: frozenset({BroadcastState.PAUSED, BroadcastState.CANCELLED}),
    BroadcastState.CANCELLED: frozenset(),
}


class Who(StrEnum):
    """The two sides that can be written to."""

    VILLAGES = "villages"
    DIASPORA = "diaspora"


class LeftOut(StrEnum):
    """Why somebody of the audience gets nothing."""

    STOP = "stop"
    INACTIVE = "inactive"
    PAUSED = "paused"
    CAP = "cap"
    COUNTRY = "country"
    LANGUAGE = "language"


@dataclass(frozen=True)
class Audience:
    """Officers of villages or contacts of associations of emigrants; an empty field asks for nothing.

    `place` is the census code of a province or a commune: where the village is, or where the emigrants come from.
    """

    who: Who
    place: str = ""
    role: str = ""
    sector: str = ""
    state: str = ""
    country: str = ""

    @classmethod
    def kept(cls, fields: Mapping[str, Any]) -> "Audience":
        """Return the audience that was kept so."""
        return cls(**{**fields, "who": Who(fields["who"])})

    def stored(self) -> dict[str, Any]:
        """Return it as it is kept."""
        return asdict(self)
