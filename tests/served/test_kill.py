"""kill -9 at every turn of the story, between turns and in the middle of one: nothing is lost, nothing is doubled."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from time import monotonic, sleep

import pytest
import requests
from sqlalchemy import Engine, func, select

from service.container import utc_now
from service.domain.sectors import Sector, Urgency
from service.domain.states import MessageState, ProposalState
from service.models import Consent, InboundEvent, Message, Need, Officer, Proposal, VillageAssociation
from service.models.session import reading, transaction
from service.usecases.associations import verify_association
from service.usecases.needs import verify_need
from tests.served.conftest import TOKEN, Service
from tests.world import LYON, SECRETARY, diaspora

pytestmark = [pytest.mark.served, pytest.mark.timeout(600)]
CODE = "*384*84#"
# The answers of the whole conversation of each dial, in the order of the story.
REGISTERS = ("3", "1", "1", "2", "4", "taliwin", "1", "Ifri", "Association Ifri", "1")
REPORTS = ("1", "1", "84", "320 000", "60000", "Puits du bas", "1")
ACCEPTS = ("1", "1", "2580", "2580")
TURNS = len(REGISTERS) + len(REPORTS) + len(ACCEPTS) + 3 + 2
# Nobody presses two keys within a tenth of a second; another process may read the journal only after it is written.
PAUSE = 0.1
# Seconds after the request left: before, within and after a turn's few milliseconds, over and over.
MOMENTS = (0.0, 0.002, 0.004, 0.006, 0.008, 0.012, 0.02, 0.04)


class Story:
    """Plays the story over HTTP; a subclass says how a turn reaches the service."""

    def __init__(self, service: Service, engine: Engine) -> None:
        self.service, self.engine = service, engine
        self.turns = 0

    def post(self, hook: str, form: dict[str, str]) -> str:
        """One turn. 200, or the carrier would repeat it."""
        sleep(PAUSE)
        answer = requests.post(f"{self.service.url}/hooks/africastalking/{TOKEN}/{hook}", data=form, timeout=15)
        assert answer.status_code == HTTPStatus.OK, answer.text
        return answer.text

    def play(self) -> None:
        with transaction(self.engine) as session:
            diaspora(session, utc_now())
        assert self._dials("first", REGISTERS).startswith("END Recu.")
        with transaction(self.engine) as session:
            association = session.scalars(select(VillageAssociation)).one()
            verify_association(session, utc_now(), actor="user:1", association_id=association.id, code="*1#")
        assert self._dials("second", REPORTS).startswith("END Recu. Réf")
        with transaction(self.engine) as session:
            need = session.scalars(select(Need)).one()
            verify_need(session, utc_now(), actor="user:1", need_id=need.id, urgency=Urgency.HIGH)
        matched = self.service.tiwizi("job", "match")
        assert matched.returncode == 0, matched.stderr
        self._texts("first", f"INFO {need.reference}")
        self._texts("second", f"OUI {need.reference}")
        assert self._dials("third", ACCEPTS).startswith("END Merci")

    def _dials(self, name: str, answers: tuple[str, ...]) -> str:
        form = {"sessionId": f"ATUid_{name}", "phoneNumber": SECRETARY, "serviceCode": CODE, "networkCode": "99999"}
        reply = ""
        for typed in range(len(answers) + 1):
            self.turns += 1
            reply = self.post("ussd", {**form, "text": "*".join(answers[:typed])})
        return reply

    def _texts(self, name: str, text: str) -> None:
        self.turns += 1
        date = "2026-11-23T10:00:00Z"
        self.post("sms", {"id": f"sms-{name}", "from": LYON, "to": "+212600000000", "date": date, "text": text})


class Killed(Story):
    """The server dies before every turn."""

    def post(self, hook: str, form: dict[str, str]) -> str:
        sleep(PAUSE)
        self.service.restart("web")
        return super().post(hook, form)


class Interrupted(Story):
    """The server dies while it may be working on a turn, which the carrier then repeats."""

    def post(self, hook: str, form: dict[str, str]) -> str:
        sleep(PAUSE)
        with ThreadPoolExecutor(1) as line:
            cut_off = line.submit(super().post, hook, form)
            sleep(MOMENTS[self.turns % len(MOMENTS)])
            self.service.kill("web")
            answered = None if isinstance(cut_off.exception(), requests.ConnectionError) else cut_off.result()
        self.service.start("web")
        again = super().post(hook, form)
        assert answered is None or again == answered, "the repeated turn got another answer"
        return again


def assert_told_once(engine: Engine) -> None:
    """The facts of the story, each once, and its messages, each once and delivered."""
    with reading(engine) as session:
        for entity in (VillageAssociation, Officer, Need, Proposal):
            assert session.scalar(select(func.count()).select_from(entity)) == 1, entity
        assert session.scalar(select(func.count()).select_from(Consent)) == 2
        assert session.scalars(select(Proposal.state)).one() is ProposalState.INTRODUCED
        need = session.scalars(select(Need)).one()
        assert (need.sector, need.households, need.cost, need.village_share) == (
            Sector.WATER,
            84,
            32_000_000,
            6_000_000,
        )
        sent = Counter(session.scalars(select(Message.template)))
        texts = session.scalar(select(func.count()).select_from(InboundEvent).where(InboundEvent.kind == "sms"))
    told = ("association_saved", "association_verified", "need_saved", "need_verified", "alert", "info")
    then = ("interest_noted", "interest", "introduced_village", "introduced_diaspora")
    assert sent == Counter([*told, *then])
    assert texts == 2


def await_delivery(engine: Engine, under_way: int = 0) -> None:
    """Wait until the worker has emptied the outbox, but for up to so many messages that are still being sent."""
    until = monotonic() + 60
    while monotonic() < until:
        with reading(engine) as session:
            states = Counter(session.scalars(select(Message.state)))
        if states.total() - states[MessageState.DELIVERED] == states[MessageState.ATTEMPTING] <= under_way:
            return
        sleep(0.2)
    raise AssertionError(f"the outbox holds {states}")


@pytest.mark.parametrize("kind", [Killed, Interrupted])
def test_a_server_killed_at_every_turn_loses_and_doubles_nothing(
    service: Service, engine: Engine, kind: type[Story]
) -> None:
    service.start("web")
    story = kind(service, engine)
    story.play()
    assert story.turns == TURNS
    service.start("worker")
    await_delivery(engine)
    assert_told_once(engine)


def test_a_worker_killed_while_it_sends_doubles_nothing(service: Service, engine: Engine) -> None:
    service.start("web")
    service.start("worker")
    Story(service, engine).play()
    service.restart("worker")
    # The one text that the killed one was sending nobody touches before its lease ends, after four minutes.
    await_delivery(engine, under_way=1)
    assert_told_once(engine)
