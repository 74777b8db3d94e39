"""Deeds that follow each other closely: by chance alone the second seldom meets the first."""

from hypothesis import strategies as st
from hypothesis.stateful import rule

from service.domain.money import Currency, Money
from service.domain.progress import Stage as Reached
from service.usecases.progress import Progress
from tests.service.usecases.partnership.life import Living
from tests.service.usecases.partnership.money import Paying
from tests.service.usecases.partnership.people import People
from tests.service.usecases.partnership.residing import Residing
from tests.service.usecases.partnership.stage import VILLAGE, has
from tests.service.usecases.partnership.works import Working

OFFICERS = st.sampled_from(VILLAGE[:3])
AMOUNTS = st.integers(1, 9_999_999)


class Pairs(Living, Paying, People, Residing, Working):
    """One says, another or the same confirms; one stops, and the others go on."""

    @has("contributions")
    @rule(first=OFFICERS, second=OFFICERS, minor=AMOUNTS, currency=st.sampled_from(Currency), right=st.booleans())
    def declared_and_counted(self, first: str, second: str, minor: int, currency: Currency, right: bool) -> None:  # noqa: FBT001  # drawn by Hypothesis
        """Let something arrive and be counted; perhaps a coordinator takes it back."""
        self.declares(first, 0, Money(minor, currency))
        self.counts(second, 0, 0)
        if not right:
            self.puts_right(0)

    @has("projects")
    @rule(first=OFFICERS, second=OFFICERS, percent=st.sampled_from([10, 60, 100]))
    def reported_and_confirmed(self, first: str, second: str, percent: int) -> None:
        """Let somebody report and somebody confirm."""
        self.reports(first, Progress(Reached.FINISHED if percent == 100 else Reached.WORKS, percent))
        if self.seen["progress_reports"]:
            self.confirms(second, 0)

    @has("projects")
    @rule(who=st.sampled_from(VILLAGE), reporter=OFFICERS)
    def stops_while_works_go_on(self, who: str, reporter: str) -> None:
        """Let somebody say STOP, and the others go on; then START."""
        self.wants_to_hear_nothing(who, "sms", 0)
        self.reports(reporter, Progress(Reached.WORKS, 50))
        self.wants_to_hear_again(who)
