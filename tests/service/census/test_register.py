"""The register of communes in the database, and how a villager finds theirs in it."""

from collections.abc import Iterator
from dataclasses import asdict
from functools import cache

import pytest
from sqlalchemy import Engine, func, insert, select
from sqlalchemy.orm import Session

from service.census import CensusCommune, communes
from service.models import Commune
from service.models.communes import find_communes, provinces, regions
from service.models.session import reading, transaction
from service.usecases.communes import load_communes

TAROUDANNT = "09.541"

# What a person of Souss-Massa types on twelve keys, or copies from a stamp, and the commune that is meant.
TYPED_IN_SOUSS_MASSA = {
    "talouine": "Taliouine",
    "taliwin": "Taliouine",
    "Taliouin": "Taliouine",
    "ait abdala": "Ait Abdallah",
    "aït abdellah": "Ait Abdallah",
    "aitabdallah": "Ait Abdallah",
    "tafrawt": "Tafraout",
    "tafraoute": "Tafraout",
    "belfa3": "Belfaâ",
    "bel3fa": "Belfaâ",
    "oulad teima": "Oulad Teima",
    "ouled tayma": "Oulad Teima",
    "wlad berhil": "Oulad Berhil",
    "ouled berrhil": "Oulad Berhil",
    "taroudant": "Taroudannt",
    "tarudant": "Taroudannt",
    "tiznite": "Tiznit",
    "igherm": "Irherm",
    "ighrem": "Irherm",
    "awlouz": "Aoulouz",
    "oulouz": "Aoulouz",
    "biogra": "Biougra",
    "biyoukra": "Biougra",
    "masa": "Massa",
    "imouzar": "Imouzzer",
    "immouzer": "Imouzzer",
    "askawn": "Askaouen",
    "tawyalt": "Taouyalte",
    "tizi n test": "Tizi N'test",
    "bigoudin": "Bigoudine",
    "ouled aissa": "Oulad Aissa",
    "lqlia3": "Lqliaa",
    "lkliaa": "Lqliaa",
    "dchira": "Dcheira El Jihadia",
    "inzgane": "Inezgane",
    "ayt melloul": "Ait Melloul",
    "ait melol": "Ait Melloul",
    "drarga": "Drargua",
    "tagazout": "Taghazout",
    "awrir": "Aourir",
    "tifnout": "Ahl Tifnoute",
    "wnin": "Ouneine",
    "zagmozen": "Zagmouzen",
    "foum zgid": "Foum Zguid",
    "foum el hisn": "Fam El Hisn",
    "ait wafka": "Ait Ouafqa",
    "aglou": "Tnine Aglou",
    "arba3 rasmouka": "Arbaa Rasmouka",
    "rasmouka": "Arbaa Rasmouka",
    "ayt bha": "Ait Baha",
    "oued safa": "Oued Essafa",
    "boushab": "Sidi Boushab",
    "elguerdan": "El Guerdane",
    "gerdane": "El Guerdane",
    "frija": "Freija",
    "talkjount": "Talgjount",
    "tafinguelt": "Tafingoult",
    "تالوين": "Taliouine",
    "تلوين": "Taliouine",
    "ايت عبدالله": "Ait Abdallah",
    "بلفاع": "Belfaâ",
    "اولاد تيمة": "Oulad Teima",
    "تردانت": "Taroudannt",
    "انزڭان": "Inezgane",
    "اكلو": "Tnine Aglou",
    "القليعة": "Lqliaa",
    "تافراوت": "Tafraout",
}
NO_PLACE = (
    *("", " ", "?", "3", "1234", "+212612345678", "xyz", "wxyz", "azerty", "asdfgh", "dkfjgh", "zzzzz", "ééééé"),
    *("bonjour", "salam", "merci", "besoin", "aide", "stop", "menu", "eau", "puits", "ecole", "route", "electricite"),
    *("president", "je ne sais pas", "village", "douar", "test", "hopital", "مرحبا", "شكرا", "العربية", "🙂"),
)


@cache
def census() -> tuple[CensusCommune, ...]:
    return tuple(communes())


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    """The whole register."""
    with transaction(engine) as session:
        session.execute(insert(Commune), [asdict(commune) for commune in census()])
    with reading(engine) as session:
        yield session


def names(session: Session, typed: str, province: str | None = None, limit: int = 5) -> list[str]:
    return [commune.name_fr for commune in find_communes(session, province, typed, limit)]


