"""The first screen: who dials decides what it offers, and what waits for an answer comes first."""

from collections.abc import Callable

from service.domain.roles import OFFICERS
from service.domain.states import AssociationState
from service.locales import Language
from service.models.proposals import waiting_interests
from service.usecases.phones import know_phone, start
from ussd.dialogues.associations import register
from ussd.dialogues.context import Context
from ussd.dialogues.needs import my_needs, report_need
from ussd.dialogues.partners import answer_interest
from ussd.engine.dialogue import Talk, dialogue, reading
from ussd.engine.prompts import Choice, End, Menu, Option, Recall, Show


@dialogue("home")
def home(ctx: Context) -> Talk:
    """Greet whoever dials with what they may do."""
    caller = yield Recall("caller", ctx.caller)
    ctx.language = caller["language"] or ctx.language
    start = yield Recall("start", lambda: ctx.start)
    if caller["kind"] == "unknown":
        return (yield from welcome(ctx))
    if caller["kind"] == "contact":
        return (yield from contact_home(ctx, caller))
    if start == "need" and "need" in _offers(caller, waiting=False):
        return (yield from report_need(ctx))
    return (yield from officer_home(ctx, caller))


def officer_home(ctx: Context, caller: dict[str, str]) -> Talk:
    """Offer what someone who speaks for a village association may do."""
    waiting = yield Recall("waiting", lambda: _waiting(ctx))
    offers = _offers(caller, waiting=bool(waiting))
    key = "home.rejected" if "register" in offers else "home.waiting" if "answer" in offers else "home.officer"
    chosen = yield Menu(
        key,
        lambda: [Option(offer, ctx.voice.say(f"home.{offer}")) for offer in offers],
        zero=Option("help", ctx.voice.say("home.help")),
        values={"association": caller["name"], "reason": caller["reason"], **waiting},
    )
    if chosen in OFFERED:
        return (yield from OFFERED[chosen](ctx))
    return (yield from reading(Show("help.officer", values={"number": ctx.settings.sms_number})))


def _offers(caller: dict[str, str], *, waiting: bool) -> list[str]:
    """Return the lines for an officer: what waits first, and nothing whose answer could not reach them."""
    if caller["sms"] == "stopped":
        return ["sms", "mine", "language"]
    if caller["role"] not in OFFICERS:
        return ["mine", "language"]
    if caller["state"] == AssociationState.REJECTED:
        return ["register", "mine", "language"]
    return [*(["answer"] if waiting else []), "need", "mine", "language"]


def contact_home(ctx: Context, caller: dict[str, str]) -> Talk:
    """Offer what is not done by SMS to someone who answers for a diaspora association."""
    offers = ["language"] + (["sms"] if caller["sms"] == "stopped" else [])
    chosen = yield Menu(
        "home.contact",
        lambda: [Option(offer, ctx.voice.say(f"home.{offer}")) for offer in offers],
        zero=Option("help", ctx.voice.say("home.help")),
        values={"association": caller["name"]},
    )
    if chosen == "language":
        return (yield from change_language(ctx))
    if chosen == "sms":
        return (yield from start_sms(ctx))
    return (yield from reading(Show("help.contact", values={"number": ctx.settings.sms_number})))


@dialogue("welcome")
def welcome(ctx: Context) -> Talk:
    """Someone new: their language, their consent, then what they may do."""
    ctx.language = yield Menu("language", _languages)
    agreed = yield Choice("consent", lambda: _yes_or_no(ctx))
    if agreed == "no":
        return End("consent.refused")
    chosen = yield Menu(
        "home.unknown",
        lambda: [Option("register", ctx.voice.say("home.register"))],
        zero=Option("help", ctx.voice.say("home.help")),
    )
    if chosen == "register":
        return (yield from register(ctx))
    return (yield from reading(Show("help.unknown", values={"number": ctx.settings.sms_number})))


@dialogue("language.change")
def change_language(ctx: Context) -> Talk:
    """Another language from now on."""
    ctx.language = yield Choice("language.which", _languages)
    know_phone(ctx.facts, ctx.now, ctx.phone, Language(ctx.language))
    return End("language.changed")


@dialogue("sms.start")
def start_sms(ctx: Context) -> Talk:
    """Take STOP back: a consent anew."""
    agreed = yield Choice("consent", lambda: _yes_or_no(ctx))
    if agreed == "no":
        return End("start.refused")
    start(ctx.facts, ctx.now, ctx.phone, ctx.channel)
    return End("start.done")


# What each line of an officer's menu leads to.
OFFERED: dict[str, Callable[[Context], Talk]] = {
    "answer": answer_interest,
    "need": report_need,
    "mine": my_needs,
    "language": change_language,
    "sms": start_sms,
    "register": register,
}


def _waiting(ctx: Context) -> dict[str, str]:
    interests = waiting_interests(ctx.session, ctx.officer().association_id)
    if not interests:
        return {}
    return {"diaspora": interests[0].diaspora.name, "reference": interests[0].need.reference}


def _languages() -> list[Option]:
    # Each in its own name: who needs the line can read it.
    return [
        Option("shi", "Tachelhit"),
        Option("ar", "العربية"),
        Option("fr", "Français"),
        Option("en", "English"),
    ]


def _yes_or_no(ctx: Context) -> list[Option]:
    return [Option("yes", ctx.voice.say("consent.yes")), Option("no", ctx.voice.say("consent.no"))]
