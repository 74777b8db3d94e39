"""What brings two associations together, and apart."""

from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import rule

from service.domain.money import Currency, Money
from service.domain.sectors import Urgency
from service.usecases.associations import reject_association, verify_association
from service.usecases.needs import reject_need, verify_need
from service.usecases.pledges import make_pledge
from service.usecases.proposals import (
    accept_interest,
    decline,
    expire_proposals,
    express_interest,
    refuse_interest,
    remind,
)
from tests.service.usecases.partnership.stage import (
    CODE,
    CONTACT,
    COORDINATOR,
    OFFICER,
    PICK,
    SELDOM,
    Stage,
    contact,
    officer,
)

AMOUNT = st.builds(Money, st.sampled_from([1, 999, 500_000, 7_777_777]), st.sampled_from(Currency))
REMIND_AFTER, EXPIRE_AFTER = timedelta(days=3), timedelta(days=14)


class Agreeing(Stage):
    """A yes, a no, a promise; a village that accepts; a coordinator who turns away."""

    @rule(who=CONTACT)
    def says_yes(self, who: str) -> None:
        """Say yes to the need."""
        self.does(
            "yes",
            lambda session, now: express_interest(
                session, now, contact=contact(session, who), reference=self.reference, code=CODE
            ),
        )

    @rule(who=CONTACT)
    def says_no(self, who: str) -> None:
        """Say no."""
        self.does(
            "no",
            lambda session, now: decline(
                session, now, contact=contact(session, who), reference=self.reference, reason="trop cher"
            ),
        )

    @rule(who=OFFICER, pick=PICK)
    def accepts(self, who: str, pick: int) -> None:
        """Accept an association that is interested."""
        proposal = self.number("proposals", pick)
        self.does(
            "accepted",
            lambda session, now: accept_interest(session, now, officer=officer(session, who), proposal_id=proposal),
        )

    @rule(who=OFFICER, pick=PICK)
    def refuses(self, who: str, pick: int) -> None:
        """Refuse one."""
        proposal = self.number("proposals", pick)
        self.does(
            "refused",
            lambda session, now: refuse_interest(session, now, officer=officer(session, who), proposal_id=proposal),
        )

    @rule(who=CONTACT, amount=AMOUNT)
    def pledges(self, who: str, amount: Money) -> None:
        """Promise money, with a proof that is not the matter here."""
        self.does(
            "pledged",
            lambda session, now: make_pledge(
                session, now, contact=contact(session, who), reference=self.reference, amount=amount, code=CODE
            ),
        )

    @rule(turned_away=SELDOM, of=st.sampled_from(("need", "village")))
    def judges(self, turned_away: int, of: str) -> None:
        """Turn the need or its village away, or verify it again."""
        village, need, actor = self.seen["village_associations"][0]["id"], self.need, COORDINATOR
        away, normal = not turned_away, Urgency.NORMAL
        match of, away:
            case "need", True:
                self.does(of, lambda session, now: reject_need(session, now, actor=actor, need_id=need, reason="..."))
            case "need", False:
                self.does(of, lambda session, now: verify_need(session, now, actor=actor, need_id=need, urgency=normal))
            case _, True:
                self.does(
                    of,
                    lambda session, now: reject_association(
                        session, now, actor=actor, association_id=village, reason="..."
                    ),
                )
            case _:
                self.does(
                    of,
                    lambda session, now: verify_association(
                        session, now, actor=actor, association_id=village, code="*1#"
                    ),
                )

    @rule(days=st.sampled_from([1, 4, 15, 31, 100]))
    def time_passes(self, days: int) -> None:
        """Let days pass, and the clock do what is due."""
        self.clock.move(days=days)
        self.does("reminders", lambda session, now: remind(session, now, after=REMIND_AFTER))
        self.does("expiry", lambda session, now: expire_proposals(session, now, after=EXPIRE_AFTER))
