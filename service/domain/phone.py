"""Phone numbers: E.164 strings such as `+212612345678`. Numbering rules come from Google's libphonenumber."""

from functools import lru_cache
from secrets import token_hex

import phonenumbers

HOME_REGION = "MA"
# Begins what stands in place of a number whose owner left: no number, so nothing can be sent there.
GONE = "gone-"
NOBODY = "-"


def gone_phone() -> str:
    """Return what rows that outlive a person point to instead of their number: random, so that it leads nowhere."""
    return f"{GONE}{token_hex(5)}"


# A phone that is on the line is parsed at each of its turns.
@lru_cache(20_000)
def parse_phone(typed: str, region: str = HOME_REGION) -> str:
    """Return the E.164 form of what a person or a gateway wrote; national numbers are read in `region`.

    Raises ValueError when no telephone network could have such a number.
    """
    try:
        number = phonenumbers.parse(typed, region)
    except phonenumbers.NumberParseException as error:
        raise ValueError(f"not a phone number: {error}") from error
    # What is possible only within one town is no number for us: nobody knows which town.
    if phonenumbers.is_possible_number_with_reason(number) != phonenumbers.ValidationResult.IS_POSSIBLE:
        raise ValueError("not a possible phone number")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def digits_of(phone: str) -> tuple[str, ...]:
    """Return the digits that say this number and no other: with its country, and for one of ours as dialled at home.

    Fewer would not do: `+212 6 12 34 56 78` and `+33 6 12 34 56 78` are two people.
    """
    number = phonenumbers.parse(phone)
    if number.country_code != phonenumbers.country_code_for_region(HOME_REGION):
        return (phone[1:],)
    home = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)
    return phone[1:], phonenumbers.normalize_digits_only(home)


@lru_cache(4_096)
def show_phone(phone: str) -> str:
    """Return a number as people write it to each other, `+212 6 12 34 56 78`; a short code as it is.

    A dash for someone who left.
    """
    if phone.startswith(GONE):
        return NOBODY
    if not phone.startswith("+"):
        return phone
    return phonenumbers.format_number(phonenumbers.parse(phone), phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def mask_phone(phone: str) -> str:
    """Return a number for logs and metrics: the country's digits and the last two, `+212•••••78`.

    A dash for someone who left.
    """
    if phone.startswith(GONE):
        return NOBODY
    return f"{phone[:4]}•••••{phone[-2:]}"


def mentions_phone(text: str) -> bool:
    """Tell whether a phone number stands in a text, as dialled at home or abroad."""
    return any(phonenumbers.PhoneNumberMatcher(text, HOME_REGION))
