"""Typed settings from `TIWIZI_*` variables or `.env`. A wrong one stops the start with one sentence that names it."""

import fcntl
import os
import re
import secrets
from decimal import Decimal
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

KNOWN_GATEWAYS = ("console", "africastalking", "android", "smpp")
# What a gateway cannot do without.
NEEDED = {
    "africastalking": ("at_api_key",),
    "android": ("android_url", "android_user", "android_password", "android_signing_key"),
    "smpp": ("smpp_host", "smpp_system_id", "smpp_password"),
}
SHORTEST_TOKEN = 22  # characters of URL-safe base64 that hold 128 bits
SHORTEST_KEY = 32
# The parts of a match's score (service.matching.scoring.Weights).
WEIGHTS = frozenset({"origin", "sector", "size", "urgency", "waiting", "record", "evidence"})
ROUNDING = 1e-9
TOKEN = re.compile(r"[A-Za-z0-9_-]+")
COUNTRY = re.compile(r"[A-Z]{2}")
# Where emigrants' associations are, and Morocco.
HOSTS = ("MA", "FR", "BE", "NL", "ES", "IT", "DE", "LU", "CH", "AT", "PT", "GB", "IE", "SE", "NO", "DK", "CA", "US")
LAST_HOUR = 23
PREFIX = re.compile(r"\+[0-9]{1,6}")
SHAPES = {
    "sms_number": (re.compile(r"\+[0-9]{8,15}|[0-9]{3,6}"), "a number such as +212600000000 or a short code"),
    "ussd_code": (re.compile(r"[*#][0-9*#]+#"), "a code such as *384*84#"),
    "home_region": (re.compile(r"[0-9]{2}"), "a census code of two digits such as 09"),
    "home_prefix": (PREFIX, "a country's prefix such as +212"),
    "smpp_ussd_session_tag": (re.compile(r"0x[0-9a-fA-F]{1,4}"), "the tag of an optional parameter such as 0x1383"),
    "iati_reference": (re.compile(r"[^\s/&|?]{3,60}"), "an organisation's identifier such as MA-ICE-000123456"),
    "at_base_url": (re.compile(r"(https?://[^/]+.*)?"), "an address that begins with http:// or https://"),
    "at_recordings": (re.compile(r"(https?://[^/]+/?)?"), "a host with http:// or https:// in front, and no path"),
    "android_url": (re.compile(r"(https?://[^/]+.*)?"), "an address that begins with http:// or https://"),
    # SMPP 3.4 gives these so much room; a longer one would be cut silently.
    "smpp_system_id": (re.compile(r"[ -~]{0,15}"), "ASCII of at most 15 characters"),
    "smpp_password": (re.compile(r"[ -~]{0,8}"), "ASCII of at most 8 characters"),
    "smpp_system_type": (re.compile(r"[ -~]{0,12}"), "ASCII of at most 12 characters"),
    "smpp_source": (re.compile(r"[ -~]{0,20}"), "ASCII of at most 20 characters"),
}
SQLITE_FILE = re.compile(r"sqlite:///(?!:memory:)[^?].*")
# As SQLAlchemy reads it: user and password, host or [IPv6], port, name, options; gateways know no SQLAlchemy.
SERVER = re.compile(r"postgresql\+psycopg://([^:/]*(:[^@]*)?@)?(\[[^/?]+\]|[^/:?]*)(:\d+)?(/[^?]*)?(\?.*)?")


class SettingsError(Exception):
    """A setting is wrong or missing: one sentence that names it."""


