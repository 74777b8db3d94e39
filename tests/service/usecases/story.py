"""A village, two associations of emigrants, and a need shown to both: who says what."""

from sqlalchemy import Engine

from service.domain.roles import OfficerRole
from service.domain.states import NeedState, ProposalState
from service.locales import Language
from service.models import Need, Officer, Proposal
from service.models.diaspora import active_contact
from service.models.session import reading, transaction
from service.usecases.needs import reject_need
from service.usecases.phones import know_phone
from service.usecases.proposals import (
    accept_interest,
    decline,
    express_interest,
    refuse_interest,
)
from tests.conftest import MovedClock
from tests.service.usecases.record import told
from tests.world import (
    LYON,
    SECRETARY,
    TREASURER,
    UTRECHT,
    diaspora,
    need_of,
    officer_of,
    proposed,
    settle,
    village,
)

CODE = "*384*84#"
WITNESS, NEIGHBOUR = "+212600000003", "+212600000004"


class Story:
    """A village with a secretary, a treasurer and a witness; a need shown to Lyon and to Utrecht."""

    def __init__(self, engine: Engine, clock: MovedClock) -> None:
        self.engine, self.clock = engine, clock
        settle(engine)
        with transaction(engine) as session:
            association = village(session, clock())
            for phone, role in ((TREASURER, OfficerRole.TREASURER), (WITNESS, OfficerRole.WITNESS)):
                know_phone(session, clock(), phone, Language.FR)
                association.officers.append(Officer(phone=phone, role=role, joined_at=clock()))
            need = need_of(session, clock())
            self.association, self.need, self.reference = association.id, need.id, need.reference
            self.lyon, self.utrecht = (
                proposed(session, clock(), need, diaspora(session, clock(), phone, name)).id
                for phone, name in ((LYON, "Lyon-Taliouine"), (UTRECHT, "Utrecht-Souss"))
            )
        self.before = len(told(engine))

    def told(self) -> list[tuple[str, str]]:
        """Who was told what since the need was shown."""
        return told(self.engine)[self.before :]

    def says_yes(self, phone: str = LYON, reference: str = "") -> None:
        with transaction(self.engine) as session:
            contact = active_contact(session, phone)
            assert contact
            express_interest(session, self.clock(), contact=contact, reference=reference or self.reference, code=CODE)

    def says_no(self, phone: str = LYON, reason: str = "") -> None:
        with transaction(self.engine) as session:
            contact = active_contact(session, phone)
            assert contact
            decline(session, self.clock(), contact=contact, reference=self.reference, reason=reason)

    def accepts(self, phone: str = SECRETARY, proposal: int = 0) -> None:
        with transaction(self.engine) as session:
            officer = officer_of(session, phone)
            accept_interest(session, self.clock(), officer=officer, proposal_id=proposal or self.lyon)

    def refuses(self, phone: str = SECRETARY) -> None:
        with transaction(self.engine) as session:
            refuse_interest(session, self.clock(), officer=officer_of(session, phone), proposal_id=self.lyon)

    def turned_away(self) -> None:
        with transaction(self.engine) as session:
            reject_need(session, self.clock(), actor="user:1", need_id=self.need, reason="doublon")

    def state(self, proposal: int = 0) -> ProposalState:
        with reading(self.engine) as session:
            return session.get_one(Proposal, proposal or self.lyon).state

    def need_state(self) -> NeedState:
        with reading(self.engine) as session:
            return session.get_one(Need, self.need).state
