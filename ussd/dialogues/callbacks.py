"""Asking to be called back."""

from datetime import datetime

from service.locales import Language
from service.models.callbacks import Callback
from service.usecases.callbacks import PROMISED, ask_callback
from service.usecases.phones import know_phone, start
from ussd.dialogues.context import Context
from ussd.engine.dialogue import Talk, dialogue
from ussd.engine.prompts import Choice, End, Option, Recall


@dialogue("callback")
def call_me(ctx: Context) -> Talk:
    """Ask once whether to call this number; a newcomer's language and consent are kept with it."""
    newcomer = yield Recall("callback.newcomer", lambda: ctx.caller()["kind"] == "unknown")
    answer = yield Choice("callback.ask", lambda: _answers(ctx), values={"number": _short(ctx.phone)})
    if answer == "no":
        return End("callback.no.done")
    if newcomer:
        know_phone(ctx.facts, ctx.now, ctx.phone, Language(ctx.language))
        # Who agrees now wants to be written to, whatever the number said before.
        start(ctx.facts, ctx.now, ctx.phone, ctx.channel)
    return _end(ask_callback(ctx.facts, ctx.now, phone=ctx.phone, channel=ctx.channel), ctx.now)


def _answers(ctx: Context) -> list[Option]:
    return [Option(answer, ctx.voice.say(f"callback.{answer}")) for answer in ("yes", "no")]


def _short(phone: str) -> str:
    # Who holds the phone knows the rest, and the screen is kept for a while.
    return f"{phone[:4]}...{phone[-2:]}"


def _end(callback: Callback, now: datetime) -> End:
    by = callback.asked_at + PROMISED
    # Asked again after a promise that was not kept, none is made again.
    return End("callback.yes.done", {"day": by.date()}) if by > now else End("callback.late", {"day": by.date()})