class Settings(BaseSettings):
    """Everything an operator can set; see `.env.example`."""

    model_config = SettingsConfigDict(
        env_prefix="TIWIZI_", env_file=".env", extra="ignore", frozen=True, hide_input_in_errors=True
    )

    # Holds a password when it is a server's.
    database_url: str = Field(default="sqlite:///var/tiwizi.db", repr=False)
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=1, le=65535)
    public_url: str = ""
    secret_key: str = Field(default="", repr=False)
    hook_tokens: Annotated[tuple[str, ...], NoDecode] = Field(default=(), repr=False)
    proxies: int = Field(default=0, ge=0, le=5)
    hook_addresses: Annotated[tuple[str, ...], NoDecode] = ()
    metrics_addresses: Annotated[tuple[str, ...], NoDecode] = Field(default=("127.0.0.0/8", "::1"), min_length=1)
    sms_routes: Annotated[dict[str, tuple[str, ...]], NoDecode] = {"*": ("console",)}
    sms_currency: str = Field(default="EUR", pattern="^[A-Z]{3}$")  # of all prices of a part and caps of a UTC day
    sms_prices: Annotated[dict[str, Decimal], NoDecode] = {"console": Decimal(0), "*": Decimal("0.08")}
    sms_rates: Annotated[dict[str, float], NoDecode] = Field(default_factory=dict)
    sms_countries: Annotated[tuple[str, ...], NoDecode] = HOSTS
    sms_low_balance: Decimal = Field(default=Decimal(100), ge=0)  # in units of the currency of a gateway's account
    cap_day: Decimal = Field(default=Decimal(50), ge=0)
    cap_country: Decimal = Field(default=Decimal(40), ge=0)
    cap_association: Decimal = Field(default=Decimal(10), ge=0)
    cap_phone: Decimal = Field(default=Decimal(5), ge=0)
    cap_reserve: int = Field(default=20, ge=0, le=90)
    quiet_hours: Annotated[tuple[int, int], NoDecode] = (21, 8)
    sms_number: str = "+212600000000"
    ussd_code: str = "*384*84#"
    home_region: str = "09"
    home_prefix: str = "+212"
    at_username: str = "sandbox"
    at_api_key: str = Field(default="", repr=False)
    at_sender: str = ""
    at_base_url: str = ""
    at_recordings: str = ""
    android_url: str = ""
    android_user: str = ""
    android_password: str = Field(default="", repr=False)
    android_signing_key: str = Field(default="", repr=False)
    android_sim: int = Field(default=0, ge=0, le=3)
    smpp_host: str = ""
    smpp_port: int = Field(default=2775, ge=1, le=65535)
    smpp_system_id: str = ""
    smpp_password: str = Field(default="", repr=False)
    smpp_system_type: str = ""
    smpp_source: str = ""
    smpp_source_ton: int = Field(default=1, ge=0, le=6)
    smpp_source_npi: int = Field(default=1, ge=0, le=18)
    smpp_window: int = Field(default=10, ge=1, le=100)
    smpp_enquire_seconds: int = Field(default=30, ge=1, le=600)
    smpp_long_messages: Literal["udh", "payload"] = "udh"
    smpp_receipt_ids: Literal["same", "decimal", "hex"] = "same"
    # The data_coding of GSM-7 and of UCS-2.
    smpp_codings: Annotated[tuple[int, int], NoDecode] = (0, 8)
    smpp_ussd_codings: Annotated[tuple[int, int], NoDecode] = (15, 8)
    smpp_ussd_end: Literal["17", "3"] = "17"
    smpp_ussd_session_tag: str = "0x1383"
    simulator: bool | None = None
    admin_second_factor: bool | None = None
    match_every_minutes: int = Field(default=15, ge=1)
    match_slots: int = Field(default=2, ge=1, le=20)
    match_weights: Annotated[dict[str, float], NoDecode] = Field(default_factory=dict)
    reminder_days: int = Field(default=7, ge=1)
    expiry_days: int = Field(default=14, ge=1)
    iati_reference: str = "MA-TIWIZI"
    iati_name: str = Field(default="Tiwizi", min_length=1, max_length=80)
    exports_folder: str = "var/exports"
    silence_days: int = Field(default=30, ge=7, le=365)
    silence_step_days: int = Field(default=7, ge=1, le=90)
    api_rate: int = Field(default=600, ge=1, le=1_000_000)
    webhooks_loopback: bool = False

    @field_validator("database_url")
    @classmethod
    def _a_database(cls, value: str) -> str:
        if not (SQLITE_FILE.fullmatch(value) or SERVER.fullmatch(value)):
            raise ValueError("needs sqlite:///path of a file or postgresql+psycopg://user:password@host/name")
        return value

    @field_validator("public_url")
    @classmethod
    def _with_scheme(cls, value: str) -> str:
        if value and not value.startswith(("http://", "https://")):
            raise ValueError("needs http:// or https:// in front")
        return value

    @field_validator("hook_tokens", "hook_addresses", "metrics_addresses", "sms_countries", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator(*SHAPES)
    @classmethod
    def _shaped(cls, value: str, info: ValidationInfo) -> str:
        shape, said = SHAPES[str(info.field_name)]
        if not shape.fullmatch(value):
            raise ValueError(f"is not {said}")
        return value

    @field_validator("smpp_codings", "smpp_ussd_codings", mode="before")
    @classmethod
    def _two_octets(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        numbers = [part.strip() for part in value.split(",")]
        if len(numbers) != 2 or not all(one.isdecimal() and int(one) <= 255 for one in numbers):  # noqa: PLR2004
            raise ValueError("needs two numbers from 0 to 255, for GSM-7 and for UCS-2, such as 0,8")
        return tuple(map(int, numbers))

    @field_validator("hook_tokens")
    @classmethod
    def _long_enough(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if any(len(token) < SHORTEST_TOKEN for token in value):
            raise ValueError(f"each token needs at least {SHORTEST_TOKEN} characters")
        if any(not TOKEN.fullmatch(token) for token in value):
            raise ValueError("tokens are part of addresses: letters, digits, - and _ only")
        return value

    @field_validator("match_weights", "sms_prices", "sms_rates", mode="before")
    @classmethod
    def _paired(cls, value: object) -> object:
        return _pairs(value) if isinstance(value, str) else value

    @field_validator("match_weights")
    @classmethod
    def _known_weights(cls, value: dict[str, float]) -> dict[str, float]:
        if value and (set(value) != WEIGHTS or min(value.values()) < 0 or not abs(sum(value.values()) - 1) <= ROUNDING):
            raise ValueError(f"needs {', '.join(sorted(WEIGHTS))}, none negative, together 1")
        return value

    @field_validator("sms_prices")
    @classmethod
    def _priced(cls, value: dict[str, Decimal]) -> dict[str, Decimal]:
        strange = [name for name in value if name not in {"*", *KNOWN_GATEWAYS} and not PREFIX.fullmatch(name)]
        if strange or "*" not in value or min(value.values()) < 0:
            raise ValueError("is written console=0,+212=0.03,*=0.08: gateways, prefixes, and * for all others")
        return value

    @field_validator("sms_rates")
    @classmethod
    def _rated(cls, value: dict[str, float]) -> dict[str, float]:
        if set(value) - set(KNOWN_GATEWAYS) or (value and min(value.values()) <= 0):
            raise ValueError("is written africastalking=50: messages a second, above 0, through a known gateway")
        return value

    @field_validator("sms_countries")
    @classmethod
    def _countries(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not value or not all(COUNTRY.fullmatch(one) for one in value):
            raise ValueError("needs codes of countries such as MA,FR,BE")
        return value

    @field_validator("quiet_hours", mode="before")
    @classmethod
    def _hours(cls, value: object) -> object:
        return tuple(value.split("-")) if isinstance(value, str) else value

    @field_validator("quiet_hours")
    @classmethod
    def _of_a_day(cls, value: tuple[int, int]) -> tuple[int, int]:
        if not all(0 <= hour <= LAST_HOUR for hour in value):
            raise ValueError("is written 21-8, full hours from 0 to 23; 0-0 has none")
        return value

    @field_validator("hook_addresses", "metrics_addresses")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for address in value:
            ip_network(address, strict=False)
        return value

    @field_validator("secret_key")
    @classmethod
    def _strong_enough(cls, value: str) -> str:
        if value and len(value) < SHORTEST_KEY:
            raise ValueError(f"needs at least {SHORTEST_KEY} characters")
        return value

    @field_validator("sms_routes", mode="before")
    @classmethod
    def _routes(cls, value: object) -> object:
        pairs = _pairs(value) if isinstance(value, str) else value
        if not isinstance(pairs, dict):
            return pairs
        return {
            prefix: tuple(one.strip() for one in names.split("|")) if isinstance(names, str) else names
            for prefix, names in pairs.items()
        }

    @field_validator("sms_routes")
    @classmethod
    def _known_gateways(cls, value: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        unknown = sorted({name for names in value.values() for name in names} - set(KNOWN_GATEWAYS))
        if unknown:
            raise ValueError(f"unknown gateway {unknown[0]!r}; known are {', '.join(KNOWN_GATEWAYS)}")
        if any(len(set(names)) != len(names) for names in value.values()):
            raise ValueError("names a gateway twice for one prefix")
        if any(prefix != "*" and not PREFIX.fullmatch(prefix) for prefix in value):
            raise ValueError("a prefix is written +212, or * for all others")
        if "*" not in value:
            raise ValueError("needs a route for '*'")
        return value

    @property
    def used_gateways(self) -> frozenset[str]:
        """The gateways that some route names."""
        return frozenset(name for names in self.sms_routes.values() for name in names)

    @property
    def simulator_on(self) -> bool:
        """The simulator holds a hook token, so by default it is there only when no real gateway is."""
        return self.used_gateways == {"console"} if self.simulator is None else self.simulator

    @property
    def admins_need_factor(self) -> bool:
        """On a laptop an admin is only led to a second factor; a service that others reach demands it."""
        return self.url.startswith("https://") if self.admin_second_factor is None else self.admin_second_factor

    @property
    def url_here(self) -> str:
        """Where the service answers on this machine."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    @property
    def url(self) -> str:
        """Where people find the service."""
        return self.public_url.rstrip("/") or self.url_here


def _pairs(written: str) -> dict[str, str]:
    """Read `name=value,name=value`."""
    pairs = [part.partition("=") for part in written.split(",") if part.strip()]
    return {name.strip(): value.strip() for name, _, value in pairs}


def load_settings(**overrides: object) -> Settings:
    """Read the settings; what was not set but is secret is made once and kept in `var/`.

    Raises SettingsError with one sentence that names the setting.
    """
    try:
        settings = Settings(**overrides)  # type: ignore[arg-type]  # overrides are checked by pydantic itself
    except ValidationError as error:
        first = error.errors()[0]
        name = "_".join(str(part) for part in first["loc"][:1])
        raise SettingsError(f"TIWIZI_{name.upper()}: {first['msg'].removeprefix('Value error, ')}.") from error
    for gateway in sorted(settings.used_gateways):
        if missing := missing_of(settings, gateway):
            raise SettingsError(f"{missing}: is missing, and TIWIZI_SMS_ROUTES sends through {gateway}.")
    if settings.simulator and settings.used_gateways != {"console"}:
        raise SettingsError("TIWIZI_SIMULATOR: shows a hook token, so it goes with console routes only.")
    if settings.reminder_days >= settings.expiry_days:
        raise SettingsError("TIWIZI_REMINDER_DAYS: must be below TIWIZI_EXPIRY_DAYS.")
    return settings.model_copy(update=_kept_secrets(settings))


def missing_of(settings: Settings, gateway: str) -> str | None:
    """Return the name of a setting that a gateway cannot do without and that is empty, None when all are there."""
    return next((f"TIWIZI_{name.upper()}" for name in NEEDED.get(gateway, ()) if not getattr(settings, name)), None)


def _kept_secrets(settings: Settings) -> dict[str, object]:
    """On a laptop nobody invents secrets by hand: make them at the first start, keep them in `var/`."""
    made: dict[str, object] = {}
    if not settings.secret_key:
        made["secret_key"] = _kept("TIWIZI_SECRET_KEY", Path("var/secret_key"))
    if not settings.hook_tokens:
        made["hook_tokens"] = (_kept("TIWIZI_HOOK_TOKENS", Path("var/hook_token")),)
    return made


def _kept(name: str, path: Path) -> str:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return _made_once(path)
    except OSError as error:
        raise SettingsError(f"{name}: is not set, and {path} cannot keep one: {error.strerror}.") from error


def _made_once(path: Path) -> str:
    """Return the secret in a file only its owner reads; of all who start at once, the first to lock it makes it."""
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        kept = file.read().strip()
        if not kept:
            kept = secrets.token_urlsafe(32)
            file.write(kept)
            file.flush()
        return kept
