"""Conversations over an SMS centre, end to end: centres that others wrote, a database, one bound process between."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from threading import Event, Thread

import pytest
from sqlalchemy import select

from service.container import Container
from service.domain.states import MessageState
from service.gateways.smpp.link import Timing
from service.messaging.liveness import expected, silent, watch
from service.messaging.outbox import tell
from service.messaging.sender import drain
from service.models import Message, Need, Receipt
from service.models.base import Base, table_of
from service.models.session import reading, transaction
from tests.conftest import MovedClock
from tests.peers.scripted import ScriptedGateway
from tests.peers.smpp import ACCOUNT, RECEIPT, Carried, Centre, until
from tests.peers.smpp_npm import NodeCentre
from tests.service.gateways.conftest import HASTY, QUICK
from tests.ussd.conftest import NEED, rows
from tests.world import SECRETARY, STRANGER, settle, village
from ussd.smpp import run

CODE = b"*384*84#"
DIAL, ANSWER, QUESTION, END, NOTICE = 1, 18, 2, 17, 3


@contextmanager
def running(container: Container, centre: Centre, timing: Timing = QUICK, **profile: object) -> Iterator[None]:
    """The process that is bound to the centre, while the block lasts."""
    set_here = {
        "smpp_host": "127.0.0.1",
        "smpp_port": centre.port,
        "sms_routes": {"*": ("smpp",)},
        **ACCOUNT,
        **profile,
    }
    own = replace(container, settings=container.settings.model_copy(update=set_here))
    stop, binds = Event(), centre.binds
    process = Thread(target=run, args=(own, stop, timing))
    process.start()
    try:
        until(lambda: centre.binds > binds)
        yield
    finally:
        stop.set()
        process.join()


@dataclass
class Dialler:
    """A phone on the centre's network; `unit` counts the turns of a session as some carriers do."""

    centre: Centre
    number: str = SECRETARY[1:]
    session: int = 7
    unit: int = 0

    def dials(self, *answers: str, code: bytes = CODE) -> Carried:
        self.session, self.unit = self.session + 1, 0
        screen = self._turn(DIAL, code)
        return self.types(*answers) if answers else screen

    def types(self, *answers: str) -> Carried:
        for answer in answers:
            screen = self._turn(ANSWER, answer.encode())
        return screen

    def hangs_up(self) -> None:
        assert self.centre.deliver(self.number, b"", op=ANSWER, info=self._info(end=1), service_type="USSD") == 0

    def screens(self) -> list[Carried]:
        return [line for line in self.centre.carried if line.op is not None]

    def inbox(self) -> list[Carried]:
        return [line for line in self.centre.carried if line.op is None and line.destination == self.number]

    def _turn(self, operation: int, typed: bytes) -> Carried:
        before = len(self.screens())
        status = self.centre.deliver(self.number, typed, op=operation, info=self._info(), service_type="USSD")
        assert status == 0
        until(lambda: len(self.screens()) > before)
        self.unit += 1
        return self.screens()[-1]

    def _info(self, end: int = 0) -> bytes:
        return bytes([self.session, self.unit << 1 | end])


@pytest.fixture
def phone(container: Container, centre: Centre) -> Dialler:
    """A secretary's phone, in a country that is settled."""
    settle(container.engine)
    with transaction(container.engine) as session:
        village(session, container.clock())
        session.execute(table_of(Message).delete())
    return Dialler(centre)


def last(container: Container, entity: type[Base]) -> Base:
    with reading(container.engine) as session:
        return session.scalars(select(entity).order_by(table_of(entity).c.id.desc())).all()[0]


def test_a_need_is_reported_from_the_dial_to_the_reference(
    container: Container, centre: Centre, phone: Dialler
) -> None:
    with running(container, centre):
        menu = phone.dials()
        assert menu.text.startswith("Ait Abdallah\n1 Signaler un besoin")
        assert (menu.op, menu.info, menu.service_type) == (QUESTION, bytes([8, 1 << 1]), "USSD")
        assert (menu.source, menu.destination, menu.coding, menu.receipt) == ("84", SECRETARY[1:], 15, 0)
        assert menu.validity == ""
        assert '"Puits du bas"' in phone.types(*NEED).text
        assert rows(container, Need) == 0
        saved = phone.types("1")
        assert (saved.op, saved.info[1] & 1) == (END, 1)
        need = last(container, Need)
        assert isinstance(need, Need)
        assert need.reference in saved.text
        # What the fact causes goes out by the same bind.
        until(lambda: need.reference in phone.inbox()[-1].text if phone.inbox() else False)
    assert rows(container, Need) == 1


def test_a_long_dial_brings_its_answers_along(container: Container, centre: Centre, phone: Dialler) -> None:
    with running(container, centre):
        assert phone.dials(code=b"*384*84*1*1#").text.startswith("Combien de foyers")


def test_a_carriers_own_profile_is_followed(container: Container, centre: Centre, phone: Dialler) -> None:
    with running(container, centre, smpp_ussd_end="3", smpp_ussd_codings=(0, 72)):
        assert phone.dials().coding == 0
        assert phone.types(*NEED, "1").op == NOTICE


def test_arabic_goes_out_in_ucs2(container: Container, centre: Centre) -> None:
    settle(container.engine)
    stranger = Dialler(centre, STRANGER[1:])
    with running(container, centre):
        arabic = stranger.dials("1")
    assert arabic.coding == 8
    assert arabic.text.startswith("نحفظ رقمكم")


