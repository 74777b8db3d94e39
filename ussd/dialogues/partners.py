"""Answering a diaspora association that is interested."""

from service.messaging.phrases import Country, words
from service.models.proposals import Proposal, waiting_interests
from service.usecases.proposals import accept_interest, refuse_interest
from ussd.dialogues.context import Context
from ussd.dialogues.pins import proven
from ussd.engine.dialogue import Talk, dialogue
from ussd.engine.prompts import Choice, End, Option, Recall


@dialogue("interest.answer")
def answer_interest(ctx: Context) -> Talk:
    """Which interest (when several wait), what it is, and the village's yes or no."""
    waiting = yield Recall("interests", lambda: [_seen(interest) for interest in _interests(ctx)])
    chosen = waiting[0] if waiting else None
    if len(waiting) > 1:
        number = yield Choice("interest.which", lambda: [_line(seen) for seen in waiting])
        chosen = next(seen for seen in waiting if str(seen["id"]) == number)
    if not chosen:
        return End("interest.none")
    answer = yield Choice("interest.ask", lambda: _answers(ctx), values=_spoken(ctx, chosen))
    if answer == "accept" and (refused := (yield from proven(ctx, "accept", **chosen))):
        return refused
    decide = accept_interest if answer == "accept" else refuse_interest
    decide(ctx.facts, ctx.now, officer=ctx.officer(), proposal_id=int(chosen["id"]))
    return End(f"interest.{answer}.done", chosen)


def _interests(ctx: Context) -> list[Proposal]:
    return waiting_interests(ctx.session, ctx.officer().association_id)


def _seen(interest: Proposal) -> dict[str, str | int]:
    diaspora = interest.diaspora
    return {
        "id": interest.id,
        "diaspora": diaspora.name,
        "city": diaspora.city,
        "country": diaspora.country,
        "reference": interest.need.reference,
    }


def _spoken(ctx: Context, seen: dict[str, str | int]) -> dict[str, object]:
    return {**seen, **words(ctx.voice, {"country": Country(str(seen["country"]))})}


def _line(seen: dict[str, str | int]) -> Option:
    return Option(str(seen["id"]), f"{seen['diaspora']} {seen['reference']}")


def _answers(ctx: Context) -> list[Option]:
    return [Option(answer, ctx.voice.say(f"interest.{answer}")) for answer in ("accept", "refuse")]
