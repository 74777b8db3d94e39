"""People who come, go, hand over, and want to hear nothing more."""

from hypothesis import strategies as st
from hypothesis.stateful import rule

from service.domain.roles import ChangeKind, OfficerRole
from service.usecases.leaving import forget
from service.usecases.officers import agree_to_change, ask_change, join_association, refuse_change
from service.usecases.phones import start, stop
from tests.service.usecases.partnership.stage import (
    ANYBODY,
    CODE,
    OFFICER,
    PEPPER,
    PICK,
    SELDOM,
    SPARE,
    VILLAGE,
    Stage,
    has,
    officer,
)

LEAVING = {ChangeKind.REMOVE, ChangeKind.HAND_OVER}
COMING = {ChangeKind.ADD, ChangeKind.HAND_OVER}


class People(Stage):
    """Officers who change, phones that are handed over, persons who are forgotten."""

    @rule(who=OFFICER, kind=st.sampled_from(ChangeKind), pick=PICK, phone=st.sampled_from((*SPARE, *VILLAGE)))
    def asks_for_a_change(self, who: str, kind: ChangeKind, pick: int, phone: str) -> None:
        """Ask to add, remove, replace an officer, or to choose one's PIN anew."""
        leaves, comes = kind in LEAVING, kind in COMING
        about = self.number("officers", pick, left_at=None) if leaves else None
        self.does(
            f"asked {kind}",
            lambda session, now: ask_change(
                session,
                now,
                officer=officer(session, who),
                kind=kind,
                role=OfficerRole.TREASURER if kind is ChangeKind.ADD else None,
                phone=phone if comes else None,
                about=about,
                dial=CODE,
                pepper=PEPPER,
            ),
        )

    @has("officer_changes")
    @rule(who=OFFICER, pick=PICK, agrees=st.integers(0, 3))
    def answers_a_change(self, who: str, pick: int, agrees: int) -> None:
        """Agree to a change, or not."""
        change = self.number("officer_changes", pick)
        if not change:
            return
        if agrees:
            self.does(
                "change agreed",
                lambda session, now: agree_to_change(
                    session, now, officer=officer(session, who), change_id=change, dial=CODE, pepper=PEPPER
                ),
            )
        else:
            self.does(
                "change refused",
                lambda session, now: refuse_change(session, now, officer=officer(session, who), change_id=change),
            )

    @has("officer_changes")
    @rule(who=st.sampled_from((*SPARE, *VILLAGE)), pick=PICK)
    def joins(self, who: str, pick: int) -> None:
        """Join with an invitation, whose code is not the matter here."""
        change = self.number("officer_changes", pick, phone=who)
        if change:
            self.does("joined", lambda session, now: join_association(session, now, phone=who, change_id=change))

    @rule(who=ANYBODY, sure=SELDOM)
    def leaves(self, who: str, sure: int) -> None:
        """Leave and be forgotten; few who think of it do."""
        if not sure:
            self.does("forgotten", lambda session, now: forget(session, now, phone=who))

    @rule(who=ANYBODY, channel=st.sampled_from(("sms", "ussd")), sure=SELDOM)
    def wants_to_hear_nothing(self, who: str, channel: str, sure: int) -> None:
        """Say STOP."""
        if not sure:
            self.does("stopped", lambda session, now: stop(session, now, who, channel))

    @rule(who=ANYBODY)
    def wants_to_hear_again(self, who: str) -> None:
        """Say START, as one who is there."""
        if who in self.seen.present():
            self.does("started", lambda session, now: start(session, now, who, "ussd"))
