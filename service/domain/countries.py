"""Where a phone answers: its country (ISO 3166-1 alpha-2), its time zone, and what people call a country."""

import phonenumbers
from babel import Locale
from phonenumbers import timezone

from service.domain.phone import HOME_REGION
from service.domain.text import search_key

# Most of those who write live in one of these zones; a country of several (Spain, Portugal) has one of them on land.
USUAL_ZONES, NO_ZONE = "Europe/", "Etc/Unknown"
NAMES_IN = ("fr", "ar", "en")
# Satellite and other numbers of no country.
NOWHERE = "001"


def country_abroad(phone: str) -> str | None:
    """Return the country of an E.164 number, None when it is Morocco's or nobody's: then the country must be asked."""
    region = phonenumbers.region_code_for_number(phonenumbers.parse(phone))
    return None if region in {None, HOME_REGION, NOWHERE} else region


def time_zone_of(phone: str, country: str) -> str:
    """Return IANA's name of the time zone of a number of `country`, else of most of that country, else UTC."""
    example = phonenumbers.example_number_for_type(country, phonenumbers.PhoneNumberType.MOBILE)
    own = phonenumbers.parse(phone) if country_abroad(phone) == country else None
    zones = [zone for number in (own, example) if number for zone in timezone.time_zones_for_number(number)]
    known = [zone for zone in zones if zone != NO_ZONE]
    return next((zone for zone in known if zone.startswith(USUAL_ZONES)), known[0] if known else "UTC")


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
