"""What stops a project: one side does not agree with the other, or gives up."""

from service.domain.projects import Grievance, Withdrawal
from service.models.associations import Officer
from service.usecases.disputes import dispute
from service.usecases.withdrawals import withdraw_partner, withdraw_project
from ussd.dialogues.context import Context
from ussd.dialogues.pins import proven
from ussd.engine.dialogue import Talk, dialogue
from ussd.engine.prompts import Choice, End


@dialogue("project.dispute")
def disagree(ctx: Context) -> Talk:
    """Say what is not right; a coordinator settles it."""
    reason = Grievance((yield Choice("project.dispute", Grievance)))
    said = {"reference": ctx.project, "reason": reason}
    if refused := (yield from proven(ctx, "dispute", **said)):
        return refused
    dispute(ctx.facts, ctx.now, who=ctx.person(), reference=ctx.project, reason=reason)
    return End("project.dispute.done", said)


@dialogue("project.withdraw")
def withdraw(ctx: Context) -> Talk:
    """Why the village gives its project up, or a partner its part in it; the other side is told."""
    reason = Withdrawal((yield Choice("project.withdraw", Withdrawal, values={"reference": ctx.project})))
    said = {"reference": ctx.project, "reason": reason}
    if refused := (yield from proven(ctx, "withdraw", **said)):
        return refused
    who = ctx.person()
    if isinstance(who, Officer):
        withdraw_project(ctx.facts, ctx.now, officer=who, reference=ctx.project, reason=reason)
    else:
        withdraw_partner(ctx.facts, ctx.now, contact=who, reference=ctx.project, reason=reason)
    return End("project.withdraw.done", said)
