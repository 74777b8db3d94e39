"""What is said of the works, and confirmed or not by a second person; and in what words."""

from hypothesis import strategies as st
from hypothesis.stateful import rule

from service.domain.progress import HelpWanted, Problem
from service.domain.progress import Stage as Works
from service.domain.testimonies import Publication
from service.usecases.progress import Progress, confirm_progress, declare_progress, dispute_progress
from service.usecases.testimonies import note_testimony, publish_testimony, withdraw_testimony
from tests.service.usecases.partnership.stage import (
    CODE,
    COORDINATOR,
    OFFICER,
    PICK,
    Stage,
    has,
    officer,
)

PROGRESS = st.builds(
    Progress,
    stage=st.sampled_from(Works),
    percent=st.sampled_from([0, 50, 100]),
    problem=st.sampled_from(Problem),
    help_wanted=st.sampled_from(HelpWanted),
)


class Working(Stage):
    """Reports, moves of the project, and words about it."""

    @rule(who=OFFICER, progress=PROGRESS)
    def reports(self, who: str, progress: Progress) -> None:
        """Say how far the works are."""
        self.does(
            "reported",
            lambda session, now: declare_progress(
                session,
                now,
                officer=officer(session, who),
                reference=self.reference,
                progress=progress,
                code=CODE,
            ),
        )

    @has("progress_reports")
    @rule(who=OFFICER, pick=PICK)
    def confirms(self, who: str, pick: int) -> None:
        """Say the same."""
        report = self.number("progress_reports", pick // 4)
        self.does(
            "report confirmed",
            lambda session, now: confirm_progress(session, now, officer=officer(session, who), report_id=report),
        )

    @has("progress_reports")
    @rule(who=OFFICER, pick=PICK)
    def disputes(self, who: str, pick: int) -> None:
        """Say otherwise."""
        report = self.number("progress_reports", pick // 4)
        self.does(
            "report disputed",
            lambda session, now: dispute_progress(
                session, now, officer=officer(session, who), report_id=report, code=CODE
            ),
        )

    @rule(who=OFFICER, publication=st.sampled_from(Publication))
    def testifies(self, who: str, publication: Publication) -> None:
        """Say what it changed."""
        self.does(
            "testified",
            lambda session, now: note_testimony(
                session,
                now,
                author=officer(session, who),
                reference=self.reference,
                words="L'eau coule.",
                publication=publication,
                channel="ussd",
            ),
        )

    @has("testimonies")
    @rule(pick=PICK)
    def publishes(self, pick: int) -> None:
        """Let everybody read a testimony."""
        testimony = self.number("testimonies", pick)
        self.does(
            "testimony published",
            lambda session, now: publish_testimony(session, now, actor=COORDINATOR, testimony_id=testimony),
        )

    @has("testimonies")
    @rule(who=OFFICER, pick=PICK)
    def takes_words_back(self, who: str, pick: int) -> None:
        """Take one's words back."""
        testimony = self.number("testimonies", pick)
        self.does(
            "testimony withdrawn",
            lambda session, now: withdraw_testimony(
                session, now, author=officer(session, who), testimony_id=testimony, channel="ussd"
            ),
        )
