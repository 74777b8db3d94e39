"""Those who live in the village: they agree to be asked whether works are done, and answer."""

from datetime import datetime

from hypothesis import strategies as st
from hypothesis.stateful import rule
from sqlalchemy.orm import Session

from service.models.spotchecks import SpotAnswer
from service.usecases.phones import know_phone
from service.usecases.residents import join_village
from service.usecases.spotchecks import answer_question, conclude_checks
from tests.service.usecases.partnership.stage import ANYBODY, PICK, SELDOM, Stage, has

VILLAGERS = tuple(f"+21260000006{number}" for number in range(4))


class Residing(Stage):
    """Residents, and rounds of questions."""

    @rule(who=st.one_of(st.sampled_from(VILLAGERS), ANYBODY), pick=SELDOM)
    def lives_there(self, who: str, pick: int) -> None:
        """Agree to be asked, seldom in the other village."""
        home = self.number("village_associations", 1 if pick else 0)

        def act(session: Session, now: datetime) -> None:
            know_phone(session, now, who)
            join_village(session, now, phone=who, channel="ussd", association_id=home)

        self.does("resident", act)

    @has("spot_questions")
    @rule(pick=PICK, who=st.integers(0, 3), answer=st.sampled_from(SpotAnswer))
    def answers_a_question(self, pick: int, who: int, answer: SpotAnswer) -> None:
        """Answer, mostly what one was asked oneself."""
        question = self.seen.by("spot_questions")[self.number("spot_questions", pick)]
        phone = VILLAGERS[pick % 4] if not who else self.seen.by("residents")[question["resident_id"]]["phone"]
        self.does(
            "question answered",
            lambda session, now: answer_question(session, now, phone=phone, question_id=question["id"], answer=answer),
        )

    @has("spot_checks")
    @rule(days=st.sampled_from((0, 4)))
    def concludes(self, days: int) -> None:
        """Let the job tell what is over."""
        self.clock.move(days=days)
        self.does("rounds concluded", conclude_checks)
