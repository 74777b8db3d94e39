"""A diaspora association: it registers, sees and changes its profile, and pauses."""

from collections.abc import Callable, Generator, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from service.domain.countries import country_abroad, country_named
from service.domain.kinds import Pace
from service.domain.money import Currency, Money
from service.domain.phone import HOME_REGION
from service.domain.sectors import Sector
from service.locales import Language
from service.messaging.phrases import Country, words
from service.models.diaspora import Contact
from service.models.listings import held_listing
from service.models.phones import Phone
from service.usecases.diaspora import (
    change_attention,
    change_capacity,
    change_origins,
    change_sectors,
    diaspora_named,
    pause_alerts,
)
from service.usecases.digests import change_pace
from service.usecases.enrolment import enrol_diaspora
from service.usecases.listings import agree_to_listing, withdraw_listing
from ussd.dialogues.context import Context
from ussd.dialogues.origins import ask_origins, names_of, yes_or_no
from ussd.dialogues.pins import proven
from ussd.dialogues.places import ELSEWHERE
from ussd.engine.dialogue import Step, Talk, dialogue
from ussd.engine.prompts import Choice, End, MisreadError, Option, Recall, Review
from ussd.engine.typed import Amount, Number, Text

Asked = Generator[Step, Any, Any]
# Where most emigrants from Souss-Massa live; others type theirs.
COUNTRIES = ("FR", "ES", "IT", "BE", "NL", "DE")
MOST_SECTORS = 3
# Whole euros or dirhams a year.
LOWEST_CAPACITY, HIGHEST_CAPACITY = 100, 50_000_000
MOST_AT_A_TIME, MOST_DAYS = 10, 365


@dialogue("diaspora.enrol", draft=True)
def enrol(ctx: Context) -> Talk:
    """Who, where, from where, for what and with how much; written together after the last question."""
    name = yield Text("diaspora.name", longest=40, check=lambda typed: _must_be_free(ctx, typed))
    city = yield Text("diaspora.city", longest=30)
    own = yield Recall("country", lambda: country_abroad(ctx.phone))
    country = own or (yield from _asked_country(ctx))
    contact = yield Text("diaspora.contact", longest=30)
    origins = yield from ask_origins(ctx)
    sectors = yield from _asked_sectors(ctx)
    capacity = yield from _asked_capacity(country)
    lines = ("diaspora.name", "diaspora.city", *(() if own else ("diaspora.country",)), "diaspora.contact")
    yield Review(
        "diaspora.review",
        lines=(*lines, "diaspora.origins", "diaspora.sectors", "diaspora.capacity"),
        values={
            "name": name,
            "city": city,
            "country": _said_country(ctx, country),
            "origins": origins["names"],
            "sectors": _said_sectors(ctx, sectors),
            "capacity": _said_capacity(ctx, _money(capacity)),
        },
    )
    enrol_diaspora(
        ctx.facts,
        ctx.now,
        phone=ctx.phone,
        channel=ctx.channel,
        language=Language(ctx.language),
        name=name,
        city=city,
        country=country,
        contact_name=contact,
        origins=origins["codes"],
        sectors=[Sector(one) for one in sectors],
        yearly_capacity=_money(capacity),
    )
    return End("diaspora.saved")


@dialogue("diaspora.profile", version=3)
def profile(ctx: Context) -> Talk:
    """Show what is known of the association, and change one line of it."""
    seen = yield Recall("profile", lambda: _seen(ctx))
    what = yield Choice("profile", lambda: _lines(ctx, seen), values=seen)
    answer, said = yield from CHANGES[what](ctx, seen)
    line = ctx.voice.say(f"profile.{what}", value=said)
    if (yield Choice("profile.confirm", lambda: yes_or_no(ctx), values={"line": line})) == "no":
        return End("profile.kept")
    # A forged text makes no name public; taking it back is let through as it comes.
    if what == "listing" and answer and (refused := (yield from proven(ctx, "listing"))):
        return refused
    # The contact of the facts' own session, so facts first.
    facts, contact = ctx.facts, ctx.contact()
    WRITTEN[what](facts, ctx.now, contact, (answer, ctx.channel) if what == "listing" else answer)
    return End("profile.listed" if what == "listing" else "profile.changed")


@dialogue("diaspora.pause")
def pause(ctx: Context) -> Talk:
    """Hear of no new need for some days, or of new needs again."""
    until = yield Recall("paused", lambda: _paused_until(ctx))
    days = yield Number(
        "pause.days",
        high=MOST_DAYS,
        none="pause.resume" if until else "",
        values={"paused": ctx.voice.say("pause.until", until=datetime.fromisoformat(until)) if until else ""},
    )
    facts, contact = ctx.facts, ctx.contact()
    paused = pause_alerts(facts, ctx.now, contact=contact, days=days)
    return End("pause.done", {"until": _there(contact, paused)}) if paused else End("pause.over")


def _asked_country(ctx: Context) -> Asked:
    country = yield Choice("diaspora.country", lambda: _countries(ctx))
    if country != ELSEWHERE:
        return country
    typed = yield Text("diaspora.country.typed", longest=40, check=_must_be_country)
    return (yield Recall("diaspora.country.code", lambda: country_named(typed)))


def _asked_sectors(ctx: Context) -> Asked:
    sectors = [(yield Choice("diaspora.sectors", Sector))]
    while len(sectors) < MOST_SECTORS:
        more = yield Choice("diaspora.sectors.more", lambda: _other_sectors(ctx, sectors))
        if not more:
            break
        sectors.append(more)
    return sectors


