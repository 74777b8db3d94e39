"""Every gateway the service knows, one line each."""

from collections.abc import Callable, Mapping

from service.gateways.base import Gateway
from service.gateways.console import ConsoleGateway
from service.settings import Settings

MAKERS: Mapping[str, Callable[[Settings], Gateway]] = {
    "console": lambda _settings: ConsoleGateway(),
}


def make_gateways(settings: Settings) -> dict[str, Gateway]:
    """Return the gateways that some route uses, by name."""
    return {name: MAKERS[name](settings) for name in sorted(set(settings.sms_routes.values()))}
