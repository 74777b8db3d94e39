"""A project's life: handed over, disputed, withdrawn, taken up; paused, silent, and asked after a year."""

from datetime import datetime, timedelta

from hypothesis import strategies as st
from hypothesis.stateful import rule
from sqlalchemy.orm import Session

from service.domain.projects import RULES, Condition, Grievance, ProjectMove, Withdrawal
from service.models.associations import Officer
from service.models.diaspora import Contact
from service.usecases.disputes import decide_project, dispute
from service.usecases.followups import answer_follow_up, ask_how_it_is, due_follow_ups
from service.usecases.silence import ask_for_report, pause_reports, silent_projects
from service.usecases.withdrawals import withdraw_partner, withdraw_project
from service.usecases.works import hand_over, reopen_works
from tests.service.usecases.partnership.stage import (
    ABROAD,
    ANYBODY,
    CODE,
    CONTACT,
    COORDINATOR,
    OFFICER,
    SELDOM,
    Stage,
    contact,
    has,
    officer,
)

SILENT_DAYS, STEP = 30, timedelta(days=7)


def person(session: Session, phone: str) -> Officer | Contact:
    """Return who speaks from this phone, of either side."""
    return contact(session, phone) if phone in ABROAD else officer(session, phone)


class Living(Stage):
    """What may be done with a project, by those who may and those who may not."""

    @has("projects")
    @rule(who=OFFICER)
    def hands_over(self, who: str) -> None:
        """Hand the works over."""
        self.does(
            "handed over",
            lambda session, now: hand_over(
                session, now, officer=officer(session, who), reference=self.reference, code=CODE
            ),
        )

    @has("projects")
    @rule(who=ANYBODY, reason=st.sampled_from(Grievance))
    def reopens(self, who: str, reason: Grievance) -> None:
        """Say that the works are not right."""
        self.does(
            "reopened",
            lambda session, now: reopen_works(
                session, now, who=person(session, who), reference=self.reference, reason=reason
            ),
        )

    @has("projects")
    @rule(who=ANYBODY, reason=st.sampled_from(Grievance), sure=SELDOM)
    def disputes_the_project(self, who: str, reason: Grievance, sure: int) -> None:
        """Disagree."""
        if not sure:
            self.does(
                "disputed",
                lambda session, now: dispute(
                    session, now, who=person(session, who), reference=self.reference, reason=reason
                ),
            )

    @has("projects")
    @rule(who=OFFICER, reason=st.sampled_from(Withdrawal), sure=SELDOM)
    def gives_up(self, who: str, reason: Withdrawal, sure: int) -> None:
        """Give the project up, as its village."""
        if not sure:
            self.does(
                "village withdrew",
                lambda session, now: withdraw_project(
                    session, now, officer=officer(session, who), reference=self.reference, reason=reason
                ),
            )

    @has("projects")
    @rule(who=CONTACT, reason=st.sampled_from(Withdrawal), sure=SELDOM)
    def leaves_the_project(self, who: str, reason: Withdrawal, sure: int) -> None:
        """Leave the project, as a partner."""
        if not sure:
            self.does(
                "partner withdrew",
                lambda session, now: withdraw_partner(
                    session, now, contact=contact(session, who), reference=self.reference, reason=reason
                ),
            )

    @has("projects")
    @rule(move=st.sampled_from([move for move in ProjectMove if move is not ProjectMove.AGREE_PLAN]))
    def decides(self, move: ProjectMove) -> None:
        """Move the project, as a coordinator."""
        self.does(
            f"decided {move}",
            lambda session, now: decide_project(
                session,
                now,
                actor=COORDINATOR,
                need_id=self.need,
                move=move,
                reason="..." if RULES[move].reason else "",
                code=CODE,
            ),
        )

    @has("projects")
    @rule(who=OFFICER, condition=st.sampled_from(Condition))
    def answers_a_year_later(self, who: str, condition: Condition) -> None:
        """Say how it is."""
        self.does(
            "follow-up answered",
            lambda session, now: answer_follow_up(
                session, now, officer=officer(session, who), reference=self.reference, condition=condition
            ),
        )

    @has("projects")
    @rule(who=OFFICER, weeks=st.sampled_from([0, 2, 12]))
    def pauses(self, who: str, weeks: int) -> None:
        """Let reports wait, or be expected again."""
        self.does(
            "paused" if weeks else "resumed",
            lambda session, now: pause_reports(
                session,
                now,
                officer=officer(session, who),
                reference=self.reference,
                until=now.date() + timedelta(weeks=weeks) if weeks else None,
            ),
        )

    @has("projects")
    @rule(days=st.sampled_from([0, 8, 31, 370]), twice=st.booleans())
    def nobody_says_a_word(self, days: int, twice: bool) -> None:  # noqa: FBT001  # drawn by Hypothesis
        """Let days pass in silence, and the job look; perhaps twice at once."""
        self.clock.move(days=days)
        for _ in range(2 if twice else 1):
            self.does("silence", self._breaks_silence)

    def _breaks_silence(self, session: Session, now: datetime) -> None:
        for need in silent_projects(session, now, SILENT_DAYS):
            ask_for_report(session, now, need_id=need, days=SILENT_DAYS, step=STEP, code=CODE)
        for need in due_follow_ups(session, now):
            ask_how_it_is(session, now, need_id=need, step=STEP, code=CODE)
