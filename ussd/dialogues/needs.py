"""Reporting a need, in the short form or with details, and seeing what became of one's needs and why they wait."""

from collections.abc import Collection, Generator, Mapping
from dataclasses import replace
from datetime import datetime
from enum import EnumType
from typing import Any

from service.domain.money import Money
from service.domain.needs import Agreement, CostBasis, Funder, LandStatus, WaterRight
from service.domain.roles import OFFICERS
from service.domain.sectors import Sector
from service.domain.states import AssociationState, NeedState, ProposalState
from service.messaging.phrases import Phrase, words
from service.messaging.sources import report_source
from service.models.needs import Need, need_by_reference, needs_of
from service.models.progress import ProgressReport, latest_report, shown_to
from service.models.proposals import Proposal
from service.usecases.needs import Details, add_details, declare_need
from ussd.dialogues.context import Context
from ussd.dialogues.partners import answer_interest
from ussd.engine.dialogue import Step, Talk, dialogue, reading
from ussd.engine.prompts import Choice, End, Enter, Option, Prompt, Recall, Review, Show
from ussd.engine.typed import Amount, Number, Text

FEWEST_HOUSEHOLDS, MOST_HOUSEHOLDS = 1, 20_000
# Whole dirhams: below, nothing needs a partner abroad; above, no association of emigrants carries it.
LOWEST_COST, HIGHEST_COST = 1_000, 50_000_000
LOWEST_SHARE = 100
MOST_PEOPLE = 200_000

SECTOR = Choice("need.sector", Sector)
HOUSEHOLDS = Number("need.households", low=FEWEST_HOUSEHOLDS, high=MOST_HOUSEHOLDS)
COST = Amount("need.cost", low=LOWEST_COST, high=HIGHEST_COST)
TITLE = Text("need.title", longest=40)
# What one line of an SMS may say, in this order.
FORM = (SECTOR, HOUSEHOLDS, COST, TITLE)

SKIP = "need.skip"
# What may be added, by the field of `Details` that it fills; a share is at most what is left of the village's.
MORE: Mapping[str, Prompt] = {
    "permanent_population": Number("need.people", high=MOST_PEOPLE, none=SKIP),
    "summer_population": Number("need.people.summer", high=MOST_PEOPLE, none=SKIP),
    "cost_basis": Choice("need.basis", CostBasis, none=SKIP),
    "share_cash": Amount("need.cash", none=SKIP),
    "share_labour": Amount("need.cash.labour", none=SKIP),
    "share_materials": Amount("need.cash.materials", none=SKIP),
    "share_land": Amount("need.cash.land", none=SKIP),
    "funder_asked": Choice("need.funder", Funder, none=SKIP),
    "commune_agreement": Choice("need.agreement", Agreement, none=SKIP),
    "land_status": Choice("need.land", LandStatus, none=SKIP),
    "water_right": Choice("need.water", WaterRight, none=SKIP),
}
SHARES = tuple(field for field, prompt in MORE.items() if isinstance(prompt, Amount))
OF_WATER = frozenset({Sector.WATER, Sector.IRRIGATION, Sector.SANITATION})


@dialogue("need.report", draft=True)
def report_need(ctx: Context) -> Talk:
    """Sector, households, cost, the village's share, a few words, details if wanted; then it is written."""
    sector = yield SECTOR
    households = yield HOUSEHOLDS
    cost, _ = yield COST
    share, _ = yield Amount("need.share", low=LOWEST_SHARE, high=cost, none="need.share.nothing")
    title = yield TITLE
    answer = yield Review(
        "need.review",
        lines=("need.sector", "need.households", "need.cost", "need.share", "need.title"),
        also="need.review.more",
        values={
            "sector": Sector(sector),
            "households": households,
            "cost": Money.of(cost),
            "share": Money.of(share),
            "title": title,
        },
    )
    details = (yield from _details(ctx, _to_ask(Sector(sector), share), share)) if answer == "also" else None
    reference = declare_need(
        ctx.facts,
        ctx.now,
        officer=ctx.officer(),
        sector=Sector(sector),
        households=households,
        cost=Money.of(cost),
        village_share=Money.of(share),
        title=title,
        details=details,
    )
    return End("need.saved", {"reference": reference})


