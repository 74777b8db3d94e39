"""The money: who gives what, agreed to by all sides, said to have arrived, counted by a second person, put right."""

from datetime import datetime

from hypothesis import strategies as st
from hypothesis.stateful import rule
from sqlalchemy.orm import Session

from service.domain.ledger import INSTITUTIONS, VILLAGE_SOURCES, Columns, Source
from service.domain.money import Currency, Money
from service.domain.projects import Party
from service.models.contributions import contributions_of, missing_of
from service.models.needs import Need
from service.models.session import reading
from service.usecases.arrivals import correct_arrival, count_arrival, declare_arrival
from service.usecases.contributions import confirm_line, set_line, write_line
from service.usecases.plans import agree_plan
from service.usecases.rates import set_rate
from tests.service.usecases.partnership.promises import columns_of
from tests.service.usecases.partnership.stage import (
    ABROAD,
    CODE,
    COORDINATOR,
    OFFICER,
    PICK,
    VILLAGE,
    Stage,
    contact,
    has,
    officer,
)

SOURCE = st.sampled_from(sorted(VILLAGE_SOURCES | INSTITUTIONS))
WHOLE = st.sampled_from([Money.of(one) for one in (1, 33, 40_000, 320_000)])
# Amounts that no rate divides evenly, so that a centime lost anywhere shows.
ARRIVED = st.builds(Money, st.sampled_from([1, 333, 500_000, 777_777]), st.sampled_from(Currency))


class Paying(Stage):
    """Lines of the plan, agreements, arrivals and corrections."""

    @rule(who=OFFICER, source=SOURCE, amount=WHOLE)
    def writes_a_line(self, who: str, source: Source, amount: Money) -> None:
        """Say what the village or an institution gives."""
        self.does(
            "line written",
            lambda session, now: write_line(
                session,
                now,
                officer=officer(session, who),
                reference=self.reference,
                source=source,
                amount=amount,
            ),
        )

    @rule(source=SOURCE, amount=WHOLE)
    def sets_a_line(self, source: Source, amount: Money) -> None:
        """Say the same as a coordinator."""
        self.does(
            "line set",
            lambda session, now: set_line(
                session,
                now,
                need_id=self.need,
                source=source,
                amount=amount,
                party=Party.COORDINATOR,
                actor=COORDINATOR,
            ),
        )

    @has("contributions")
    @rule(pick=PICK)
    def sees_a_paper(self, pick: int) -> None:
        """Confirm what an institution promised, as a coordinator who saw its decision."""
        line = self.number("contributions", pick)
        self.does(
            "line confirmed",
            lambda session, now: confirm_line(
                session, now, actor=COORDINATOR, contribution_id=line, paper="Convention 12"
            ),
        )

    @rule(who=st.sampled_from((*VILLAGE[:2], *ABROAD)), behind=st.sampled_from([0, 0, 0, 1]))
    def agrees(self, who: str, behind: int) -> None:
        """Agree to the plan as it is, or as it was."""

        def act(session: Session, now: datetime) -> bool:
            side = contact(session, who) if who in ABROAD else officer(session, who)
            version = max((project["plan_version"] for project in self.seen["projects"]), default=1) - behind
            return agree_plan(session, now, who=side, reference=self.reference, version=version, code="*1#")

        self.does("plan agreed", act)

    @rule(who=OFFICER, pick=PICK, amount=ARRIVED)
    def declares(self, who: str, pick: int, amount: Money) -> None:
        """Say that something arrived."""
        line = self.number("contributions", pick)
        self.does(
            "arrival declared",
            lambda session, now: declare_arrival(
                session,
                now,
                officer=officer(session, who),
                reference=self.reference,
                contribution_id=line,
                amount=amount,
                code=CODE,
            ),
        )

    @has("arrivals")
    @rule(who=OFFICER, pick=PICK, less=st.sampled_from([0, 0, 0, 1]))
    def counts(self, who: str, pick: int, less: int) -> None:
        """Count it, and find as much or less."""
        arrival = self.number("arrivals", pick // 3)
        if not arrival:
            return
        row = self.seen.by("arrivals")[arrival]
        counted = Money(row["minor"] - less, row["currency"])
        self.does(
            "arrival different" if less else "arrival counted",
            lambda session, now: count_arrival(
                session, now, officer=officer(session, who), arrival_id=arrival, counted=counted
            ),
        )

    @has("arrivals")
    @rule(pick=PICK)
    def puts_right(self, pick: int) -> None:
        """Take an arrival back, as a coordinator."""
        arrival = self.number("arrivals", pick)
        self.does(
            "arrival corrected",
            lambda session, now: correct_arrival(
                session, now, actor=COORDINATOR, arrival_id=arrival, reason="compte deux fois"
            ),
        )

    @rule(rate=st.sampled_from([99_999, 108_333, 110_001]))
    def sets_a_rate(self, rate: int) -> None:
        """Say what a euro is worth today."""
        self.does(
            "rate set",
            lambda session, now: set_rate(
                session,
                now,
                currency=Currency.EUR,
                day=now.date(),
                rate=rate,
                source="Bank Al-Maghrib",
                actor=COORDINATOR,
            ),
        )

    def look(self) -> None:
        """Look whether the statement says what the entries add up to, to the centime."""
        super().look()
        with reading(self.engine) as session:
            lines = {line.id: line.columns for line in contributions_of(session, self.need)}
            added = {row["id"]: Columns(*columns_of(self.seen, row["id"])) for row in self.seen["contributions"]}
            assert lines == added
            promised = sum(columns.promised for columns in added.values())
            if any(row["diaspora_id"] is None for row in self.seen["contributions"]):
                need = session.get_one(Need, self.need)
                assert missing_of(session, need).minor == max(0, need.cost - promised)
