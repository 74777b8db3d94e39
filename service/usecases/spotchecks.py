"""Spot checks: residents are asked whether works are done, and only how many say yes is told."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from service.domain.errors import MoveError, NotFoundError
from service.domain.spotchecks import FEWEST, OPEN_FOR, drawn
from service.messaging.outbox import tell
from service.messaging.phrases import Phrase
from service.models.audit import record
from service.models.needs import Need
from service.models.progress import partner_phones
from service.models.spotchecks import SpotAnswer, SpotCheck, SpotQuestion, candidates, open_checks
from service.models.users import coordinator_phones

ACTOR = "job:spot-checks"
DIALLED = "ussd"


def begin_check(session: Session, now: datetime, need: Need) -> SpotCheck | None:
    """Ask a handful of residents whether the works of a project are done, now that the village says so.

    None while a round is open, or when fewer can be asked than answers are told of.
    """
    if open_checks(session, need.id):
        return None
    asked = drawn(candidates(session, need.association_id), f"{need.reference}:{now.date()}", now)
    if len(asked) < FEWEST:
        return None
    check = SpotCheck(need_id=need.id, asked_at=now, questions=[SpotQuestion(resident_id=one) for one in asked])
    session.add(check)
    session.flush()
    record(session, now, "service", "spot_check.begun", f"need:{need.id}", asked=len(asked))
    for question in check.questions:
        tell(
            session,
            now,
            event=f"spot_question:{question.id}",
            phone=question.resident.phone,
            template="spot_question",
            reference=need.reference,
            douar=need.association.douar,
            question=asking(need),
        )
    return check


def answer_question(
    session: Session, now: datetime, *, phone: str, question_id: int, answer: SpotAnswer, channel: str
) -> SpotQuestion:
    """Keep a resident's answer, and that it came over `channel`; the first one counts. Who said what is in no audit.

    Raises NotFoundError for a question asked at another number, or of who has left; MoveError when it was answered, or
    when the outcome was told.
    """
    # The round first, as whoever concludes it holds it too.
    question = session.get(SpotQuestion, question_id)
    if not question or question.resident.phone != phone or question.resident.left_at:
        raise NotFoundError
    session.refresh(question.check, with_for_update={"of": SpotCheck})
    session.refresh(question)
    if question.answer or question.check.told_at:
        raise MoveError(before=question.answer or "told", after=answer)
    question.answer, question.answered_at, question.channel = answer, now, channel
    return question


def conclude_checks(session: Session, now: datetime) -> int:
    """Tell the outcome of each round that all have answered, or that was open for three days; returns how many."""
    ended = [check for check in open_checks(session) if _is_over(check, now)]
    for check in ended:
        check.told_at = now
        record(session, now, ACTOR, "spot_check.told", f"need:{check.need_id}", **_counted(check))
        _tell_outcome(session, now, check)
    return len(ended)


def asking(need: Need) -> Phrase:
    """Return what residents are asked of a project, *is the water running?*, by its sector."""
    return Phrase(f"spot.{need.sector.value}")


def _is_over(check: SpotCheck, now: datetime) -> bool:
    waiting = [one for one in check.questions if one.answer is None and one.resident.left_at is None]
    return not waiting or check.asked_at <= now - OPEN_FOR


def _counted(check: SpotCheck) -> dict[str, Any]:
    answered = [one for one in check.questions if one.answer]
    yes = sum(one.answer is SpotAnswer.YES for one in answered)
    # The sender of an SMS can be forged, and no code is asked of a resident: how many came so is told with the share.
    by_sms = sum(one.channel != DIALLED for one in answered)
    return {"yes": yes, "answers": len(answered), "by_sms": by_sms}


def _tell_outcome(session: Session, now: datetime, check: SpotCheck) -> None:
    need, counted = check.need, _counted(check)
    village = [officer.phone for officer in need.association.active_officers]
    enough = counted["answers"] >= FEWEST
    for phone in dict.fromkeys([*village, *partner_phones(session, need.id), *coordinator_phones(session)]):
        tell(
            session,
            now,
            event=f"spot_check:{check.id}:told",
            phone=phone,
            template="spot_told" if enough else "spot_few",
            reference=need.reference,
            association=need.association.name,
            question=asking(need),
            source=Phrase("said.residents", {"on": check.asked_at.date()}),
            **(counted if enough else {}),
        )