def test_who_is_cut_off_is_told_how_to_go_on_and_goes_on(container: Container, centre: Centre, phone: Dialler) -> None:
    with running(container, centre):
        phone.dials("1", "1", "84")
        phone.hangs_up()
        until(phone.inbox)
        assert "*384*84#" in phone.inbox()[0].text
        phone.hangs_up()
        assert phone.dials().text.startswith("Vous aviez commencé")
    assert rows(container, Message) == 1


def test_a_dialogue_goes_on_over_a_new_bind(container: Container, centre: Centre, phone: Dialler) -> None:
    with running(container, centre):
        phone.dials("1", "1", "84")
        binds = centre.binds
        centre.drop()
        until(lambda: centre.binds > binds)
        assert phone.types("320000").text.startswith("Part du village")


def test_a_screen_that_came_too_fast_for_the_centre_comes_a_little_later(
    container: Container, centre: Centre, phone: Dialler
) -> None:
    with running(container, centre):
        centre.plan.append(0x58)
        refused = phone.dials()
        until(lambda: len(phone.screens()) == 2)
        assert phone.screens()[1].text == refused.text


def test_a_process_that_was_restarted_in_the_middle_offers_to_go_on(
    container: Container, centre: Centre, phone: Dialler
) -> None:
    with running(container, centre):
        phone.dials("1", "1", "84")
    with running(container, centre):
        assert phone.types("320000").text.startswith("Vous aviez commencé")
        assert phone.types("1").text.startswith("Cout total")


def write_one(container: Container) -> None:
    with transaction(container.engine) as session:
        tell(session, container.clock(), event="test", phone=SECRETARY, template="help_unknown", code="*384*84#")


def test_a_text_is_answered_by_a_text(container: Container, centre: Centre, phone: Dialler) -> None:
    with running(container, centre):
        assert centre.deliver(phone.number, b"AIDE") == 0
        until(lambda: any("BESOIN" in line.text for line in phone.inbox()))


@pytest.mark.usefixtures("phone")
def test_a_receipt_that_comes_before_the_answer_to_the_submit_finds_its_message(
    container: Container, centre: Centre
) -> None:
    write_one(container)
    centre.plan.append("early")
    with running(container, centre):
        until(lambda: rows(container, Receipt) == 1)
        until(lambda: state(container) is MessageState.DELIVERED)


@pytest.mark.usefixtures("phone")
def test_an_answer_that_comes_after_it_was_waited_for_ends_the_doubt(
    container: Container, centre: Centre, clock: MovedClock
) -> None:
    write_one(container)
    centre.plan.append("late")
    with running(container, centre, HASTY):
        until(lambda: state(container) is MessageState.UNKNOWN)
        clock.move(minutes=5)
        centre.answer()
        until(lambda: state(container) is MessageState.ACCEPTED)
        receipt = RECEIPT.format(centre.carried[0].message_id, "DELIVRD")
        assert centre.deliver(SECRETARY[1:], receipt.encode(), esm_class=4) == 0
    assert state(container) is MessageState.DELIVERED
    assert len(centre.carried) == 1


class Worker:
    """The worker beside the bound process: it holds the second gateway of the route, and watches the first."""

    def __init__(self, container: Container) -> None:
        self.other = ScriptedGateway()
        self.routes = {"*": ("smpp", self.other.name)}
        settings = container.settings.model_copy(update={"sms_routes": self.routes})
        self._own = replace(container, settings=settings, gateways={self.other.name: self.other})
        self.phones = 0

    def write(self, count: int) -> None:
        with transaction(self._own.engine) as session:
            for _ in range(count):
                self.phones += 1
                phone = f"+2126000000{self.phones:02}"
                tell(session, self._own.clock(), event="test", phone=phone, template="help_unknown", code="*384*84#")

    def works(self) -> None:
        drain(self._own)
        watch(self._own)
        drain(self._own)

    def accepted(self) -> int:
        with reading(self._own.engine) as session:
            return len(session.scalars(select(Message.id).where(Message.state == MessageState.ACCEPTED)).all())

    def misses_it(self) -> bool:
        with reading(self._own.engine) as session:
            return bool(silent(session, self._own.clock(), expected(self._own.settings)))


def test_what_a_lost_link_cannot_carry_takes_the_next_gateway_until_the_centre_is_back(
    container: Container, npm: NodeCentre, clock: MovedClock
) -> None:
    worker = Worker(container)
    with running(container, npm, sms_routes=worker.routes):
        until(lambda: not worker.misses_it())
        worker.write(5)
        until(lambda: worker.accepted() == 5)  # or the drop leaves some in doubt
        npm.order("refuse", status=0x0E)
        npm.drop()
        until(lambda: npm.told("refused"))
        worker.write(10)
        worker.works()
        assert worker.other.sent == []
        clock.move(minutes=5)
        worker.works()
        assert len(worker.other.sent) == 10
        npm.order("refuse", status=0)
        until(lambda: not worker.misses_it())
        worker.write(5)
        until(lambda: worker.accepted() == 20)
        worker.works()
    carried = Counter([*(one.phone[1:] for one in worker.other.sent), *(line.destination for line in npm.carried)])
    assert (len(carried), carried.total()) == (20, 20)


def state(container: Container) -> MessageState:
    message = last(container, Message)
    assert isinstance(message, Message)
    return message.state
