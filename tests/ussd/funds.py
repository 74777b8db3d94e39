"""A project's money on the stage: its plan, who agrees to it, what a commune gives, what arrives."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from service.domain.ledger import Source
from service.domain.money import Money
from service.domain.projects import Party
from service.models import Contact, Need, Officer, Project
from service.models.contributions import contributions_of
from service.models.proposals import partners_of
from service.usecases.arrivals import count_arrival, declare_arrival
from service.usecases.contributions import confirm_line, join_plan, open_plan, set_line
from service.usecases.plans import agree_plan

COORDINATOR, DIAL = "user:1", "*384*84#"


@dataclass(frozen=True)
class Funds:
    """The money of one need's project, for which `officer` speaks and, of what arrives, `colleague` speaks first."""

    session: Session
    now: datetime
    need: Need
    officer: Officer
    colleague: Officer

    def planned(self) -> None:
        """Let there be a plan with all who are partners."""
        open_plan(self.session, self.now, self.need)
        for proposal in partners_of(self.session, self.need.id):
            join_plan(self.session, self.now, proposal, f"officer:{self.officer.id}")

    def agreed(self, *, by_village: bool) -> None:
        """Let the partners agree to the plan, and the village."""
        contacts = [one.diaspora.active_contacts[0] for one in partners_of(self.session, self.need.id)]
        sides: Sequence[Officer | Contact] = [*contacts, *([self.officer] if by_village else [])]
        for one in sides:
            version = self.session.get_one(Project, self.need.id).plan_version
            agree_plan(self.session, self.now, who=one, reference=self.need.reference, version=version, code="*1#")

    def from_the_commune(self) -> None:
        """Let a commune give, as a coordinator saw on paper."""
        line = set_line(
            self.session,
            self.now,
            need_id=self.need.id,
            source=Source.COMMUNE,
            amount=Money.of(20_000),
            party=Party.COORDINATOR,
            actor=COORDINATOR,
        )
        confirm_line(self.session, self.now, actor=COORDINATOR, contribution_id=line.id, paper="PV")

    def arrive(self, counted: Sequence[bool]) -> None:
        """Let money arrive, as often as said; what was counted is received, the rest waits to be."""
        line = contributions_of(self.session, self.need.id)[-1]
        for times, done in enumerate(counted):
            amount = Money.of(10_000 + times)
            arrival = declare_arrival(
                self.session,
                self.now,
                officer=self.colleague,
                reference=self.need.reference,
                contribution_id=line.id,
                amount=amount,
                code=DIAL,
            )
            if done:
                count_arrival(self.session, self.now, officer=self.officer, arrival_id=arrival.id, counted=amount)
