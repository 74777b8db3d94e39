"""Saying why: what both sides of a project may do against its course, each with a reason and a proof."""

from collections.abc import Callable
from enum import StrEnum
from typing import TypeVar

from ussd.dialogues.context import Context
from ussd.dialogues.pins import proven
from ussd.engine.dialogue import Talk
from ussd.engine.prompts import Choice, End

Reason = TypeVar("Reason", bound=StrEnum)


def give_reason(ctx: Context, deed: str, reasons: type[Reason], act: Callable[[Reason], object]) -> Talk:
    """Ask `project.<deed>`, one of `reasons`; then a proof, and `act` with the reason."""
    said = {"reference": ctx.project}
    reason = reasons((yield Choice(f"project.{deed}", reasons, values=said)))
    if refused := (yield from proven(ctx, deed, **said, reason=reason)):
        return refused
    act(reason)
    return End(f"project.{deed}.done", {**said, "reason": reason})