def _to_ask(sector: Sector, left: int, said: Collection[str] = ()) -> list[str]:
    """Return what may still be said; `left` is what of the village's share, in dirhams, nobody has told apart."""
    beside_the_point = {*(() if left else SHARES), *(() if sector in OF_WATER else ("water_right",))}
    return [field for field in MORE if field not in said and field not in beside_the_point]


def _details(ctx: Context, fields: Collection[str], left: int) -> Generator[Step, Any, Details]:
    """Ask each, let it be reviewed, and return what was said."""
    said: dict[str, Any] = {}
    asked: list[str] = []
    for field in fields:
        prompt = MORE[field]
        if isinstance(prompt, Amount):
            prompt = replace(prompt, high=left)
            if not left:
                continue
        answer = yield prompt
        asked.append(prompt.key)
        said[field] = _meant(prompt, answer)
        left -= said[field].major if isinstance(said[field], Money) else 0
    details = Details(**said)
    # What is asked because of another line is asked again with it.
    lines = [key for key in asked if not any(key.startswith(f"{other}.") for other in asked)]
    yield Review("need.details", lines=lines, values={"said": _summary(ctx, details)})
    return details


def _meant(prompt: Prompt, answer: Any) -> Any:
    match prompt:
        case Amount():
            return Money.of(answer[0]) if answer[0] else None
        case Choice(choices=EnumType() as kind):
            return kind(answer) if answer else None
        case _:
            return answer or None


def _summary(ctx: Context, details: Details) -> str:
    """Return what was said in few letters, for it may be a lot: the numbers, then the words."""
    say, joint = ctx.voice.say, ctx.voice.say("phrase.joint")
    people = {"permanent": details.permanent_population, "summer": details.summer_population}
    shares = [getattr(details, field) for field in SHARES]
    parts = "+".join(ctx.voice.write(share.major if share else 0) for share in shares)
    chosen = {"funder": details.funder_asked, "agreement": details.commune_agreement}
    places = {"land": details.land_status, "water": details.water_right}
    lines = [
        joint.join(say(f"need.details.{which}", people=number) for which, number in people.items() if number),
        say("need.details.shares", parts=parts) if any(shares) else "",
        ctx.voice.write(details.cost_basis) if details.cost_basis else "",
        *(
            joint.join(say(f"need.details.{which}", word=word) for which, word in some.items() if word)
            for some in (chosen, places)
        ),
    ]
    return "\n".join(line for line in lines if line) or say("need.details.nothing")


@dialogue("need.mine", version=2)
def my_needs(ctx: Context) -> Talk:
    """Show the association's needs, the newest first, where each stands and why it waits; let officers add to one."""
    some = yield Recall("needs", lambda: bool(needs_of(ctx.session, ctx.officer().association_id, limit=1)))
    if not some:
        return (yield from reading(Show("need.none")))
    chosen = yield Choice("need.mine", lambda: _needs(ctx))
    seen = yield Recall("need", lambda: _seen(ctx, chosen))
    values = _spoken(ctx, seen)
    if not seen["may"]:
        return (yield from reading(Show("need.seen", values=values)))
    wanted = yield Choice("need.seen", lambda: _lines(ctx, seen["may"]), values=values)
    if wanted == "answer":
        return (yield from answer_interest(ctx))
    yield Enter("need.complete", version=1, draft=True)
    details = yield from _details(ctx, seen["missing"], seen["left"])
    add_details(ctx.facts, ctx.now, officer=ctx.officer(), reference=chosen, details=details)
    return End("need.completed", {"reference": chosen})


