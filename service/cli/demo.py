"""`tiwizi demo`: the story of a need, from a village phone to an emigrants' association and back, over real HTTP."""

import subprocess
import sys
from dataclasses import dataclass

import click
from rich.console import Console
from rich.panel import Panel
from rich.text import Text
from sqlalchemy.orm import Session

from service.cli.acts import ACTS, Place, Tale
from service.cli.carrier import Carrier, CarrierError
from service.cli.coordinator import Coordinator
from service.cli.parts import surroundings
from service.cli.stage import stage
from service.cli.story import Actor, StoryError
from service.container import Container
from service.domain.money import Money
from service.domain.roles import UserRole
from service.domain.sectors import Sector
from service.locales import Language
from service.models.phones import Phone
from service.models.session import reading, transaction
from service.usecases.diaspora import diaspora_named, register_diaspora
from service.usecases.users import create_user, set_phone

# Aït Abdallah, a rural commune of Taroudannt; Tafraout is a neighbour whose emigrants hear of it second.
AIT_ABDALLAH, TAROUDANNT = "09.541.03.03", "09.541"
PLACE = Place("Taroudannt", "Ait Abdallah", "ait abdala", "Ifri")
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
    """The acts, played with a running service, and how each goes."""

    def __init__(self, running: Container, *, quiet: bool) -> None:
        self.running, self.quiet = running, quiet
        self.settings = running.settings
        self.console = Console()
        self.edition, (*numbers, self.duty) = self._next_village()
        with transaction(running.engine) as session:
            for emigrants in (LYON, UTRECHT):
                self._register(session, emigrants)
        self.tale = Tale(
            self._actor("Secretary, Ait Abdallah", numbers[0]),
            self._actor("Treasurer, Ait Abdallah", numbers[1], by_sms=True),
            self._actor("Lyon-Ait Abdallah", LYON.phone, by_sms=True),
            self._actor("Coordinator", self.duty),
            (
                self._actor("Villager 1, Ait Abdallah", numbers[2], by_sms=True),
                self._actor("Villager 2, Ait Abdallah", numbers[3], by_sms=True),
                self._actor("Villager 3, Ait Abdallah", numbers[4]),
            ),
            PLACE,
            "Association Tiwizi Ifri" + (f" {self.edition}" if self.edition > 1 else ""),
            LYON.name,
            self._coordinator,
            self._job,
            self._later,
        )

    def play(self) -> None:
        """Play every act; a step that fails raises StoryError or CarrierError."""
        for number, (title, act) in enumerate(ACTS, 1):
            self.console.print(f"[bold]{number}. {title}[/bold]")
            try:
                act(self.tale)
            except (StoryError, CarrierError) as error:
                raise StoryError(f"Step {number} ({title}): {error}") from error
        self.console.print(f"The story played to its end: the experience of {self.tale.reference} is published.")

    def _coordinator(self) -> Coordinator:
        name = f"demo-{self.edition}"
        with transaction(self.running.engine) as session:
            _, password = create_user(session, self.running.clock(), name=name, role=UserRole.COORDINATOR)
            set_phone(session, self.running.clock(), name=name, number=self.duty)
        return Coordinator(self.settings.url_here, name, password)

    def _job(self, name: str) -> None:
        done = subprocess.run(  # noqa: S603  # our own program
            [sys.executable, "-m", "wsgi", "job", name],
            env=surroundings({"TIWIZI_DATABASE_URL": self.settings.database_url}),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise StoryError(f"tiwizi job {name} failed:\n{done.stderr}")
        self.console.print(done.stdout.strip())

    def _later(self, days: int) -> bool:
        self.console.print(f"(What happens {days} days later is not waited for.)")
        return False

    def _next_village(self) -> tuple[int, list[str]]:
        with reading(self.running.engine) as session:
            for edition in range(1, MOST_EDITIONS + 1):
                numbers = [f"+21260000{who}{edition:02d}" for who in range(10, 16)]
                if not session.get(Phone, numbers[0]):
                    return edition, numbers
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

    def _actor(self, who: str, number: str, *, by_sms: bool = False) -> Actor:
        carrier = Carrier(self.settings.url_here, self.settings.hook_tokens[0], number, self.settings.sms_number)
        return Actor(who, carrier, self.settings.ussd_code, self._tell, by_sms=by_sms)

    def _tell(self, who: str, what: str, text: str) -> None:
        if not self.quiet:
            self.console.print(Panel(Text(text), title=f"{who}: {what}", title_align="left", width=60))
