"""Broadcasts: a second person approves, nobody gets it twice, nobody who should not gets it, and it can be held."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Engine, select, update

from jobs.broadcasts import send_broadcasts
from service.container import Container
from service.domain.broadcasts import Audience, BroadcastState, LeftOut, OwnBroadcastError, Who
from service.domain.errors import MoveError
from service.domain.kinds import Kind
from service.domain.roles import OfficerRole, UserRole
from service.domain.sectors import Sector
from service.domain.states import AssociationState, MessageState
from service.locales import Language, speaker
from service.messaging.segments import measure
from service.messaging.sender import drain
from service.models import (
    AuditEntry,
    Broadcast,
    BroadcastReceiver,
    Message,
    Officer,
    Phone,
    User,
    VillageAssociation,
)
from service.models.session import reading, transaction
from service.usecases import broadcasts
from service.usecases.broadcasts import approve, as_sent, cancel, pause, preview, resume, send_some, write_broadcast
from service.usecases.leaving import forget
from service.usecases.phones import stop
from tests.conftest import MovedClock
from tests.peers.scripted import ScriptedGateway
from tests.world import LYON, SECRETARY, TALIOUINE, UTRECHT, diaspora, need_of, settle, village
from ussd.transports.keywords import Action, read_command

PEOPLE = [f"+2126110000{number:02}" for number in range(10)]
VILLAGES = Audience(Who.VILLAGES)
TEXTS = {"fr": "Réunion à Taliouine le 3 décembre.", "ar": "اجتماع في تالوين يوم 3 دجنبر."}
FORM = "0" * 32
Write = Callable[..., int]


@pytest.fixture
def gateway() -> ScriptedGateway:
    return ScriptedGateway()


@pytest.fixture
def container(container: Container, gateway: ScriptedGateway) -> Container:
    settings = container.settings.model_copy(update={"sms_routes": {"*": (gateway.name,)}, "cap_association": 50})
    return replace(container, settings=settings, gateways={gateway.name: gateway})


@pytest.fixture
def users(engine: Engine, clock: MovedClock) -> tuple[User, User]:
    with transaction(engine) as session:
        made = [
            User(name=name, role=UserRole.COORDINATOR, password_hash="", password_once=False, created_at=clock())
            for name in ("Zahra", "Amina")
        ]
        session.add_all(made)
    return made[0], made[1]


@pytest.fixture
def officers(engine: Engine, clock: MovedClock) -> None:
    """A verified village of ten."""
    settle(engine)
    with transaction(engine) as session:
        session.add_all([Phone(number=one, language=Language.FR) for one in PEOPLE])
        session.flush()
        association = VillageAssociation(
            name="Ait Abdallah",
            douar="Ifri",
            commune_code=TALIOUINE,
            state=AssociationState.VERIFIED,
            registered_at=clock(),
        )
        association.officers = [Officer(phone=one, role=OfficerRole.WITNESS, joined_at=clock()) for one in PEOPLE]
        session.add(association)


@pytest.fixture
def written(engine: Engine, clock: MovedClock, users: tuple[User, User]) -> Write:
    def write(audience: Audience = VILLAGES, *, approved: bool = False, form: str = FORM) -> int:
        with transaction(engine) as session:
            number = write_broadcast(session, clock(), user=users[0], audience=audience, texts=TEXTS, form=form)
            if approved:
                approve(session, clock(), user=users[1], broadcast_id=number)
            return number

    return write


def texts_to(engine: Engine) -> dict[str, int]:
    with reading(engine) as session:
        return Counter(session.scalars(select(Message.phone).where(Message.kind == Kind.BROADCAST)))


def results(engine: Engine) -> dict[str, LeftOut | None]:
    with reading(engine) as session:
        return {one.phone: one.left_out for one in session.scalars(select(BroadcastReceiver))}


def state(engine: Engine) -> BroadcastState:
    with reading(engine) as session:
        return session.scalars(select(Broadcast.state)).one()


@pytest.mark.usefixtures("officers")
def test_who_wrote_it_does_not_approve_it_and_till_then_nothing_leaves(
    engine: Engine, container: Container, users: tuple[User, User], written: Write, clock: MovedClock
) -> None:
    number = written()
    with transaction(engine) as session, pytest.raises(OwnBroadcastError):
        approve(session, clock(), user=users[0], broadcast_id=number)
    send_broadcasts(container)
    assert (state(engine), texts_to(engine)) == (BroadcastState.WRITTEN, {})
    with transaction(engine) as session:
        approve(session, clock(), user=users[1], broadcast_id=number)
        with pytest.raises(MoveError):
            approve(session, clock(), user=users[1], broadcast_id=number)
    assert send_broadcasts(container) == "10 seen to"
    assert (state(engine), texts_to(engine)) == (BroadcastState.SENT, dict.fromkeys(PEOPLE, 1))
    with reading(engine) as session:
        acts = select(AuditEntry.action).where(AuditEntry.action.startswith("broadcast."))
        assert session.scalars(acts.order_by(AuditEntry.id)).all() == [
            "broadcast.written",
            "broadcast.approved",
            "broadcast.sent",
        ]


@pytest.mark.usefixtures("officers")
def test_one_form_writes_one_broadcast(written: Write) -> None:
    assert written() == written()
    assert written(form="1" * 32) != written()


@pytest.mark.usefixtures("officers")
def test_a_crash_between_batches_leaves_each_receiver_exactly_one_message(
    engine: Engine, container: Container, written: Write, clock: MovedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broadcasts, "BATCH", 3)
    number = written(approved=True)
    with transaction(engine) as session:
        assert send_some(session, container.settings, clock(), number) == 3
    with transaction(engine) as session:  # the process dies before it commits
        send_some(session, container.settings, clock(), number)
        session.rollback()
    assert sum(texts_to(engine).values()) == 3
    assert send_broadcasts(container) == "7 seen to"
    assert send_broadcasts(container) == "0 seen to"
    assert texts_to(engine) == dict.fromkeys(PEOPLE, 1)
    assert results(engine) == dict.fromkeys(PEOPLE)


@pytest.mark.usefixtures("officers")
def test_stop_between_approval_and_sending_is_respected_however_late(
    engine: Engine, container: Container, gateway: ScriptedGateway, written: Write, clock: MovedClock
) -> None:
    written(approved=True)
    with transaction(engine) as session:
        stop(session, clock(), PEOPLE[0], "ussd")
    send_broadcasts(container)
    with transaction(engine) as session:
        stop(session, clock(), PEOPLE[1], "ussd")
    drain(container)
    assert {one.phone for one in gateway.sent} == set(PEOPLE[2:])
    assert results(engine)[PEOPLE[0]] is LeftOut.STOP
    with reading(engine) as session:
        late = session.scalars(select(Message).where(Message.phone == PEOPLE[1], Message.kind == Kind.BROADCAST)).one()
        assert (late.state, late.reason) == (MessageState.CANCELLED, "stop")


@pytest.mark.usefixtures("officers")
def test_a_pause_holds_what_has_not_left_and_the_rest_goes_on_after_it(
    engine: Engine,
    container: Container,
    gateway: ScriptedGateway,
    users: tuple[User, User],
    written: Write,
    clock: MovedClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(broadcasts, "BATCH", 4)
    number = written(approved=True)
    with transaction(engine) as session:
        send_some(session, container.settings, clock(), number)
    drain(container, limit=1)
    with transaction(engine) as session:
        pause(session, clock(), user=users[0], broadcast_id=number)
    clock.move(days=8)  # also longer than what waits is usually worth sending
    send_broadcasts(container)
    drain(container)
    assert len(gateway.sent) == 1
    with transaction(engine) as session:
        resume(session, clock(), user=users[0], broadcast_id=number)
    send_broadcasts(container)
    drain(container)
    assert sorted(one.phone for one in gateway.sent) == PEOPLE


@pytest.mark.usefixtures("officers")
def test_a_cancelled_one_ends_with_what_had_left(
    engine: Engine,
    container: Container,
    gateway: ScriptedGateway,
    users: tuple[User, User],
    written: Write,
    clock: MovedClock,
) -> None:
    number = written(approved=True)
    send_broadcasts(container)
    drain(container, limit=2)
    with transaction(engine) as session:
        cancel(session, clock(), user=users[0], broadcast_id=number)
        with pytest.raises(MoveError):
            resume(session, clock(), user=users[0], broadcast_id=number)
    send_broadcasts(container)
    drain(container)
    assert (len(gateway.sent), state(engine)) == (2, BroadcastState.CANCELLED)
    with reading(engine) as session:
        states = Counter(session.scalars(select(Message.state)))
    assert states == {MessageState.ACCEPTED: 2, MessageState.CANCELLED: 8}


@pytest.mark.usefixtures("officers")
def test_few_wait_in_the_outbox_at_a_time(
    engine: Engine, container: Container, written: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broadcasts, "AHEAD", 4)
    written(approved=True)
    for left, there in ((0, 4), (0, 4), (4, 8), (4, 10)):
        drain(container, limit=left)
        send_broadcasts(container)
        assert sum(texts_to(engine).values()) == there
    assert state(engine) is BroadcastState.SENT


@pytest.mark.usefixtures("officers")
def test_who_is_left_out_and_why_and_what_it_costs_are_known_before(
    engine: Engine, container: Container, written: Write, clock: MovedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broadcasts, "MOST_A_WEEK", 1)
    written(approved=True)
    with transaction(engine) as session:  # two have had one this week
        monkeypatch.setattr(broadcasts, "BATCH", 2)
        send_some(session, container.settings, clock(), session.scalars(select(Broadcast.id)).one())
        session.execute(update(Broadcast).values(state=BroadcastState.CANCELLED))
        stop(session, clock(), PEOPLE[2], "ussd")
        for phone, values in (
            (PEOPLE[3], {"seen_at": clock() - timedelta(days=366)}),
            (PEOPLE[4], {"language": Language.SHI}),
            (PEOPLE[5], {"language": Language.AR}),
        ):
            session.execute(update(Phone).where(Phone.number == phone).values(**values))
    number = written(form="1" * 32)
    with reading(engine) as session:
        seen = preview(session, container.settings, clock(), session.get_one(Broadcast, number))
    out = {LeftOut.CAP: 2, LeftOut.STOP: 1, LeftOut.INACTIVE: 1, LeftOut.LANGUAGE: 1}
    assert (seen.reached, seen.left_out, seen.count) == ({"fr": 4, "ar": 1}, out, 5)
    parts = {one: measure(as_sent(text, one)).parts for one, text in TEXTS.items()}
    assert (seen.parts, seen.cost) == (parts, 80 * (4 * parts["fr"] + parts["ar"]))
    nobody = container.settings.model_copy(update={"sms_countries": ("FR",), "sms_prices": {"*": Decimal(1)}})
    with reading(engine) as session:
        seen = preview(session, nobody, clock(), session.get_one(Broadcast, number))
    assert (seen.count, seen.left_out[LeftOut.COUNTRY], seen.cost) == (0, 6, 0)


@pytest.mark.parametrize(
    ("audience", "meant"),
    [
        (Audience(Who.VILLAGES), {SECRETARY}),
        (Audience(Who.VILLAGES, place="09.541"), {SECRETARY}),
        (Audience(Who.VILLAGES, place=TALIOUINE), {SECRETARY}),
        (Audience(Who.VILLAGES, place="09.54"), set()),
        (Audience(Who.VILLAGES, place="09.581"), set()),
        (Audience(Who.VILLAGES, role="secretary", sector=Sector.WATER, state="verified"), {SECRETARY}),
        (Audience(Who.VILLAGES, role="president"), set()),
        (Audience(Who.VILLAGES, sector=Sector.ROADS), set()),
        (Audience(Who.VILLAGES, state="rejected"), set()),
        (Audience(Who.DIASPORA), {LYON}),
        (Audience(Who.DIASPORA, country="FR", sector=Sector.WATER, place="09"), {LYON}),
        (Audience(Who.DIASPORA, country="NL"), set()),
        (Audience(Who.DIASPORA, sector=Sector.ROADS), set()),
    ],
)
def test_an_audience_is_who_was_meant(
    engine: Engine, container: Container, written: Write, clock: MovedClock, audience: Audience, meant: set[str]
) -> None:
    settle(engine)
    with transaction(engine) as session:
        village(session, clock())
        need_of(session, clock())
        diaspora(session, clock())
        resting = diaspora(session, clock(), UTRECHT, "Utrecht-Souss")
        resting.paused_until = clock() + timedelta(days=9)
    written(audience, approved=True)
    send_broadcasts(container)
    assert texts_to(engine) == dict.fromkeys(meant, 1)
    paused = audience.who is Who.DIASPORA and LYON in meant
    assert results(engine).get(UTRECHT) is (LeftOut.PAUSED if paused else None)


@pytest.mark.usefixtures("officers")
def test_who_is_forgotten_is_no_receiver_any_more(
    engine: Engine, container: Container, written: Write, clock: MovedClock
) -> None:
    written(approved=True)
    send_broadcasts(container)
    with transaction(engine) as session:
        forget(session, clock(), phone=PEOPLE[0])
    assert PEOPLE[0] not in results(engine)
    assert len(results(engine)) == 10


@pytest.mark.parametrize("language", Language)
def test_each_text_says_how_to_have_no_more_and_the_service_understands_the_word(language: Language) -> None:
    said = speaker(language).say("broadcast.stop")
    words = [word.strip(" :.") for word in said.split(":")]
    assert any((command := read_command(word)) and command.action is Action.STOP for word in words)
    assert as_sent("Bonjour", language).endswith(said[-8:])


@pytest.mark.parametrize(
    ("written", "begins"),
    [("Bonjour", "Tiwizi: Bonjour "), ("Tiwizi : Salam", "Tiwizi : Salam "), ("سلام", "تيويزي: سلام ")],
)
def test_a_broadcast_begins_with_who_sends_it_once(written: str, begins: str) -> None:
    assert as_sent(written, Language.FR).startswith(begins)