def _asked_capacity(country: str) -> Asked:
    """Ask the yearly means; return what the journal keeps of an amount."""
    first = Currency.MAD if country == HOME_REGION else Currency.EUR
    return (
        yield Amount(
            "diaspora.capacity",
            low=LOWEST_CAPACITY,
            high=HIGHEST_CAPACITY,
            currencies=(first, *(one for one in Currency if one is not first)),
            none="diaspora.capacity.unsaid",
            values={"currency": first.value},
        )
    )


def _new_origins(ctx: Context, _seen: Mapping[str, Any]) -> Asked:
    origins = yield from ask_origins(ctx)
    return origins["codes"], origins["names"]


def _new_sectors(ctx: Context, _seen: Mapping[str, Any]) -> Asked:
    sectors = yield from _asked_sectors(ctx)
    return [Sector(one) for one in sectors], _said_sectors(ctx, sectors)


def _new_capacity(ctx: Context, seen: Mapping[str, Any]) -> Asked:
    capacity = _money((yield from _asked_capacity(seen["country"])))
    return capacity, _said_capacity(ctx, capacity)


def _new_attention(_ctx: Context, _seen: Mapping[str, Any]) -> Asked:
    slots = yield Number("profile.slots", high=MOST_AT_A_TIME)
    return slots, slots


def _new_pace(ctx: Context, _seen: Mapping[str, Any]) -> Asked:
    pace = Pace((yield Choice("profile.paces", Pace)))
    return pace, ctx.voice.write(pace)


def _new_listing(ctx: Context, _seen: Mapping[str, Any]) -> Asked:
    agreed = (yield Choice("profile.listing.text", lambda: yes_or_no(ctx))) == "yes"
    return agreed, _said_listing(ctx, agreed=agreed)


def _write_listing(facts: Session, now: datetime, contact: Contact, answer: tuple[bool, str]) -> None:
    agreed, channel = answer
    which, who = contact.association_id, f"contact:{contact.id}"
    if not agreed:
        withdraw_listing(facts, now, association_id=which, actor=who, channel=channel)
        return
    language = facts.get_one(Phone, contact.phone).language
    agree_to_listing(facts, now, association_id=which, actor=who, channel=channel, language=language)


CHANGES: Mapping[str, Callable[[Context, Mapping[str, Any]], Asked]] = {
    "origins": _new_origins,
    "sectors": _new_sectors,
    "capacity": _new_capacity,
    "attention": _new_attention,
    "pace": _new_pace,
    "listing": _new_listing,
}
WRITTEN: Mapping[str, Callable[[Session, datetime, Contact, Any], None]] = {
    "origins": lambda facts, now, contact, codes: change_origins(facts, now, contact=contact, origins=codes),
    "sectors": lambda facts, now, contact, sectors: change_sectors(facts, now, contact=contact, sectors=sectors),
    "capacity": lambda facts, now, contact, means: change_capacity(facts, now, contact=contact, capacity=means),
    "attention": lambda facts, now, contact, slots: change_attention(facts, now, contact=contact, slots=slots),
    "pace": lambda facts, now, contact, pace: change_pace(facts, now, contact=contact, pace=pace),
    "listing": _write_listing,
}


def _seen(ctx: Context) -> dict[str, Any]:
    association = ctx.contact().association
    wanted = sorted(association.interests, key=lambda interest: -interest.strength)
    capacity = association.yearly_capacity
    return {
        "name": association.name,
        "country": association.country,
        "origins": names_of(ctx, [origin.place_code for origin in association.origins]),
        "sectors": _said_sectors(ctx, [interest.sector for interest in wanted]),
        "capacity": _said_capacity(ctx, None if capacity is None else Money(capacity)),
        "attention": association.attention_slots,
        "pace": ctx.voice.write(ctx.session.get_one(Phone, ctx.phone).pace),
        "listing": _said_listing(ctx, agreed=held_listing(ctx.session, association.id) is not None),
    }


def _lines(ctx: Context, seen: Mapping[str, Any]) -> list[Option]:
    return [Option(what, ctx.voice.say(f"profile.{what}", value=seen[what])) for what in CHANGES]


def _paused_until(ctx: Context) -> str | None:
    contact = ctx.contact()
    until = contact.association.paused_until
    return _there(contact, until).isoformat() if until and until > ctx.now else None


def _there(contact: Contact, moment: datetime) -> datetime:
    return moment.astimezone(ZoneInfo(contact.association.time_zone))


def _must_be_free(ctx: Context, name: str) -> None:
    if diaspora_named(ctx.session, name):
        raise MisreadError("expect.free_name")


def _must_be_country(typed: str) -> None:
    if not country_named(typed):
        raise MisreadError("expect.country")


def _countries(ctx: Context) -> list[Option]:
    named = [Option(code, _said_country(ctx, code)) for code in COUNTRIES]
    return [*named, Option(ELSEWHERE, ctx.voice.say("diaspora.country.elsewhere"))]


def _other_sectors(ctx: Context, chosen: list[str]) -> list[Option]:
    enough = Option("", ctx.voice.say("diaspora.sectors.enough"))
    return [enough, *(Option(one.value, ctx.voice.write(one)) for one in Sector if one not in chosen)]


def _money(kept: tuple[int, str]) -> Money | None:
    amount, currency = kept
    return Money.of(amount, Currency(currency)) if amount else None


def _said_listing(ctx: Context, *, agreed: bool) -> str:
    return ctx.voice.say(f"diaspora.{'yes' if agreed else 'no'}")


def _said_country(ctx: Context, code: str) -> str:
    return words(ctx.voice, {"country": Country(code)})["country"]


def _said_sectors(ctx: Context, sectors: list[Any]) -> str:
    return words(ctx.voice, {"sectors": [Sector(one) for one in sectors]})["sectors"]


def _said_capacity(ctx: Context, capacity: Money | None) -> str:
    return ctx.voice.write(capacity) if capacity else ctx.voice.say("diaspora.capacity.none")
