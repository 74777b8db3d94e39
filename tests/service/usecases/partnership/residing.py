"""Those who live in the village: they agree to be asked whether works are done, and answer."""

from datetime import datetime
from functools import partial

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
    @rule(pick=PICK, own=SELDOM, answers=st.permutations(list(SpotAnswer)), times=st.integers(1, 2))
    def answers_a_question(self, pick: int, own: int, answers: list[SpotAnswer], times: int) -> None:
        """Answer, mostly what one was asked oneself; perhaps think better of it."""
        question = self.seen.by("spot_questions")[self.number("spot_questions", pick)]
        phone = self.seen.by("residents")[question["resident_id"]]["phone"] if own else VILLAGERS[0]
        for answer in answers[:times]:
            self.does("question answered", partial(self._answer, phone, question["id"], answer))

    def _answer(self, phone: str, question: int, answer: SpotAnswer, session: Session, now: datetime) -> None:
        answer_question(session, now, phone=phone, question_id=question, answer=answer, channel="sms")

    @has("spot_checks")
    @rule(days=st.sampled_from((0, 4)))
    def concludes(self, days: int) -> None:
        """Let the job tell what is over."""
        self.clock.move(days=days)
        self.does("rounds concluded", conclude_checks)
