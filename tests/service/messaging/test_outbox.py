"""Telling: one row in the caller's transaction, once, in the receiver's language, and nothing after STOP."""

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from service.domain.money import Money
from service.domain.sectors import Sector
from service.domain.states import MessageState
from service.locales import Language, speaker
from service.messaging.outbox import tell
from service.messaging.phrases import Country, Phrase, words
from service.messaging.segments import measure
from service.models import Message, Phone
from service.models.communes import Commune, Province
from service.models.session import transaction
from service.usecases.phones import know_phone, stop
from tests.conftest import MovedClock
from tests.world import newest_message

PHONE = "+212612345678"
COMMUNE = Commune(name_fr="Aït Bâha", name_ar="آيت باها")


def tell_reference(session: Session, clock: MovedClock, event: str = "need:1") -> bool:
    return tell(session, clock(), event=event, phone=PHONE, template="need_saved", reference="K7-4Q2")


def test_a_message_is_queued_with_the_fact_that_causes_it(engine: Engine, clock: MovedClock) -> None:
    with transaction(engine) as session:
        assert tell_reference(session, clock)
        message = newest_message(session)
        assert message.key == f"need:1|{PHONE}|need_saved"
        assert message.state is MessageState.QUEUED
        assert (message.parts, message.next_at, message.created_at) == (1, clock(), clock())
        assert "K7-4Q2" in message.text


def test_the_same_fact_is_told_once_and_the_callers_transaction_goes_on(engine: Engine, clock: MovedClock) -> None:
    with transaction(engine) as session:
        tell_reference(session, clock)
    with transaction(engine) as session:
        session.add(Phone(number="+33639980001", language=Language.FR))
        assert not tell_reference(session, clock)
        assert tell_reference(session, clock, event="need:2") is not None
    with transaction(engine) as session:
        assert session.scalar(select(func.count(Message.id))) == 2
        assert session.get(Phone, "+33639980001") is not None


def test_a_fact_that_is_rolled_back_tells_nobody(engine: Engine, clock: MovedClock) -> None:
    with Session(engine) as session:
        tell_reference(session, clock)
        session.rollback()
    with transaction(engine) as session:
        assert session.scalar(select(func.count(Message.id))) == 0


def test_a_phone_is_told_in_its_language_with_the_words_of_its_language(engine: Engine, clock: MovedClock) -> None:
    texts = []
    for number, language in enumerate(Language):
        with transaction(engine) as session:
            phone = f"+21261234567{number}"
            know_phone(session, clock(), phone, language)
            tell(
                session,
                clock(),
                event="proposal:1",
                phone=phone,
                template="alert",
                count=2,
                sector=Sector.WATER,
                douar="Imlil",
                commune=COMMUNE,
                households=84,
                amount=Money.of(320_000),
                source="village",
                reasons=[Phrase("reason.origin.commune"), Phrase("reason.sector", {"sector": Sector.WATER})],
                reference="K7-4Q2",
            )
            message = newest_message(session)
            assert message.language == language
            texts.append(message.text)
    french, arabic, tachelhit, english = texts
    assert "Imlil (Ait Baha)" in french  # folded, or it would take two parts
    assert "DH (village): votre commune, Eau potable. 2 autres consultées." in french
    assert "آيت باها" in arabic
    assert "جماعتكم، الماء. غيركم 2" in arabic
    assert "DH (village): ljama3a nnun, Aman" in tachelhit
    assert "MAD (village): your commune, Water. 2 others asked." in english


def test_a_province_is_said_in_the_receivers_letters() -> None:
    province = {"name": Province("09.163", "Chtouka-Aït Baha", "اشتوكة آيت باها")}
    said = [words(speaker(language), province)["name"] for language in ("fr", "ar")]
    assert said == ["Chtouka-Aït Baha", "اشتوكة آيت باها"]


def test_a_country_is_said_by_its_name(engine: Engine, clock: MovedClock) -> None:
    with transaction(engine) as session:
        tell(
            session,
            clock(),
            event="proposal:1",
            phone=PHONE,
            template="interest",
            diaspora="Lyon-Taliouine",
            city="Lyon",
            country=Country("FR"),
            reference="K7-4Q2",
            code="*384*84#",
        )
        message = newest_message(session)
        assert "Lyon-Taliouine (Lyon, France)" in message.text


def test_a_long_title_is_shortened_rather_than_sent_in_three_parts(engine: Engine, clock: MovedClock) -> None:
    with transaction(engine) as session:
        tell(session, clock(), event="x", phone=PHONE, template="need_rejected", reference="K7-4Q2", reason="ب" * 200)
        message = newest_message(session)
        assert message.parts == measure(message.text).parts == 2
        assert "ببب..." in message.text
        assert "K7-4Q2" in message.text
        assert message.text.endswith("BESOIN.")


def test_after_stop_nothing_is_told_not_even_an_answer(engine: Engine, clock: MovedClock) -> None:
    with transaction(engine) as session:
        stop(session, clock(), PHONE, "opt-out")

        def told(template: str, *, reply: bool) -> bool:
            return bool(tell(session, clock(), event="sms:1", phone=PHONE, template=template, reply=reply))

        assert not told("help_village", reply=True)
        assert not told("stopped", reply=False)
        assert told("stopped", reply=True)
