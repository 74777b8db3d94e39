"""What was proposed to a diaspora association: its yes or no, and what it promises."""

from typing import Any

from service.domain.money import Currency, Money
from service.domain.phone import HOME_REGION
from service.domain.sectors import Sector
from service.domain.states import NeedState
from service.messaging.phrases import words
from service.messaging.sources import need_source
from service.models.needs import need_by_reference
from service.models.pledges import pledgeable
from service.models.proposals import Proposal, open_proposals
from service.usecases.pledges import make_pledge
from service.usecases.proposals import decline, express_interest
from ussd.dialogues.context import Context
from ussd.dialogues.pins import proven
from ussd.engine.dialogue import Talk, dialogue, reading
from ussd.engine.prompts import Choice, End, Option, Recall, Review, Show
from ussd.engine.typed import Amount

# Kept with the answer, and said as `proposal.reason.…`.
REASONS = ("busy", "cost", "sector", "place")
# Whole euros or dirhams.
LOWEST_PLEDGE, HIGHEST_PLEDGE = 10, 50_000_000


@dialogue("diaspora.proposals", version=2)
def proposals(ctx: Context) -> Talk:
    """Which need, what it is, and the association's yes (the village is asked) or no."""
    if not (yield Recall("proposals", lambda: bool(_open(ctx)))):
        return (yield from reading(Show("proposals.none")))
    reference = yield Choice("proposals", lambda: [_line(ctx, proposal) for proposal in _open(ctx)])
    seen = yield Recall("proposal", lambda: _seen(ctx, reference))
    answer = yield Choice("proposal.seen", lambda: _answers(ctx), values=_spoken(seen))
    if answer == "yes":
        code = ctx.settings.ussd_code
        express_interest(ctx.facts, ctx.now, contact=ctx.contact(), reference=reference, code=code)
    else:
        reason = yield Choice("proposal.seen.reason", lambda: _reasons(ctx), none="proposal.reason.unsaid")
        decline(ctx.facts, ctx.now, contact=ctx.contact(), reference=reference, reason=reason or "")
    return End(f"proposal.{answer}.done", {"reference": reference})


@dialogue("pledge")
def pledge(ctx: Context) -> Talk:
    """Which need and how much, then a proof: what an SMS alone says may be anybody's."""
    allowed = yield Recall("pledge.needs", lambda: [one.need.reference for one in _pledgeable(ctx)])
    if not allowed:
        return (yield from reading(Show("pledge.none")))
    reference = yield Choice("pledge.need", lambda: [_line(ctx, one) for one in _pledgeable(ctx)])
    if reference not in allowed:
        # Given with an SMS, not chosen.
        return End("pledge.unknown", {"reference": reference})
    first = yield Recall("pledge.currency", lambda: _usual_currency(ctx))
    currencies = sorted(Currency, key=lambda one: one != first)
    amount, currency = yield Amount("pledge.amount", low=LOWEST_PLEDGE, high=HIGHEST_PLEDGE, currencies=currencies)
    promised = Money.of(amount, Currency(currency))
    said = {"amount": promised, "reference": reference}
    yield Review("pledge.review", lines=("pledge.need", "pledge.amount"), values=said)
    if refused := (yield from proven(ctx, "pledge", **said)):
        return refused
    code = ctx.settings.ussd_code
    make_pledge(ctx.facts, ctx.now, contact=ctx.contact(), reference=reference, amount=promised, code=code)
    return End("pledge.done", said)


def _open(ctx: Context) -> list[Proposal]:
    return open_proposals(ctx.session, ctx.contact().association_id)


def _pledgeable(ctx: Context) -> list[Proposal]:
    return pledgeable(ctx.session, ctx.contact().association_id)


def _line(ctx: Context, proposal: Proposal) -> Option:
    need, voice = proposal.need, ctx.voice
    about = (voice.write(need.sector), ctx.place(need.association.commune))
    return Option(need.reference, f"{need.reference} {voice.say('phrase.joint').join(about)}")


def _seen(ctx: Context, reference: str) -> dict[str, Any]:
    need = need_by_reference(ctx.session, reference)
    assert need  # noqa: S101  # needs are never deleted, and this one was on the screen
    return {
        "reference": reference,
        "sector": need.sector.value,
        "douar": need.association.douar,
        "commune": ctx.place(need.association.commune),
        "households": need.households,
        "cost": need.cost,
        "share": need.village_share,
        "title": need.title,
        "state": need.state.value,
        "source": words(ctx.voice, {"source": need_source(need)})["source"],
    }


def _spoken(seen: dict[str, Any]) -> dict[str, Any]:
    money = {"cost": Money(seen["cost"]), "share": Money(seen["share"])}
    return {**seen, **money, "sector": Sector(seen["sector"]), "state": NeedState(seen["state"])}


def _answers(ctx: Context) -> list[Option]:
    return [Option(answer, ctx.voice.say(f"proposal.{answer}")) for answer in ("yes", "no")]


def _reasons(ctx: Context) -> list[Option]:
    return [Option(reason, ctx.voice.say(f"proposal.reason.{reason}")) for reason in REASONS]


def _usual_currency(ctx: Context) -> str:
    home = ctx.contact().association.country == HOME_REGION
    return (Currency.MAD if home else Currency.EUR).value
