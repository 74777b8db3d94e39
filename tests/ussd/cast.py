"""Everyone who may dial, on one stage: each kind of caller, with all that may wait for them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from service.domain.money import Money
from service.domain.progress import HelpWanted, Problem, Stage
from service.domain.projects import ProjectState
from service.domain.roles import ChangeKind, OfficerRole, UserRole
from service.domain.states import AssociationState, ChangeState, NeedState, ProposalState
from service.domain.testimonies import Publication, SheetState
from service.locales import Language
from service.models import (
    Callback,
    Contact,
    DiasporaAssociation,
    Need,
    Officer,
    OfficerChange,
    Project,
    Secret,
    SecretKind,
    Testimony,
    User,
)
from service.models.needs import projects_of
from service.models.sheets import sheets_of
from service.security import hash_pin
from service.usecases.associations import register_association, reject_association
from service.usecases.needs import Details, add_details
from service.usecases.officers import hash_invitation
from service.usecases.phones import know_phone, stop
from service.usecases.progress import Progress, confirm_progress, declare_progress
from service.usecases.projects import begin_project
from service.usecases.sheets import ask_consent, draft_sheet
from service.usecases.testimonies import note_testimony, publish_testimony
from tests.ussd.funds import Funds
from tests.ussd.residents import VILLAGER, settled
from tests.ussd.silence import doubted
from tests.world import (
    LYON,
    SECRETARY,
    STRANGER,
    TALIOUINE,
    TREASURER,
    UTRECHT,
    diaspora,
    need_of,
    officer_of,
    proposed,
    village,
)

PEPPER, DIAL = "a-key-that-protects-nothing-but-tests", "*384*84#"
PIN, INVITATION = "2580", "402817"
CAST: Mapping[str, str] = {
    "newcomer": STRANGER,
    "emigrant": "+33639980070",
    "invited": "+212600000010",
    "new officer": "+212600000011",
    "officer": SECRETARY,
    "awaited officer": "+212600000012",
    "lone officer": "+212600000013",
    "forgetful officer": "+212600000014",
    "partnered officer": "+212600000019",
    "finishing officer": "+212600000025",
    "silent officer": "+212600000026",
    "voucher": "+212600000027",
    "stopped officer": "+212600000015",
    "rejected officer": "+212600000016",
    "witness": "+212600000017",
    "idle witness": "+212600000018",
    "contact": LYON,
    "partnered contact": "+33639980075",
    "new contact": "+33639980071",
    "paused contact": "+33639980072",
    "rejected contact": "+33639980073",
    "stopped contact": "+33639980074",
    "silent contact": "+33639980076",
    "coordinator": "+212600000050",
    "viewer": "+212600000051",
    "resident": VILLAGER,
    "idle resident": "+212600000061",
}
# Whom the cast deals with, and who of it has chosen a PIN before.
COLLEAGUES = {
    "officer": TREASURER,
    "awaited officer": "+212600000021",
    "forgetful officer": "+212600000022",
    "partnered officer": "+212600000023",
    "lone officer": "+212600000024",
    "silent officer": "+212600000028",
}
PROTECTED = ("awaited officer", "lone officer", "coordinator")


@dataclass(frozen=True)
class Names:
    """What things are called on the stage."""

    association: str = "Ait Abdallah"
    douar: str = "Ifri"
    title: str = "Puits du bas"
    step: str = "Poser la pompe"
    contact: str = "Fatima"
    partners: Sequence[str] = ("Lyon-Taliouine", "Utrecht-Souss")
    reason: str = "..."


@dataclass(frozen=True)
class Play:
    """Brings the cast on, all speaking one language."""

    session: Session
    now: datetime
    language: Language
    names: Names

    def begin(self) -> None:
        """Let everybody be there, and everything wait."""
        for phone in (*CAST.values(), *COLLEAGUES.values()):
            know_phone(self.session, self.now, phone, self.language)
        self._villages()
        lyon, utrecht = self._partner(LYON, 0), self._partner(UTRECHT, 1)
        self._other_contacts()
        self._needs_in_every_state(lyon, utrecht)
        self._projects_in_every_state(self._partner(CAST["partnered contact"], 1, "p"))
        self._changes_asked()
        self._coordinators()
        silent = (CAST["silent officer"], COLLEAGUES["silent officer"], CAST["silent contact"])
        doubted(self.session, self.now + timedelta(seconds=1), *silent)
        village_of_theirs = self._officer("awaited officer").association_id
        settled(self.session, self.now, village_of_theirs, CAST["resident"], CAST["idle resident"])
        for who in PROTECTED:
            self._secret(CAST[who], hash_pin(PEPPER, CAST[who], PIN))
        # Who has guessed too often: a PIN, an invitation.
        for who, kind in (("forgetful officer", SecretKind.PIN), ("emigrant", SecretKind.INVITATION)):
            self._secret(CAST[who], "-", kind).locked_until = self.now + timedelta(days=1)
        self.session.flush()

    def coordinator(self) -> None:
        """Let only a coordinator be there, for whom nothing waits."""
        know_phone(self.session, self.now, CAST["coordinator"], self.language)
        self._user("coordinator", UserRole.COORDINATOR)

    def _villages(self) -> None:
        for who in CAST:
            if who.endswith("officer") and who != "new officer":
                village(self.session, self.now, CAST[who], self.language, self.names.association)
        self._colleague("officer", CAST["idle witness"], OfficerRole.WITNESS)
        self._colleague("silent officer", CAST["voucher"], OfficerRole.PRESIDENT)
        self._colleague("awaited officer", CAST["witness"], OfficerRole.WITNESS)
        for who, phone in COLLEAGUES.items():
            if who == "lone officer":
                continue  # who left
            self._colleague(who, phone, OfficerRole.TREASURER)
        register_association(
            self.session,
            self.now,
            phone=CAST["new officer"],
            role=OfficerRole.PRESIDENT,
            commune_code=TALIOUINE,
            douar=self.names.douar,
            name=self.names.association,
        )
        for who in ("new officer", "rejected officer"):
            self._need(who)
        its_id, reason = self._officer("rejected officer").association_id, self.names.reason
        reject_association(self.session, self.now, actor="user:1", association_id=its_id, reason=reason)
        stop(self.session, self.now, CAST["stopped officer"], "ussd")

    def _other_contacts(self) -> None:
        others = {
            who: self._partner(CAST[f"{who} contact"], 0, who[0]) for who in ("new", "paused", "rejected", "stopped")
        }
        self._partner(CAST["silent contact"], 0, "q")
        others["new"].state = AssociationState.PENDING
        others["paused"].paused_until = self.now + timedelta(days=30)
        others["rejected"].state, others["rejected"].state_reason = AssociationState.REJECTED, self.names.reason
        stop(self.session, self.now, CAST["stopped contact"], "ussd")

    def _needs_in_every_state(self, lyon: DiasporaAssociation, utrecht: DiasporaAssociation) -> None:
        who = "awaited officer"
        self._need(who).state = NeedState.REPORTED
        rejected = self._need(who)
        rejected.state, rejected.state_reason = NeedState.REJECTED, self.names.reason
        begun = self._need(who)
        begun.state = NeedState.VERIFIED
        said = Details(permanent_population=620, share_cash=Money.of(20_000))
        add_details(self.session, self.now, officer=self._officer(who), reference=begun.reference, details=said)
        for state in (ProposalState.PROPOSED, ProposalState.INTERESTED):
            need = self._need(who)
            need.state = NeedState.VERIFIED
            self._shown(need, state, lyon, utrecht)
        for reports in (0, 1, 1, 2):
            self._project(who, reports, lyon, utrecht)
        self._colleague("lone officer", COLLEAGUES["lone officer"], OfficerRole.TREASURER)
        lone = self._project("lone officer", 1, lyon)
        officer_of(self.session, COLLEAGUES["lone officer"]).left_at = self.now
        finished = self._project("finishing officer", 0, lyon)
        self.session.get_one(Project, finished.id).state = ProjectState.ACCEPTED
        self._testified(self._officer("lone officer"), lone, "")
        for words in (self.names.step, self.names.title):
            self._testified(lyon.contacts[0], lone, words)
        self._sheets()

    def _sheets(self) -> None:
        """Let two projects of a village have sheets, and all be asked who may be named in them; one is published."""
        awaited = self._officer("awaited officer").association_id
        projects = projects_of(self.session, awaited)[:2]
        for need in projects:
            self.session.get_one(Project, need.id).state = ProjectState.HANDED_OVER
            draft_sheet(self.session, self.now, actor="user:1", need_id=need.id)
            ask_consent(self.session, self.now, actor="user:1", need_id=need.id)
        for sheet in sheets_of(self.session, projects[0].id):
            sheet.state, sheet.published_at, sheet.lessons = SheetState.PUBLISHED, self.now, self.names.step
        quoted = self._testified(self._officer("awaited officer"), projects[0], self.names.title)
        publish_testimony(self.session, self.now, actor="user:1", testimony_id=quoted.id)

    def _testified(self, author: Officer | Contact, need: Need, words: str) -> Testimony:
        """Let somebody have spoken of a project; without words, on a call."""
        return note_testimony(
            self.session,
            self.now,
            author=author,
            reference=need.reference,
            words=words,
            publication=Publication.NAMED,
            channel="ussd",
        )

    def _projects_in_every_state(self, partner: DiasporaAssociation) -> None:
        for state in reversed(ProjectState):
            need = self._project("partnered officer", 0, partner)
            project = self.session.get_one(Project, need.id)
            project.state = state
            if state is ProjectState.PLANNED:
                project.paused_until = self.now.date()
            if state is ProjectState.HANDED_OVER:
                project.handed_over_at = self.now - timedelta(days=365)

    def _project(self, who: str, reports: int, *partners: DiasporaAssociation) -> Need:
        """Let a need find its partners, and be reported on: once it waits for confirmation, twice it is confirmed."""
        need = self._need(who)
        need.state = NeedState.INTRODUCED
        begin_project(self.session, self.now, need)
        self._shown(need, ProposalState.INTRODUCED, *partners)
        colleague = officer_of(self.session, COLLEAGUES.get(who, SECRETARY))
        funds = Funds(self.session, self.now, need, self._officer(who), colleague)
        funds.planned()
        progress = Progress(
            Stage.WORKS, 60, Money.of(320_000), Problem.MATERIALS, HelpWanted.HANDS, self.names.step, self.now.date()
        )
        for _ in range(min(reports, 1)):
            report = declare_progress(
                self.session, self.now, officer=colleague, reference=need.reference, progress=progress, code=DIAL
            )
            if reports > 1:
                confirm_progress(self.session, self.now, officer=self._officer(who), report_id=report.id)
            if who == "lone officer":
                funds.from_the_commune()
            funds.arrive([True] if who == "lone officer" else [times > 0 for times in range(reports)])
            funds.agreed(by_village=reports > 1)
        return need

    def _changes_asked(self) -> None:
        asker = officer_of(self.session, COLLEAGUES["awaited officer"])
        witness = officer_of(self.session, CAST["witness"])
        self._change(asker, ChangeKind.ADD, phone="+212600000030", role=OfficerRole.PRESIDENT)
        self._change(asker, ChangeKind.REMOVE, about=witness)
        self._change(asker, ChangeKind.HAND_OVER, about=witness, phone="+212600000030")
        self._change(asker, ChangeKind.UNLOCK, about=asker)
        other = officer_of(self.session, COLLEAGUES["forgetful officer"])
        self._change(other, ChangeKind.ADD, phone="+212600000031", role=OfficerRole.WITNESS)
        invited = self._change(
            self._officer("officer"), ChangeKind.ADD, phone=CAST["invited"], role=OfficerRole.PRESIDENT
        )
        invited.state, invited.decided_at, invited.decided_by = ChangeState.AGREED, self.now, invited.asked_by
        invited.code_hash = hash_invitation(PEPPER, CAST["invited"], INVITATION)

    def _coordinators(self) -> None:
        self._user("coordinator", UserRole.COORDINATOR)
        self._user("viewer", UserRole.VIEWER)
        for who in ("newcomer", "officer", "contact"):
            self.session.add(Callback(phone=CAST[who], channel="ussd", asked_at=self.now))

    def _officer(self, who: str) -> Officer:
        return officer_of(self.session, CAST[who])

    def _colleague(self, who: str, phone: str, role: OfficerRole) -> None:
        its_id = self._officer(who).association_id
        self.session.add(Officer(association_id=its_id, phone=phone, role=role, joined_at=self.now))
        self.session.flush()

    def _partner(self, phone: str, which: int, mark: str = "") -> DiasporaAssociation:
        name = self.names.partners[which]
        partner = diaspora(self.session, self.now, phone, f"{name[:38]} {mark}" if mark else name, self.language)
        partner.contacts[0].name = self.names.contact
        return partner

    def _need(self, who: str) -> Need:
        need = need_of(self.session, self.now, CAST[who], verified=False)
        need.title = self.names.title
        return need

    def _shown(self, need: Need, state: ProposalState, *partners: DiasporaAssociation) -> None:
        for partner in partners:
            proposal = proposed(self.session, self.now, need, partner)
            proposal.state, proposal.answered_at = state, self.now

    def _change(
        self,
        asker: Officer,
        kind: ChangeKind,
        *,
        about: Officer | None = None,
        phone: str | None = None,
        role: OfficerRole | None = None,
    ) -> OfficerChange:
        if phone:
            know_phone(self.session, self.now, phone, self.language)
        change = OfficerChange(
            association_id=asker.association_id,
            kind=kind,
            role=role or (about or asker).role,
            officer_id=about.id if about else None,
            phone=phone,
            state=ChangeState.ASKED,
            asked_by=asker.id,
            asked_at=self.now,
        )
        self.session.add(change)
        return change

    def _user(self, who: str, role: UserRole) -> None:
        name = "Zahra" if role is UserRole.COORDINATOR else "Brahim"
        self.session.add(
            User(name=name, role=role, password_hash="", password_once=False, phone=CAST[who], created_at=self.now)
        )
        self.session.flush()

    def _secret(self, phone: str, hashed: str, kind: SecretKind = SecretKind.PIN) -> Secret:
        secret = Secret(phone=phone, kind=kind, hash=hashed)
        self.session.add(secret)
        return secret
