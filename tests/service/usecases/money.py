"""A project with money: promised, agreed to, declared and counted, as a short story."""

from service.domain.ledger import Columns
from service.domain.money import Currency, Money
from service.models import Arrival, Contribution, Project
from service.models.contributions import arrivals_of, contributions_of, missing_of
from service.models.diaspora import active_contact
from service.models.needs import Need
from service.models.projects import project_of
from service.models.session import reading, transaction
from service.usecases.arrivals import count_arrival, declare_arrival
from service.usecases.plans import agree_plan
from service.usecases.pledges import make_pledge
from tests.service.usecases.story import CODE, Story
from tests.world import LYON, SECRETARY, TREASURER, officer_of

EUROS = Money.of(5_000, Currency.EUR)


class Account(Story):
    """The story of a need that Lyon and the village came together for, and of its money."""

    def introduced(self) -> None:
        self.says_yes()
        self.accepts()

    def pledges(self, amount: Money = EUROS, phone: str = LYON) -> None:
        with transaction(self.engine) as session:
            contact = active_contact(session, phone)
            assert contact
            make_pledge(session, self.clock(), contact=contact, reference=self.reference, amount=amount, code=CODE)

    def agrees(self, phone: str, version: int = 0) -> bool:
        with transaction(self.engine) as session:
            who = active_contact(session, phone) or officer_of(session, phone)
            project = project_of(session, self.need)
            assert project
            now_seen = version or project.plan_version
            return agree_plan(session, self.clock(), who=who, reference=self.reference, version=now_seen, code="*1#")

    def declares(self, amount: Money, phone: str = SECRETARY, line: str = "Lyon-Taliouine") -> int:
        with transaction(self.engine) as session:
            arrival = declare_arrival(
                session,
                self.clock(),
                officer=officer_of(session, phone),
                reference=self.reference,
                contribution_id=self.lines()[line].id,
                amount=amount,
                code=CODE,
            )
            return arrival.id

    def counts(self, arrival: int, counted: Money, phone: str = TREASURER) -> None:
        with transaction(self.engine) as session:
            officer = officer_of(session, phone)
            count_arrival(session, self.clock(), officer=officer, arrival_id=arrival, counted=counted)

    def lines(self) -> dict[str, Contribution]:
        with reading(self.engine) as session:
            lines = contributions_of(session, self.need)
            return {line.diaspora.name if line.diaspora else line.label or line.source: line for line in lines}

    def columns(self, line: str = "Lyon-Taliouine") -> Columns:
        return self.lines()[line].columns

    def missing(self) -> Money:
        with reading(self.engine) as session:
            return missing_of(session, session.get_one(Need, self.need))

    def project(self) -> Project:
        with reading(self.engine) as session:
            return session.get_one(Project, self.need)

    def arrivals(self) -> list[Arrival]:
        with reading(self.engine) as session:
            return arrivals_of(session, self.need)

    def arrival(self, number: int) -> Arrival:
        with reading(self.engine) as session:
            return session.get_one(Arrival, number)


def dirhams(promised: int, confirmed: int, received: int) -> Columns:
    """Return columns of whole dirhams."""
    return Columns(promised * 100, confirmed * 100, received * 100)
