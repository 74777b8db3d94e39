"""Reporting a need in the short form, and seeing what became of one's needs."""

from service.domain.money import Money
from service.domain.sectors import Sector
from service.models.needs import Need, need_by_reference, needs_of
from service.usecases.needs import declare_need
from ussd.dialogues.context import Context
from ussd.engine.dialogue import Talk, dialogue, reading
from ussd.engine.prompts import Choice, End, Number, Option, Recall, Review, Show, Text

FEWEST_HOUSEHOLDS, MOST_HOUSEHOLDS = 1, 20_000
# Whole dirhams: below, nothing needs a partner abroad; above, no association of emigrants carries it.
LOWEST_COST, HIGHEST_COST = 1_000, 50_000_000
LOWEST_SHARE = 100


@dialogue("need.report", draft=True)
def report_need(ctx: Context) -> Talk:
    """Sector, households, cost, the village's share, a few words; written only after the last question."""
    sector = yield Choice("need.sector", Sector)
    households = yield Number("need.households", low=FEWEST_HOUSEHOLDS, high=MOST_HOUSEHOLDS)
    cost = yield Number("need.cost", low=LOWEST_COST, high=HIGHEST_COST)
    share = yield Number("need.share", low=LOWEST_SHARE, high=cost, nothing="need.share.nothing")
    title = yield Text("need.title", longest=40)
    yield Review(
        "need.review",
        lines=("need.sector", "need.households", "need.cost", "need.share", "need.title"),
        values={
            "sector": Sector(sector),
            "households": households,
            "cost": Money.of(cost),
            "share": Money.of(share),
            "title": title,
        },
    )
    need = declare_need(
        ctx.facts,
        ctx.now,
        officer=ctx.officer(),
        sector=Sector(sector),
        households=households,
        cost=Money.of(cost),
        village_share=Money.of(share),
        title=title,
    )
    return End("need.saved", {"reference": need.reference})


@dialogue("need.mine")
def my_needs(ctx: Context) -> Talk:
    """Show the association's needs, the newest first, and where each stands."""
    some = yield Recall("needs", lambda: bool(needs_of(ctx.session, ctx.officer().association_id, limit=1)))
    if not some:
        return (yield from reading(Show("need.none")))
    chosen = yield Choice("need.mine", lambda: _needs(ctx))
    seen = yield Recall("need", lambda: _seen(ctx, chosen))
    return (yield from reading(Show("need.seen", values=_spoken(ctx, seen))))


def _needs(ctx: Context) -> list[Option]:
    return [_line(ctx, need) for need in needs_of(ctx.session, ctx.officer().association_id)]


def _line(ctx: Context, need: Need) -> Option:
    return Option(need.reference, f"{need.reference} {ctx.voice.write(need.sector)}")


def _seen(ctx: Context, reference: str) -> dict[str, str | int]:
    need = need_by_reference(ctx.session, reference)
    assert need  # noqa: S101  # needs are never deleted, and this one was on the screen
    return {
        "reference": need.reference,
        "sector": need.sector.value,
        "households": need.households,
        "cost": need.cost,
        "state": need.state.value,
        "reason": need.state_reason,
        "title": need.title,
    }


def _spoken(ctx: Context, seen: dict[str, str | int]) -> dict[str, object]:
    state = ctx.voice.say(f"need.state.{seen['state']}", reason=seen["reason"])
    return {**seen, "sector": Sector(str(seen["sector"])), "cost": Money(int(seen["cost"])), "state": state}
