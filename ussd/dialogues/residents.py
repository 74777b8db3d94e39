"""Residents: a villager agrees to be asked whether works are done, and says whether they are."""

from collections.abc import Generator
from typing import Any

from service.domain.reference import parse_reference
from service.domain.states import AssociationState
from service.locales import Language
from service.messaging.phrases import words
from service.models.associations import VillageAssociation, verified_in
from service.models.needs import need_by_reference
from service.models.spotchecks import SpotAnswer, SpotQuestion, asked_of
from service.usecases.phones import know_phone
from service.usecases.residents import join_village
from service.usecases.spotchecks import answer_question, asking
from ussd.dialogues.context import Context
from ussd.dialogues.pins import proven
from ussd.dialogues.places import asked_commune
from ussd.engine.dialogue import Step, Talk, dialogue
from ussd.engine.prompts import Answer, Choice, End, MisreadError, Option, Recall
from ussd.engine.typed import Text

Village = dict[str, Any]


class Reference(Text):
    """A reference as people write it, `k7 4q2`; the journal keeps `K7-4Q2`."""

    def understood(self, typed: str) -> Answer:
        """Accept what has the form of one."""
        reference = parse_reference(typed)
        if not reference:
            raise MisreadError("expect.reference")
        return super().understood(reference)


@dialogue("resident.join", draft=True)
def join_as_resident(ctx: Context) -> Talk:
    """Which village, by a project's reference or by its commune, and a consent of its own."""
    reference = yield Reference("resident.reference", none="resident.reference.none")
    if reference:
        village = yield Recall("village", lambda: _village_of(ctx, reference))
        if not village:
            return End("resident.unknown", {"reference": reference})
    else:
        village = yield from _chosen_village(ctx)
    if not village:
        return End("resident.none")
    said = {"name": village["name"], "douar": village["douar"]}
    if (yield Choice("resident.consent", lambda: _consent(ctx), values=said)) == "no":
        return End("consent.refused")
    # A forged SMS would enrol whoever has the number.
    if ctx.channel == "sms" and (refused := (yield from proven(ctx, "resident", **said))):
        return refused
    know_phone(ctx.facts, ctx.now, ctx.phone, Language(ctx.language))
    join_village(ctx.facts, ctx.now, phone=ctx.phone, channel=ctx.channel, association_id=village["id"])
    return End("resident.saved", said)


def _chosen_village(ctx: Context) -> Generator[Step, Any, Village | None]:
    commune = yield from asked_commune(ctx)
    villages = yield Recall("villages", lambda: [_kept(one) for one in verified_in(ctx.session, commune)])
    if not villages:
        return None
    lines = [Option(str(one["id"]), f"{one['douar']}, {one['name']}") for one in villages]
    chosen = yield Choice("resident.which", lambda: lines)
    village: Village = next(one for one in villages if str(one["id"]) == chosen)
    return village


def _village_of(ctx: Context, reference: str) -> Village | None:
    need = need_by_reference(ctx.session, reference)
    verified = need and need.association.state is AssociationState.VERIFIED
    return _kept(need.association) if need and verified else None


def _kept(association: VillageAssociation) -> Village:
    return {"id": association.id, "name": association.name, "douar": association.douar}


@dialogue("spot")
def answer_spot(ctx: Context) -> Talk:
    """Ask whether the works are done: a yes or no, of which the first counts."""
    asked = yield Recall("spot", lambda: next(map(_seen, waiting_questions(ctx)), None))
    if not asked:
        return End("spot.none")
    question = ctx.voice.say(asked["key"])
    answer = yield Choice("spot.ask", lambda: _answers(ctx), values={**asked, "question": question})
    said = SpotAnswer(answer)
    answer_question(ctx.facts, ctx.now, phone=ctx.phone, question_id=asked["id"], answer=said, channel=ctx.channel)
    return End("spot.done")


def waiting_questions(ctx: Context) -> list[SpotQuestion]:
    """Return what this resident was asked and has not answered, the oldest first."""
    return [question for question in asked_of(ctx.session, ctx.phone) if not question.answer]


def said_question(ctx: Context, question: SpotQuestion) -> str:
    """Return what is asked, in the language that is spoken."""
    return words(ctx.voice, {"question": asking(question.check.need)})["question"]


def _seen(question: SpotQuestion) -> dict[str, Any]:
    need = question.check.need
    return {
        "id": question.id,
        "key": asking(need).key,
        "reference": need.reference,
        "douar": need.association.douar,
    }


def _answers(ctx: Context) -> list[Option]:
    return [Option(one.value, ctx.voice.say(f"spot.{one.value}")) for one in SpotAnswer]


def _consent(ctx: Context) -> list[Option]:
    return [Option(answer, ctx.voice.say(f"consent.{answer}")) for answer in ("yes", "no")]
