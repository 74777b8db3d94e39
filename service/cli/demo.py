"""`tiwizi demo`: the story of a need, from a village phone to an emigrants' association and back, over real HTTP."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass

import click
from rich.console import Console
from rich.panel import Panel
from rich.text import Text
from sqlalchemy.orm import Session

from service.cli.carrier import Carrier, CarrierError
from service.cli.parts import surroundings
from service.cli.stage import stage
from service.cli.story import Actor, Coordinator, StoryError
from service.container import Container
from service.domain.money import Money
from service.domain.roles import UserRole
from service.domain.sectors import Sector
from service.locales import Language
from service.models.associations import active_officer
from service.models.needs import needs_of
from service.models.phones import Phone
from service.models.session import reading, transaction
from service.usecases.diaspora import diaspora_named, register_diaspora
from service.usecases.users import create_user

# Aït Abdallah, a rural commune of Taroudannt; Tafraout is a neighbour whose emigrants hear of it second.
AIT_ABDALLAH, TAROUDANNT = "09.541.03.03", "09.541"
PIN = "2580"  # of a secretary who is not real
MOST_EDITIONS = 99


@dataclass(frozen=True)
class Emigrants:
    """A plausible association that does not exist; its number is of a range kept for fiction, or unassigned."""

    name: str
    city: str
    country: str
    time_zone: str
    contact: str
    phone: str
    language: Language
    origin: str
    yearly: Money


LYON = Emigrants(
    "Lyon-Aït Abdallah", "Lyon", "FR", "Europe/Paris", "Fatima", "+33639981001", Language.FR, AIT_ABDALLAH,
    Money.of(400_000),
)  # fmt: skip
UTRECHT = Emigrants(
    "Souss Utrecht", "Utrecht", "NL", "Europe/Amsterdam", "Brahim", "+31600001001", Language.EN, TAROUDANNT,
    Money.of(250_000),
)  # fmt: skip


@click.command()
@click.option("--quiet", is_flag=True, help="Print the acts, not the screens.")
@click.pass_obj
def demo(container: Container, *, quiet: bool) -> None:
    """Play the story through the HTTP hooks of the running service, or of one started for it on a database of its own.

    Prints both phones' screens; exits with 1 at the first step that does not go as it must.
    """
    with stage(container) as running:
        play(running, quiet=quiet)


def play(running: Container, *, quiet: bool) -> None:
    """Play the story with a running service.

    Raises ClickException naming the step that did not go as it must.
    """
    try:
        _Story(running, quiet=quiet).play()
    except (StoryError, CarrierError) as error:
        raise click.ClickException(f"The story broke off. {error}") from error


class _Story:
    """Steps 1 to 4 of the story that must always work."""

    def __init__(self, running: Container, *, quiet: bool) -> None:
        self.running, self.quiet = running, quiet
        self.settings = running.settings
        self.console = Console()
        self.edition, village_phone = self._next_village()
        self.association = "Association Tiwizi Ifri" + (f" {self.edition}" if self.edition > 1 else "")
        with transaction(running.engine) as session:
            for emigrants in (LYON, UTRECHT):
                self._register(session, emigrants)
        self.secretary = self._actor("Secretary, Ait Abdallah", village_phone)
        self.lyon = self._actor("Lyon-Ait Abdallah", LYON.phone)

    def play(self) -> None:
        """Play every act; a step that fails raises StoryError or CarrierError."""
        acts: list[tuple[str, Callable[[], None]]] = [
            ("The secretary registers her association", self._registers),
            ("A coordinator verifies it", self._verifies_association),
            ("She reports a need: drinking water for 84 households", self._reports),
            ("The coordinator verifies the need", self._verifies_need),
            ("The matching job proposes it to those who fit best", self._matches),
            ("Lyon asks for more, and answers yes", self._answers),
            ("The village is asked, and accepts", self._accepts),
            ("Each side has the other's contact", self._introduced),
        ]
        for number, (title, act) in enumerate(acts, 1):
            self.console.print(f"[bold]{number}. {title}[/bold]")
            try:
                act()
            except (StoryError, CarrierError) as error:
                raise StoryError(f"Step {number} ({title}): {error}") from error
        self.console.print(f"The story played to its end: {self.reference} has a partner.")

    def _registers(self) -> None:
        she = self.secretary
        she.dials()
        for words in ("Français", "J'accepte", "Inscrire une association", "Secrétaire", "Taroudannt"):
            she.picks(words)
        she.types("ait abdala")
        she.picks("Ait Abdallah")
        she.types("Ifri")
        she.types(self.association)
        she.sees(f"{self.association}\nDouar Ifri, Ait Abdallah")
        she.picks("Envoyer")
        she.ended()
        she.hears(self.association)

    def _verifies_association(self) -> None:
        with transaction(self.running.engine) as session:
            name = f"demo-{self.edition}"
            _, password = create_user(session, self.running.clock(), name=name, role=UserRole.COORDINATOR)
        self.coordinator = Coordinator(self.settings.url_here, name, password)
        self.coordinator.decides("/admin/associations", self.association, "verify")
        self.secretary.hears("vérifiée")

    def _reports(self) -> None:
        she = self.secretary
        she.dials()
        she.sees(self.association)
        for words in ("Signaler un besoin", "Eau potable"):
            she.picks(words)
        for typed in ("84", "320 000", "60000", "Puits du bas"):
            she.types(typed)
        she.sees("Eau potable, 84 foyers\n320 000 DH, village 60 000 DH")
        she.picks("Envoyer")
        she.ended()
        self.reference = self._reference(she.screen.text)
        she.hears(self.reference)

    def _verifies_need(self) -> None:
        self.coordinator.decides("/admin/needs", self.reference, "verify", urgency="high")
        self.secretary.hears(self.reference)

    def _matches(self) -> None:
        done = subprocess.run(  # our own program
            [sys.executable, "-m", "wsgi", "job", "match"],
            env=surroundings({"TIWIZI_DATABASE_URL": self.settings.database_url}),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise StoryError(f"tiwizi job match failed:\n{done.stderr}")
        self.console.print(done.stdout.strip())
        self.lyon.hears(f"OUI {self.reference}")

    def _answers(self) -> None:
        self.lyon.texts(f"INFO {self.reference}")
        self.lyon.hears("Puits du bas")
        self.lyon.texts(f"oui {self.reference.lower()}")
        self.lyon.hears(self.reference)
        self.secretary.hears(LYON.name)

    def _accepts(self) -> None:
        she = self.secretary
        she.dials()
        she.sees(LYON.name)
        she.picks("Répondre")
        she.sees(self.reference)
        she.picks("Oui, accepter")
        # Her first decision that needs protecting: she chooses her PIN.
        she.sees("code secret")
        for typed in (PIN, PIN):
            she.types(typed)
        she.ended()

    def _introduced(self) -> None:
        self.secretary.hears("+33 6 39 98 10 01")
        self.lyon.hears("+212 6 00 00 10")

    def _reference(self, text: str) -> str:
        with reading(self.running.engine) as session:
            officer = active_officer(session, self.secretary.carrier.number)
            needs = needs_of(session, officer.association_id) if officer else []
        found = [need.reference for need in needs if need.reference in text]
        if not found:
            raise StoryError(f"the last screen names no need that was written down:\n{text}")
        return found[0]

    def _next_village(self) -> tuple[int, str]:
        with reading(self.running.engine) as session:
            for edition in range(1, MOST_EDITIONS + 1):
                phone = f"+2126000010{edition:02d}"
                if not session.get(Phone, phone):
                    return edition, phone
        raise StoryError(f"the story was played {MOST_EDITIONS} times on this database: start from an empty one")

    def _register(self, session: Session, emigrants: Emigrants) -> None:
        if diaspora_named(session, emigrants.name):
            return
        register_diaspora(
            session,
            self.running.clock(),
            name=emigrants.name,
            city=emigrants.city,
            country=emigrants.country,
            time_zone=emigrants.time_zone,
            yearly_capacity=emigrants.yearly,
            attention_slots=3,
            contact_name=emigrants.contact,
            phone=emigrants.phone,
            language=emigrants.language,
            origins=[emigrants.origin],
            interests={Sector.WATER: 3, Sector.EDUCATION: 2},
        )

    def _actor(self, who: str, number: str) -> Actor:
        carrier = Carrier(self.settings.url_here, self.settings.hook_tokens[0], number, self.settings.sms_number)
        return Actor(who, carrier, self.settings.ussd_code, self._tell)

    def _tell(self, who: str, what: str, text: str) -> None:
        if not self.quiet:
            self.console.print(Panel(Text(text), title=f"{who}: {what}", title_align="left", width=60))
