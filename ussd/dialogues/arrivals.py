"""What arrives in a village: one officer says so, a second person counts it too."""

from datetime import datetime
from typing import Any

from service.domain.money import Currency, Money
from service.domain.roles import OfficerRole
from service.models.contributions import Arrival, contributions_of, uncounted_by
from service.models.needs import need_by_reference, projects_of
from service.usecases.arrivals import count_arrival, declare_arrival
from service.usecases.contributions import giver_of
from ussd.dialogues.context import Context
from ussd.dialogues.pins import proven
from ussd.dialogues.progress import which_project
from ussd.engine.dialogue import Talk, dialogue
from ussd.engine.prompts import Choice, End, Option, Recall, Review
from ussd.engine.typed import Amount

ARRIVED = Amount("arrival.amount", currencies=tuple(Currency))


@dialogue("arrival.declare", draft=True)
def report_arrival(ctx: Context) -> Talk:
    """Which project, from whom and how much; then a proof, and the others are asked to count it too."""
    reference = yield from which_project(ctx, lambda: projects_of(ctx.session, ctx.officer().association_id))
    if not reference:
        return End("plan.none")
    lines = yield Recall("arrival.lines", lambda: _givers(ctx, reference))
    chosen = yield Choice("arrival.from", lambda: [Option(str(number), giver) for number, giver in lines])
    giver = next(giver for number, giver in lines if str(number) == chosen)
    amount, currency = yield ARRIVED
    arrived = Money.of(amount, Currency(currency))
    said = {"reference": reference, "amount": arrived, "giver": giver}
    yield Review("arrival.review", lines=("arrival.from", "arrival.amount"), values=said)
    if refused := (yield from proven(ctx, "arrival", **said)):
        return refused
    arrival = declare_arrival(
        ctx.facts,
        ctx.now,
        officer=ctx.officer(),
        reference=reference,
        contribution_id=int(chosen),
        amount=arrived,
        code=ctx.settings.ussd_code,
    )
    alone = arrival.need.association.active_officers == [arrival.declarer]
    return End("arrival.saved.alone" if alone else "arrival.saved", said)


@dialogue("arrival.count")
def count(ctx: Context) -> Talk:
    """Which arrival (when several wait), and how much this person counted; then a proof."""
    waiting = yield Recall(
        "arrivals", lambda: [_kept(ctx, arrival) for arrival in uncounted_by(ctx.session, ctx.officer())]
    )
    if not waiting:
        return End("arrival.count.none")
    seen = waiting[0]
    if len(waiting) > 1:
        lines = [Option(str(one["id"]), f"{one['reference']} {ctx.voice.write(_amount(one))}") for one in waiting]
        chosen = yield Choice("arrival.count.which", lambda: lines)
        seen = next(one for one in waiting if str(one["id"]) == chosen)
    declared = _amount(seen)
    values = {**seen, "amount": declared, "role": OfficerRole(seen["role"]), "day": datetime.fromisoformat(seen["day"])}
    answer = yield Choice("arrival.count", lambda: _answers(ctx), values=values)
    counted = declared
    if answer == "differs":
        typed = Amount("arrival.count.other", none="arrival.count.other.nothing", currencies=(declared.currency,))
        amount, _ = yield typed
        counted = Money.of(amount, declared.currency)
    if refused := (yield from proven(ctx, "count", reference=seen["reference"], amount=counted)):
        return refused
    count_arrival(ctx.facts, ctx.now, officer=ctx.officer(), arrival_id=seen["id"], counted=counted)
    return End("arrival.counted" if counted == declared else "arrival.different", {"reference": seen["reference"]})


def _givers(ctx: Context, reference: str) -> list[tuple[int, str]]:
    need = need_by_reference(ctx.session, reference)
    lines = contributions_of(ctx.session, need.id) if need else []
    # What is still to come stands first.
    expected = sorted(lines, key=lambda line: line.columns.outstanding <= 0)
    return [(line.id, ctx.voice.write(giver_of(line))) for line in expected]


def _kept(ctx: Context, arrival: Arrival) -> dict[str, Any]:
    return {
        "id": arrival.id,
        "reference": arrival.need.reference,
        "minor": arrival.minor,
        "currency": arrival.currency.value,
        "giver": ctx.voice.write(giver_of(arrival.contribution)),
        "role": arrival.declarer.role.value,
        "day": arrival.declared_at.isoformat(),
    }


def _amount(kept: dict[str, Any]) -> Money:
    return Money(kept["minor"], Currency(kept["currency"]))


def _answers(ctx: Context) -> list[Option]:
    return [Option(answer, ctx.voice.say(f"arrival.count.{answer}")) for answer in ("same", "differs")]
