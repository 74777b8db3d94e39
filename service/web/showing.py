"""How templates write things: texts of the page's language, and what people typed, made safe to look at."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from babel.numbers import format_decimal
from flask import Flask, request, url_for
from markupsafe import Markup

from service.domain.countries import HOME_ZONE
from service.domain.money import Currency
from service.domain.phone import mask_phone, show_phone
from service.domain.roles import UserRole
from service.domain.text import visible
from service.gateways.base import Balance
from service.locales import CONVENTIONS, CURRENCIES, Language, speaker
from service.logs import masked
from service.messaging.phrases import in_words
from service.web.current import NO_BREAK, container, language, user, voice

# How each language calls itself.
NAMES = {Language.FR: "Français", Language.AR: "العربية", Language.SHI: "Tachelhit", Language.EN: "English"}
TAGS = {Language.SHI: "shi-Latn"}  # BCP 47: Tachelhit is here in Latin letters


def typed(text: str) -> Markup:
    """Return what a person typed, escaped, visible, and with a reading direction of its own."""
    return Markup("<bdi>{}</bdi>").format(visible(text))


def may_decide() -> bool:
    """Tell whether the person may verify and reject, and so speak to villages."""
    known = user()
    return known is not None and known.role.includes(UserRole.COORDINATOR)


def may_administer() -> bool:
    """Tell whether the person may stop and start what the service does."""
    known = user()
    return known is not None and known.role.includes(UserRole.ADMIN)


def phone(number: str) -> Markup:
    """Return a number as people write it, masked for those who only view."""
    return Markup('<bdi dir="ltr" class="number">{}</bdi>').format(
        show_phone(number) if may_decide() else mask_phone(number)
    )


def say(key: str, /, **values: Any) -> str:
    """Return a text in the page's language."""
    return voice().say(key, **values)


def write(value: object) -> str:
    """Return a number, an amount, a date, a state or a country as people of the page's language read it."""
    return in_words(voice(), value)


def here(moment: datetime) -> datetime:
    """Return a moment by the clock of those who read the admin pages."""
    return moment.astimezone(ZoneInfo(HOME_ZONE))


def thousandths(amount: int) -> str:
    """Return thousandths of the unit of prices and caps as an amount with two decimals and its currency."""
    return _amount(Decimal(amount).scaleb(-3), "#,##0.00", container().settings.sms_currency)


def credit(balance: Balance) -> str:
    """Return the credit of an account with its currency, never rounded: what is low must not look enough."""
    return _amount(balance.units, "#,##0.00##", balance.currency)


def _amount(amount: Decimal, shape: str, code: str) -> str:
    written = format_decimal(amount, shape, locale=CONVENTIONS[language()])
    currency = CURRENCIES[Currency(code)][language()] if code in set(Currency) else code
    return f"{written}{NO_BREAK}{currency}".replace("\u202f", NO_BREAK)


def in_language(other: Language) -> str:
    """Return the address of this page in another language; of the first page for one that cannot be asked for again."""
    if request.endpoint is None or request.method != "GET":
        return url_for("public.home", lang=other)
    kept = {name: value for name, value in request.args.items() if name != "lang"}
    return f"{quote(request.script_root + request.path)}?{urlencode({**kept, 'lang': other})}"


def set_up_showing(app: Flask) -> None:
    """Give the templates these words."""
    app.jinja_env.filters.update(
        typed=typed,
        visible=visible,
        phone=phone,
        write=write,
        masked=masked,
        here=here,
        thousandths=thousandths,
        credit=credit,
    )
    app.jinja_env.globals.update(t=say, languages=NAMES, language_tags=TAGS, in_language=in_language, voice_of=speaker)
    app.context_processor(_of_this_page)


def _of_this_page() -> dict[str, Any]:
    return {
        "page_language": language(),
        "user": user(),
        "may_decide": may_decide(),
        "may_administer": may_administer(),
        "settings": container().settings,
    }
