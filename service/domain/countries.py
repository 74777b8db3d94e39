"""Where a phone answers: its country (ISO 3166-1 alpha-2), its time zone, and what people call a country."""

from functools import cache, lru_cache

import phonenumbers
from babel import Locale
from phonenumbers import timezone

from service.domain.phone import HOME_REGION
from service.domain.text import search_key

# Most of those who write live in one of these zones; a country of several (Spain, Portugal) has one of them on land.
USUAL_ZONES, NO_ZONE = "Europe/", "Etc/Unknown"
NAMES_IN = ("fr", "ar", "en")
# Satellite and other numbers of no country.
NOWHERE, UNKNOWN = "001", "ZZ"
# The library says Atlantic/Canary, whose clock goes by another law.
HOME_ZONE = "Africa/Casablanca"
CODES = frozenset(map(str, phonenumbers.COUNTRY_CODE_TO_REGION_CODE))
# Several large countries; elsewhere, islands with the law and the clock of their mainland, or nearly.
SHARED_CODES = frozenset({"1", "7"})
HEAD = 4  # the plus sign and the longest code


def country_abroad(phone: str) -> str | None:
    """Return the country of an E.164 number, None when it is Morocco's or nobody's: then the country must be asked."""
    country = country_of(phone)
    return None if country == HOME_REGION else country


def time_zone_of(phone: str, country: str) -> str:
    """Return IANA's name of the time zone of a number of `country`, else of most of that country, else UTC."""
    example = phonenumbers.example_number_for_type(country, phonenumbers.PhoneNumberType.MOBILE)
    own = phonenumbers.parse(phone) if phone and country_abroad(phone) == country else None
    zones = [zone for number in (own, example) if number for zone in timezone.time_zones_for_number(number)]
    known = [zone for zone in zones if zone != NO_ZONE]
    return next((zone for zone in known if zone.startswith(USUAL_ZONES)), known[0] if known else "UTC")


def zone_of(phone: str) -> str:
    """Return IANA's name of the time zone of an E.164 number, UTC for a number of no country."""
    country = country_of(phone)
    if country is None:
        return "UTC"
    return _zone_of_number(phone, country) if _code(phone[:HEAD]) in SHARED_CODES else _zone_of_country(country)


def country_of(phone: str) -> str | None:
    """Return the country of an E.164 number, None when it is nobody's."""
    code = _code(phone[:HEAD])
    return _country_of_number(phone) if code in SHARED_CODES else _country_of_code(code)


@lru_cache(maxsize=2_000)
def _code(head: str) -> str:
    """Return the country's calling code; no code is the beginning of another (ITU-T E.164)."""
    digits = head.removeprefix("+")
    return next((digits[:length] for length in (1, 2, 3) if digits[:length] in CODES), "")


@cache
def _country_of_code(code: str) -> str | None:
    region = phonenumbers.region_code_for_country_code(int(code or 0))
    return None if region in {NOWHERE, UNKNOWN} else region


# Reading a whole number takes a tenth of a millisecond, and a sender asks for each: most are known by their code.
@lru_cache(maxsize=10_000)
def _country_of_number(phone: str) -> str | None:
    region = phonenumbers.region_code_for_number(phonenumbers.parse(phone))
    return None if region == NOWHERE else region


@lru_cache(maxsize=10_000)
def _zone_of_number(phone: str, country: str) -> str:
    return time_zone_of(phone, country)


@lru_cache
def _zone_of_country(country: str) -> str:
    return HOME_ZONE if country == HOME_REGION else time_zone_of("", country)


def country_named(typed: str) -> str | None:
    """Return the country that is called so in French, Arabic or English; None when none is."""
    meant = search_key(typed)
    named = (
        code
        for language in NAMES_IN
        for code, name in Locale(language).territories.items()
        if search_key(str(name)) == meant
    )
    return next((code for code in named if code in phonenumbers.SUPPORTED_REGIONS), None)
