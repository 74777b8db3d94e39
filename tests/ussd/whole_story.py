"""The world of the whole story, in this process: its phones speak to the real hooks, its coordinator to the pages."""

from dataclasses import dataclass, field

import requests
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from jobs import make_jobs
from service.cli.acts import ACTS, Place, Tale
from service.cli.carrier import Carrier
from service.cli.coordinator import Coordinator
from service.cli.story import Actor, StoryError
from service.container import Container
from service.domain.roles import UserRole
from service.locales import Language
from service.messaging.sender import drain
from service.models import Commune
from service.models.session import reading, transaction
from service.usecases.phones import know_phone
from service.usecases.users import create_user, set_phone
from tests.conftest import MovedClock
from tests.world import LYON, SECRETARY, TALIOUINE, TREASURER, diaspora

URL = "http://localhost"
WAYS = ("ussd", "sms", "mixed")
DUTY = "+212600000050"
VILLAGERS = ("+212600000060", "+212600000070", "+212600000071")
A_TURN = 5  # seconds that a person takes


class Near(Carrier):
    """A carrier in the service's own process; what was queued is sent before somebody looks at a phone."""

    def __init__(self, world: "World", number: str) -> None:
        settings = world.container.settings
        self.world, self.client = world, world.app.test_client()
        super().__init__(URL, settings.hook_tokens[0], number, settings.sms_number)

    def _ask(
        self, method: str, path: str, *, params: dict[str, str] | None = None, data: dict[str, str] | None = None
    ) -> requests.Response:
        if method == "GET":
            drain(self.world.container)
        else:
            self.world.clock.move(seconds=A_TURN)
        return _as_requests(self.client.open(path, method=method, query_string=params, data=data))


class Here(Coordinator):
    """A coordinator in the service's own process."""

    def __init__(self, client: FlaskClient, name: str, password: str) -> None:
        self.client = client
        super().__init__(URL, name, password)

    def _ask(self, method: str, path: str, form: dict[str, str] | None = None) -> requests.Response:
        return _as_requests(self.client.open(path, method=method, data=form, follow_redirects=True))


def _as_requests(answer: TestResponse) -> requests.Response:
    made = requests.Response()
    made.status_code, made.url, made.encoding = answer.status_code, answer.request.url, "utf-8"
    made._content = answer.data
    return made


@dataclass
class World:
    """The service with a clock that is moved; `said` is all that the phones showed."""

    app: Flask
    container: Container
    clock: MovedClock
    said: list[tuple[str, str, str]] = field(default_factory=list)
    coordinators: int = 0

    def tale(self, language: Language) -> Tale:
        """Return the people of the story, who all speak one language."""
        with transaction(self.container.engine) as session:
            diaspora(session, self.clock(), language=language)
            create_user(session, self.clock(), name="Duty", role=UserRole.COORDINATOR)
            set_phone(session, self.clock(), name="Duty", number=DUTY)
            know_phone(session, self.clock(), DUTY, language)
        with reading(self.container.engine) as session:
            commune = session.get_one(Commune, TALIOUINE)
        arabic = language is Language.AR
        name = commune.name_ar if arabic else commune.name_ascii
        return Tale(
            self.actor("secretary", SECRETARY, language),
            self.actor("treasurer", TREASURER, language),
            self.actor("Lyon", LYON, language),
            self.actor("duty", DUTY, language),
            (
                self.actor("villager 1", VILLAGERS[0], language),
                self.actor("villager 2", VILLAGERS[1], language),
                self.actor("villager 3", VILLAGERS[2], language),
            ),
            Place(commune.province_ar if arabic else commune.province_fr, name, name, "Ifri"),
            "Association Ifri",
            "Lyon-Taliouine",
            self.coordinator,
            self.job,
            self.later,
        )

    def actor(self, who: str, number: str, language: Language) -> Actor:
        """Return somebody with a phone."""
        code = self.container.settings.ussd_code
        return Actor(who, Near(self, number), code, lambda *told: self.said.append(told), language=language)

    def texting(self, number: str, language: Language = Language.FR) -> Actor:
        """Return somebody who only texts."""
        actor = self.actor(number, number, language)
        actor.by_sms = True
        return actor

    def coordinator(self) -> Coordinator:
        """Return a coordinator at the admin view: another one each day."""
        self.coordinators += 1
        name = f"Zahra {self.coordinators}"
        with transaction(self.container.engine) as session:
            _, password = create_user(session, self.clock(), name=name, role=UserRole.COORDINATOR)
        return Here(self.app.test_client(), name, password)

    def job(self, name: str) -> None:
        """Run a job as the clock does."""
        (job,) = [one for one in make_jobs(self.container.settings) if one.name == name]
        job.run(self.container)

    def later(self, days: int) -> bool:
        """Let days pass."""
        self.clock.move(days=days)
        return True

    def last_told(self, who: str) -> str:
        """Return the last SMS that somebody got."""
        return next(text for name, what, text in reversed(self.said) if name == who and what.startswith("receives"))

    def play(self, tale: Tale, way: str) -> None:
        """Play an act a day, by USSD, by SMS, or by the one and the other in turns; name the act that breaks off."""
        for number, (title, act) in enumerate(ACTS):
            for actor in (tale.secretary, tale.treasurer, tale.lyon):
                actor.by_sms = way == "sms" or (way == "mixed" and number % 2 == 1)
            # In turns, so do the villagers: one as the others do not.
            for turn, villager in enumerate(tale.residents):
                villager.by_sms = way == "sms" or (way == "mixed" and (number + turn) % 2 == 1)
            self.clock.move(days=1)
            tale.signed_in = None
            try:
                act(tale)
            except StoryError as error:
                last = "\n\n".join(f"{who}: {what}\n{text}" for who, what, text in self.said[-6:])
                raise AssertionError(f"{title}: {error}\n\n{last}") from error
