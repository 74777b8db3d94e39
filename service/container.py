"""What a running service holds."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Engine

from service.gateways.base import Gateway
from service.gateways.registry import make_gateways
from service.models.session import make_engine
from service.settings import Settings

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """Return this moment, aware, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Container:
    """Settings, the database, the gateways by name, and the clock (tests move it)."""

    settings: Settings
    engine: Engine
    gateways: Mapping[str, Gateway]
    clock: Clock = utc_now


def make_container(settings: Settings) -> Container:
    """Build what the settings ask for; opens no connection yet."""
    return Container(settings, make_engine(settings.database_url), make_gateways(settings))