def _needs(ctx: Context) -> list[Option]:
    return [_line(ctx, need) for need in needs_of(ctx.session, ctx.officer().association_id)]


def _line(ctx: Context, need: Need) -> Option:
    return Option(need.reference, f"{need.reference} {ctx.voice.write(need.sector)}")


def _lines(ctx: Context, may: Collection[str]) -> list[Option]:
    return [Option(one, ctx.voice.say(f"need.seen.{one}")) for one in may]


def _seen(ctx: Context, reference: str) -> dict[str, Any]:
    need = need_by_reference(ctx.session, reference)
    assert need  # noqa: S101  # needs are never deleted, and this one was on the screen
    why = _why(need, shown_to(ctx.session, need.id))
    said = [field for field in MORE if need.details and getattr(need.details, field) is not None]
    left = Money(need.village_share - sum(getattr(need.details, one) for one in SHARES if one in said)).major
    missing = _to_ask(need.sector, left, said)
    report = latest_report(ctx.session, need.id)
    return {
        "reference": need.reference,
        "sector": need.sector.value,
        "households": need.households,
        "cost": need.cost,
        "title": need.title,
        "why": why,
        "progress": _progress(ctx, report) if report else "",
        "missing": missing,
        "left": left,
        "may": _may(ctx, why["what"], bool(missing)),
    }


def _progress(ctx: Context, report: ProgressReport) -> str:
    """Return how far the works are, and who says so since when."""
    said = {"stage": report.reached, "percent": report.percent, "source": report_source(report)}
    return words(ctx.voice, {"said": Phrase("need.progress", said)})["said"]


def _may(ctx: Context, why: str, missing: bool) -> list[str]:  # noqa: FBT001  # one of two that decide
    caller = ctx.caller()
    if caller["role"] not in OFFICERS or why in {"rejected", "turned_away"}:
        return []
    answers = ["answer"] if why == "interested" and caller["sms"] == "on" else []
    return [*answers, *(["complete"] if missing else [])]


def _why(need: Need, shown: Collection[Proposal]) -> dict[str, Any]:
    """Return where a need stands and whom it waits for: `what`, and the values of its text."""
    standing = need.association.state
    if need.state is NeedState.REJECTED:
        return {"what": "rejected", "reason": need.state_reason}
    if standing is not AssociationState.VERIFIED:
        return {"what": "turned_away" if standing is AssociationState.REJECTED else "unverified"}
    if need.state is NeedState.REPORTED:
        return {"what": "reported", "since": need.reported_at.isoformat()}
    return _answered(need, shown)


def _answered(need: Need, shown: Collection[Proposal]) -> dict[str, Any]:
    """Return what the associations that were shown a need made of it; what waits for the village comes first."""
    names = {state: [one.diaspora.name for one in shown if one.state is state] for state in ProposalState}
    if interested := names[ProposalState.INTERESTED]:
        return {"what": "interested", "diaspora": interested[0]}
    if partners := names[ProposalState.INTRODUCED]:
        return {"what": "introduced", "partners": partners}
    since = [one.proposed_at for one in shown if one.state is ProposalState.PROPOSED]
    if since:
        return {"what": "proposed", "count": len(since), "since": min(since).isoformat()}
    return {"what": "unasked" if need.unasked and shown else "verified"}


def _spoken(ctx: Context, seen: dict[str, Any]) -> dict[str, object]:
    why = dict(seen["why"])
    if "since" in why:
        why["since"] = datetime.fromisoformat(why["since"])
    if "partners" in why:
        why["partners"] = ctx.voice.say("phrase.joint").join(why["partners"])
    state = ctx.voice.say(f"need.state.{why.pop('what')}", **why)
    if seen["progress"]:
        state += f"\n{seen['progress']}"
    return {**seen, "sector": Sector(seen["sector"]), "cost": Money(seen["cost"]), "state": state}