def test_the_register_is_loaded_once_and_again_without_doubles(engine: Engine) -> None:
    told: list[tuple[int, int]] = []
    with transaction(engine) as session:
        assert load_communes(session, lambda done, total: told.append((done, total))) == 1503
    with transaction(engine) as session:
        session.get_one(Commune, "09.541.01.11").name_fr = "Old name"
        session.delete(session.get_one(Commune, "01.511.01.0"))
    with transaction(engine) as session:
        load_communes(session)
    with reading(engine) as session:
        assert session.scalar(select(func.count()).select_from(Commune)) == 1503
        taliouine = session.get_one(Commune, "09.541.01.11")
        assert (taliouine.name_fr, taliouine.electricity, taliouine.paved_road_km) == ("Taliouine", 98.3, None)
    assert told[0] == (250, 1503)
    assert told[-1] == (1503, 1503)


def test_a_commune_that_the_census_no_longer_has_stays(engine: Engine) -> None:
    with transaction(engine) as session:
        load_communes(session)
        gone = {c.key: getattr(session.get_one(Commune, "09.541.01.11"), c.key) for c in Commune.__table__.columns}
        session.add(Commune(**{**gone, "code": "09.541.99.99"}))
    with transaction(engine) as session:
        load_communes(session)
        assert session.get(Commune, "09.541.99.99")


def test_misspelt_names_find_their_commune_among_the_first_three(session: Session) -> None:
    home = {commune.name_fr: commune.province_code for commune in census() if commune.region_code == "09"}
    assert len(TYPED_IN_SOUSS_MASSA) >= 40
    missed = {
        typed: found
        for typed, meant in TYPED_IN_SOUSS_MASSA.items()
        if meant not in (found := names(session, typed, home[meant], limit=3))
    }
    assert missed == {}


def test_most_misspelt_names_are_found_among_all_communes_too(session: Session) -> None:
    missed = {
        typed: found
        for typed, meant in TYPED_IN_SOUSS_MASSA.items()
        if meant not in (found := names(session, typed, limit=5))
    }
    assert missed == {}


def test_what_is_no_place_finds_none(session: Session) -> None:
    assert {typed: found for typed in NO_PLACE if (found := names(session, typed))} == {}


def test_every_commune_is_found_by_its_own_names(session: Session) -> None:
    province = [commune for commune in census() if commune.province_code == TAROUDANNT]
    for commune in province:
        assert names(session, commune.name_fr, TAROUDANNT)[0] == commune.name_fr
        assert names(session, commune.name_ascii.upper(), TAROUDANNT)[0] == commune.name_fr
        assert names(session, commune.name_ar, TAROUDANNT)[0] == commune.name_fr


def test_first_letters_list_by_name(session: Session) -> None:
    assert names(session, "sidi b", TAROUDANNT) == ["Sidi Boaal", "Sidi Borja", "Sidi Boumoussa"]
    assert names(session, "ta", TAROUDANNT, limit=4) == ["Tabia", "Tafingoult", "Tafraouten", "Talgjount"]


def test_the_name_itself_comes_before_longer_ones(session: Session) -> None:
    assert names(session, "tafraout", "09.581") == ["Tafraout", "Tafraout El Mouloud"]
    assert names(session, "taliouine") == ["Taliouine", "Taliouine Assaka"]


def test_a_name_that_sounds_the_same_comes_before_one_that_is_merely_close(session: Session) -> None:
    assert names(session, "taghazoute") == ["Taghazout", "Taghzout"]


def test_a_province_is_searched_alone(session: Session) -> None:
    assert names(session, "tiznit", TAROUDANNT) == []


def test_regions_and_provinces_are_listed_in_a_stable_order(session: Session) -> None:
    assert len(regions(session)) == 12
    assert [region.fr for region in regions(session) if region.code == "09"] == ["Souss-Massa"]
    assert [(province.code, province.fr) for province in provinces(session, "09")] == [
        ("09.001", "Agadir-Ida-Ou-Tanane"),
        ("09.163", "Chtouka-Aït Baha"),
        ("09.273", "Inezgane-Aït Melloul"),
        ("09.541", "Taroudannt"),
        ("09.551", "Tata"),
        ("09.581", "Tiznit"),
    ]
    assert provinces(session, "09")[3].ar == "تارودانت"
    assert provinces(session, "99") == []
