"""Silence: who owes word of a project is asked for it."""

from datetime import timedelta

from service.container import Container
from service.models.session import reading, transaction
from service.usecases.followups import ask_how_it_is, due_follow_ups
from service.usecases.silence import ask_for_report, silent_projects


def break_silence(container: Container) -> str:
    """Ask villages for reports, and how works are a year after; returns how many steps were taken."""
    settings, now = container.settings, container.clock()
    days, step, code = settings.silence_days, timedelta(days=settings.silence_step_days), settings.ussd_code
    with reading(container.engine) as session:
        silent, due = silent_projects(session, now, days), due_follow_ups(session, now)
    taken = 0
    # A transaction each: a project is locked while its village reports.
    for need_id in silent:
        with transaction(container.engine) as session:
            taken += bool(ask_for_report(session, now, need_id=need_id, days=days, step=step, code=code))
    for need_id in due:
        with transaction(container.engine) as session:
            taken += bool(ask_how_it_is(session, now, need_id=need_id, step=step, code=code))
    return f"{taken} asked"
