"""What stops a project: one side does not agree with the other, or gives up."""

from service.domain.projects import Grievance, Withdrawal
from service.models.associations import Officer
from service.usecases.disputes import dispute
from service.usecases.withdrawals import withdraw_partner, withdraw_project
from ussd.dialogues.context import Context
from ussd.dialogues.reasons import give_reason
from ussd.engine.dialogue import Talk, dialogue


@dialogue("project.dispute")
def disagree(ctx: Context) -> Talk:
    """Say what is not right; a coordinator settles it."""
    return (
        yield from give_reason(
            ctx,
            "dispute",
            Grievance,
            lambda why: dispute(ctx.facts, ctx.now, who=ctx.person(), reference=ctx.project, reason=why),
        )
    )


@dialogue("project.withdraw")
def withdraw(ctx: Context) -> Talk:
    """Why the village gives its project up, or a partner its part in it; the other side is told."""
    return (yield from give_reason(ctx, "withdraw", Withdrawal, lambda why: _give_up(ctx, why)))


def _give_up(ctx: Context, why: Withdrawal) -> None:
    session, who = ctx.facts, ctx.person()
    if isinstance(who, Officer):
        withdraw_project(session, ctx.now, officer=who, reference=ctx.project, reason=why)
    else:
        withdraw_partner(session, ctx.now, contact=who, reference=ctx.project, reason=why)
