"""Associations of emigrants that register by phone: verified before anything is proposed; paused, nothing is."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import select

from service.domain.errors import MoveError, NotFoundError
from service.domain.money import Currency, Money
from service.domain.sectors import Sector
from service.domain.states import AssociationState, ProposalState
from service.locales import Language
from service.models import DiasporaAssociation
from service.models.diaspora import active_contact
from service.models.session import reading, transaction
from service.usecases.diaspora import change_capacity, change_origins, change_sectors, pause_alerts
from service.usecases.enrolment import enrol_diaspora, reject_diaspora, verify_diaspora
from service.usecases.sides import read_sides
from tests.service.usecases.record import audited, texts
from tests.service.usecases.story import Story
from tests.world import LYON, SECRETARY, TAFRAOUT, TALIOUINE, village

PARIS, MADRID = "+33639980077", "+34600000077"


def enrols(story: Story, phone: str = PARIS, name: str = "Paris-Tafraout", capacity: Money | None = None) -> int:
    with transaction(story.engine) as session:
        return enrol_diaspora(
            session,
            story.clock(),
            phone=phone,
            channel="sms",
            language=Language.FR,
            name=name,
            city="Paris",
            country="FR",
            contact_name="Malika",
            origins=[TAFRAOUT, "09.541"],
            sectors=[Sector.WATER, Sector.HEALTH],
            yearly_capacity=capacity,
        ).id


def decides(story: Story, number: int, *, verify: bool = True) -> None:
    with transaction(story.engine) as session:
        if verify:
            verify_diaspora(session, story.clock(), actor="user:1", association_id=number)
        else:
            reject_diaspora(session, story.clock(), actor="user:1", association_id=number, reason="inconnue")


def partners(story: Story) -> Sequence[str]:
    with transaction(story.engine) as session:
        return [partner.name for partner in read_sides(session, story.clock(), 9).partners]


def test_who_enrols_is_asked_nothing_before_a_coordinator_verifies(story: Story) -> None:
    number = enrols(story)
    assert "Paris-Tafraout" not in partners(story)
    decides(story, number)
    assert "Paris-Tafraout" in partners(story)
    decides(story, number, verify=False)
    assert "Paris-Tafraout" not in partners(story)
    assert [one for _, one in story.told()] == ["diaspora_saved", "diaspora_verified", "diaspora_rejected"]
    assert "inconnue" in texts(story.engine, "diaspora_rejected")[0]
    assert audited(story.engine, "diaspora")[-3:] == [
        ("contact", "diaspora.registered"),
        ("user", "diaspora.verified"),
        ("user", "diaspora.rejected"),
    ]


def test_a_pause_lasts_until_its_day_and_no_longer(story: Story) -> None:
    def pause(days: int) -> None:
        with transaction(story.engine) as session:
            contact = active_contact(session, LYON)
            assert contact
            pause_alerts(session, story.clock(), contact=contact, days=days)

    pause(30)
    assert "Lyon-Taliouine" not in partners(story)
    story.clock.move(days=29, hours=23)
    assert "Lyon-Taliouine" not in partners(story)
    story.clock.move(hours=1)
    assert "Lyon-Taliouine" in partners(story)
    pause(10)
    pause(0)
    assert "Lyon-Taliouine" in partners(story)


def test_what_was_said_is_kept_in_dirhams_in_order_and_in_the_zone_of_the_phone(story: Story) -> None:
    number = enrols(story, capacity=Money.of(5_000, Currency.EUR))
    with reading(story.engine) as session:
        kept = session.get_one(DiasporaAssociation, number)
        assert kept.yearly_capacity == 54_000_00
        assert kept.time_zone == "Europe/Paris"
        assert {one.sector: one.strength for one in kept.interests} == {Sector.WATER: 3, Sector.HEALTH: 2}
        assert [(one.level, one.place_code) for one in kept.origins] == [("commune", TAFRAOUT), ("province", "09.541")]


def test_a_name_or_a_phone_is_registered_once(story: Story) -> None:
    enrols(story)
    with pytest.raises(MoveError):
        enrols(story, MADRID)
    with pytest.raises(MoveError):
        enrols(story, PARIS, "Paris-Autre")
    with reading(story.engine) as session:
        assert active_contact(session, MADRID) is None
        assert len(session.scalars(select(DiasporaAssociation)).all()) == 3


def test_who_speaks_for_a_village_does_not_speak_for_emigrants_too(story: Story) -> None:
    """Two dialogues begun at once by a newcomer, each ended: one phone would promise to itself."""
    with pytest.raises(MoveError):
        enrols(story, SECRETARY)
    with transaction(story.engine) as session, pytest.raises(MoveError):
        village(session, story.clock(), LYON, name="Ait Lyon")


def test_of_two_that_take_one_name_at_once_one_has_it(story: Story) -> None:
    together = Barrier(2)

    def enrol(phone: str) -> str:
        together.wait()
        try:
            enrols(story, phone)
        except MoveError:
            return "taken"
        return "enrolled"

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(enrol, (PARIS, MADRID))) == ["enrolled", "taken"]


def test_turned_away_what_was_proposed_to_it_is_open_no_more(story: Story) -> None:
    story.says_yes()
    for number, name in ((story.lyon, "Lyon-Taliouine"), (story.utrecht, "Utrecht-Souss")):
        with reading(story.engine) as session:
            found = session.scalars(select(DiasporaAssociation).where(DiasporaAssociation.name == name)).one()
        decides(story, found.id, verify=False)
        assert story.state(number) is (ProposalState.DECLINED if number == story.lyon else ProposalState.EXPIRED)
    with pytest.raises(MoveError):
        story.accepts()


def test_what_is_decided_twice_or_is_nobodys_is_refused(story: Story) -> None:
    number = enrols(story)
    decides(story, number)
    with pytest.raises(MoveError):
        decides(story, number)
    with pytest.raises(NotFoundError):
        decides(story, 10**6)


def test_two_colleagues_who_change_the_profile_at_once_leave_one_answer(story: Story) -> None:
    together = Barrier(2)

    def change(places: list[str]) -> None:
        together.wait()
        with transaction(story.engine) as session:
            contact = active_contact(session, LYON)
            assert contact
            change_origins(session, story.clock(), contact=contact, origins=places)
            change_sectors(session, story.clock(), contact=contact, sectors=[Sector.ROADS, Sector.WATER])
            change_capacity(session, story.clock(), contact=contact, capacity=None)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(change, ([TALIOUINE, TAFRAOUT], ["09.581"])))
    with reading(story.engine) as session:
        contact = active_contact(session, LYON)
        assert contact
        lyon = contact.association
        places = [one.place_code for one in lyon.origins]
        assert places in ([TALIOUINE, TAFRAOUT], ["09.581"])
        assert {one.sector: one.strength for one in lyon.interests} == {Sector.ROADS: 3, Sector.WATER: 2}
        assert (lyon.yearly_capacity, lyon.state) == (None, AssociationState.VERIFIED)
