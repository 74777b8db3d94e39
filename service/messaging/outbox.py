"""The outbox: a message is a row, written in the transaction of the fact that causes it. Nothing is sent here."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy.orm import Session

from service.domain.history import subject_of
from service.domain.kinds import MANNERS, Kind, Pace
from service.domain.states import MessageState
from service.locales import Speaker, speaker
from service.messaging.once import add_once
from service.messaging.phrases import Phrase, words
from service.messaging.receivers import receiver
from service.messaging.segments import fold, measure
from service.messaging.templates import IN_DIGESTS, KINDS
from service.models import Message
from service.models.communes import Commune, Province, Region

STOP_CONFIRMATION = "stopped"
MOST_PARTS = 2
KEPT = 10  # characters of a name that still tell what it is
CUT = 4
WHOLE = "source"  # of what is told; a date that is cut off is none
LONGEST_LINE = 160
GATHERED_LIFE = timedelta(days=8)


def tell(
    session: Session,
    now: datetime,
    *,
    event: str,
    phone: str,
    template: str,
    reply: bool = False,
    count: int | None = None,
    **values: Any,
) -> bool:
    """Queue the text `sms.<template>` for an E.164 number, in its language, in the caller's transaction.

    False when this (event, phone, template) was already told, or when the phone said STOP. `reply` marks an answer to
    what the person has just sent: after STOP only one goes out, the confirmation of STOP itself.
    Values may be enums, money, numbers, phrases and places (see `phrases`); `count` picks the plural form.
    A text of more than two parts has its longest free words shortened until it is two.
    What can be a line of a digest waits for it when that is how often the person wants to hear.
    """
    to = receiver(session, phone)
    if to.stopped_at is not None and not (reply and template == STOP_CONFIRMATION):
        return False
    voice = speaker(to.language)
    text = text_for(voice, template, values, count)
    kind = Kind.REPLY if reply else KINDS[template]
    said: dict[str, Any] = words(voice, values)
    line = fold(voice.say(f"line.{template}", **said))[:LONGEST_LINE] if template in IN_DIGESTS else ""
    gathered = bool(line) and to.pace is not Pace.AT_ONCE
    return (
        _queued(
            session,
            now,
            key=f"{event}|{phone}|{template}",
            subject=None if reply else subject_of(event),
            phone=phone,
            template=template,
            kind=kind,
            language=to.language,
            text=text,
            line=line,
            state=MessageState.GATHERED if gathered else MessageState.QUEUED,
            # A digest is written a week later at most; what it tells is still worth it then.
            life=GATHERED_LIFE if gathered else MANNERS[kind].life,
        )
        is not None
    )


def text_for(voice: Speaker, template: str, values: Mapping[str, Any], count: int | None = None) -> str:
    """Return the text of a template as `tell` sends it in a language."""
    return _fitted(voice, f"sms.{template}", count, words(voice, values), values)


def write(
    session: Session, now: datetime, *, event: str, phone: str, language: str, kind: Kind, template: str, text: str
) -> int | None:
    """Queue, in the caller's transaction, a text that a person wrote for a phone we know; return the message's id.

    None when this (event, phone, template) was already written. Who calls has seen to it that the phone may be written
    to; STOP is looked at again before it is sent.
    """
    return _queued(
        session,
        now,
        key=f"{event}|{phone}|{template}",
        phone=phone,
        template=template,
        kind=kind,
        language=language,
        text=fold(text),
        line="",
        state=MessageState.QUEUED,
        life=MANNERS[kind].life,
    )


def _queued(session: Session, now: datetime, *, kind: Kind, text: str, life: timedelta, **columns: Any) -> int | None:
    added: int | None = add_once(
        session,
        Message,
        unique="key",
        kind=kind,
        priority=MANNERS[kind].priority,
        text=text,
        parts=measure(text).parts,
        attempts=0,
        resent=0,
        cost=0,
        reason="",
        next_at=now,
        expires_at=now + life,
        created_at=now,
        **columns,
    )
    return added


def _fitted(voice: Speaker, key: str, count: int | None, said: dict[str, str], values: Mapping[str, Any]) -> str:
    text = fold(voice.say(key, count=count, **said))
    if measure(text).parts <= MOST_PARTS:
        return text
    long = [name for name in said if len(said[name]) > KEPT and _free(values[name]) and not _number(said[name])]
    if not long:
        return text
    longest = max(long, key=lambda name: len(said[name]))
    return _fitted(voice, key, count, {**said, longest: f"{said[longest][:-CUT].rstrip('. ')}..."}, values)


def _free(value: object) -> bool:
    """Tell names, places and lists, which may be shortened, from what says a thing in few words or who says it when."""
    match value:
        case StrEnum():
            return False
        case str() | Commune() | Province() | Region():
            return True
        case Sequence():
            return not any(isinstance(part, Phrase) and _dated(part) for part in value)
        case _:
            return False


def _dated(phrase: Phrase) -> bool:
    return any(
        isinstance(value, date) or (isinstance(value, Phrase) and _dated(value)) for value in phrase.values.values()
    )


def _number(word: str) -> bool:
    """Tell a phone number, an amount or a code, of which every digit counts, from a name."""
    return sum(map(str.isdigit, word)) >= sum(map(str.isalpha, word))
