"""Every gateway the service knows, one line each."""

from collections.abc import Callable, Mapping

from service.domain.states import MessageState
from service.gateways import africastalking, android
from service.gateways.africastalking.address import africastalking_address
from service.gateways.base import Gateway
from service.gateways.console import ConsoleGateway
from service.gateways.smpp import codes as smpp
from service.settings import Settings

MAKERS: Mapping[str, Callable[[Settings], Gateway]] = {
    "africastalking": africastalking.AfricasTalkingGateway,
    "android": android.AndroidGateway,
    "console": lambda _settings: ConsoleGateway(),
}
# These print instead of sending: that costs nothing and wakes nobody.
REHEARSES = frozenset({"console"})
# These tell every few minutes that they live.
PINGS = frozenset({"android", "smpp"})
# One's own phones: what they took, and tell that they could not send, no network ever had.
OWN_PHONES = frozenset({"android"})
# Held by a process of its own, since each process that held it would bind to the SMS centre: `ussd.commands`.
APART = frozenset({"smpp"})
# What the words of a gateway's receipts mean; the console sends none.
RECEIPTS: Mapping[str, Mapping[str, MessageState]] = {
    "africastalking": africastalking.RECEIPT,
    "android": android.RECEIPT,
    "smpp": smpp.RECEIPT,
}
# What of a receipt's reason tells that a number is nobody's at this time. A phone that runs SMSGate is not told why.
INACTIVE: Mapping[str, frozenset[str]] = {
    "africastalking": africastalking.INACTIVE,
    "smpp": smpp.INACTIVE,
}
# Where a gateway's provider answers; the console has none.
ADDRESSES: Mapping[str, Callable[[Settings], str]] = {
    "africastalking": africastalking_address,
    "android": lambda settings: settings.android_url,
    "smpp": lambda settings: f"smpp://{settings.smpp_host}:{settings.smpp_port}",
}


def make_gateways(settings: Settings) -> dict[str, Gateway]:
    """Return the gateways that some route uses and any process may hold, by name."""
    return {name: MAKERS[name](settings) for name in sorted(settings.used_gateways - APART)}


def receipt_state(gateway: str, status: str) -> MessageState | None:
    """Return what a receipt's status says of its message, None for a status that the gateway never told us of."""
    return RECEIPTS.get(gateway, {}).get(status)


def tells_inactive(gateway: str, reason: str) -> bool:
    """Tell whether a receipt's reason says that the number is in use no more."""
    return reason in INACTIVE.get(gateway, frozenset())
