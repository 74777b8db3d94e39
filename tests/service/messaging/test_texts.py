"""The texts of messages: in every language, understood by the service when sent back, short enough for the air."""

import re
from datetime import UTC, date, datetime
from enum import StrEnum
from string import Formatter
from typing import Any

import pytest
from babel.messages.pofile import read_po

from service.domain.kinds import Pace
from service.domain.ledger import Source
from service.domain.milestones import Milestone
from service.domain.money import Money
from service.domain.needs import Agreement, CostBasis, Funder, LandStatus, WaterRight
from service.domain.progress import HelpWanted, Problem, Stage
from service.domain.projects import Condition, Grievance, ProjectState, Withdrawal
from service.domain.roles import ChangeKind, OfficerRole
from service.domain.sectors import Sector, Urgency
from service.domain.states import AssociationState, NeedState, ReportState
from service.domain.testimonies import Publication
from service.locales import ROOT, Language, Speaker, speaker
from service.matching.reasons import REASON_KEYS
from service.messaging.outbox import MOST_PARTS, _fitted
from service.messaging.phrases import Country, Phrase, sourced, words
from service.messaging.segments import fold, measure
from service.models.communes import Commune
from service.usecases.standing import Waits
from ussd.transports.keywords import read_command

# Written the same in French and in one more language: names, signs, and a word of both.
SAME_AS_FRENCH = {
    *("reason.sector", "phrase.joint", "sms.dialogue", "sector.irrigation"),
    *("line.progress_declared", "line.progress_confirmed", "line.alert", "sms.info_project"),
}
SPOKEN = (
    *(Sector, Urgency, OfficerRole, ChangeKind, AssociationState, NeedState, ReportState),
    *(
        Source,
        CostBasis,
        Funder,
        Agreement,
        LandStatus,
        WaterRight,
        Milestone,
        Stage,
        Problem,
        HelpWanted,
        Publication,
        Pace,
    ),
    *(ProjectState, Grievance, Withdrawal, Condition),
)
MOMENT = datetime(2026, 11, 23, tzinfo=UTC)
CONFIRMED = sourced(OfficerRole.SECRETARY, MOMENT, OfficerRole.TREASURER, MOMENT)
VERIFIED = Phrase("said.verified", {"verified_on": MOMENT.date()})
BY_RESIDENTS = Phrase("said.residents", {"on": MOMENT.date()})
SOURCES = {"sms.alert": VERIFIED, "sms.info": VERIFIED, "sms.spot_told": BY_RESIDENTS, "sms.spot_few": BY_RESIDENTS}
# What a village and its need are called takes the first part, who declared it and who verified it the second.
MORE_THAN_ONE = {"sms.alert", "sms.info"}
# Who is written to under these has no need to be told who says so: of the village, of the service, or themselves.
NOT_TO_PARTNERS = {
    *("sms.pledge_village", "sms.progress_to_confirm", "sms.progress_disputed"),
    *("sms.arrival_to_count", "sms.arrival_different"),
    # A published sheet, whose figures village and partner agreed to.
    "sms.experience",
    # Their own words of this moment.
    "sms.pledge_noted",
}
REPLY_WORDS = re.compile(
    r"\b(OUI|NON|YES|NO|YAH|UHU|INFO|LKHBAR|AIDE|HELP|TIWISI|BESOIN|NEED|LHAJT|STOP|HBES|START|BDU|نعم|معلومات|مساعدة|توقف|ابدأ)\b"
)


def catalogue(language: Language) -> dict[str, tuple[str, ...]]:
    with (ROOT / language / "sms.po").open("rb") as file:
        read = read_po(file)
    texts = {}
    for message in read:
        if message.id:
            key = message.id[0] if isinstance(message.id, tuple | list) else message.id
            forms = message.string if isinstance(message.string, tuple | list) else [message.string]
            texts[str(key)] = tuple(str(form) for form in forms)
    return texts


CATALOGUES = {language: catalogue(language) for language in Language}
DAY = datetime(2026, 11, 23, tzinfo=UTC)
FRENCH = CATALOGUES[Language.FR]
TEMPLATES = [key for key in FRENCH if key.startswith("sms.")]
TEXTS = [(language, key) for language in Language for key in TEMPLATES]


def placeholders(forms: tuple[str, ...]) -> set[str | None]:
    return {name for form in forms for _, name, _, _ in Formatter().parse(form) if name is not None}


# What a need that looks for a partner may wait for, as INFO says it.
LOOKED_FOR = (Waits.ANSWERS, Waits.VILLAGE, Waits.PARTNER, Waits.NOBODY)


def wordiest(voice: Speaker, kind: type[StrEnum]) -> StrEnum:
    """The value with the longest word."""
    return max(kind, key=lambda one: len(voice.write(one)))


def longest(language: Language) -> dict[str, Any]:
    """The longest value that each placeholder may plausibly have."""
    arabic = language is Language.AR
    commune = Commune(name_fr="Sidi Abdallah El Bouchouari", name_ar="سيدي عبد الله البوشواري")
    voice = speaker(language)
    return {
        "reference": "W7-4WQ",
        "giver": "جمعية أبناء تاليوين بمدينة ليون" if arabic else "Association des Amis de Taliouine à Lyon",
        "second": wordiest(voice, OfficerRole),
        "counted": Money.of(123_456_789),
        "on": DAY.date(),
        "second_on": DAY.date(),
        "said": sourced(wordiest(voice, OfficerRole), DAY, wordiest(voice, OfficerRole), DAY),
        "compared": Phrase("arrived.more", {"more": Money.of(123_456_789)}),
        "name": "الجمعية التنموية لشباب دوار آيت عبد الله" if arabic else "Association Tiwizi pour le développement",
        "association": "جمعية شباب دوار آيت عبد الله" if arabic else "Association Ait Abdallah pour le dév.",
        "diaspora": "جمعية أبناء تاليوين بمدينة ليون" if arabic else "Association des Amis de Taliouine à Lyon",
        "reason": "المبلغ غير واضح، اتصلوا بالمنسق"
        if arabic
        else "le montant n'est pas clair, rappelez le coordinateur",
        "contact": "Fatima Zahra Ait Oubrahim",
        "phone_number": "+33 6 39 98 00 01",
        "code": "*384*84#",
        "city": "Charleville-Mézières",
        "country": Country("NL"),
        "role": wordiest(voice, OfficerRole),
        "asker": wordiest(voice, OfficerRole),
        "by": Phrase(f"by.{OfficerRole.PRESIDENT.value}"),
        "source": CONFIRMED,
        "question": max((Phrase(f"spot.{one.value}") for one in Sector), key=lambda one: len(voice.say(one.key))),
        "yes": 5,
        "answers": 5,
        "by_sms": 5,
        "who": "Fatima Zahra Ait Oubrahim",
        "last": "01",
        "number": "+33 6 39 98 00 01",
        "dial": "*384*84#",
        "percent": 100,
        "news": [
            wordiest(voice, Milestone),
            Phrase("progress.held_up", {"problem": wordiest(voice, Problem)}),
            Phrase("progress.help.asked", {"help": wordiest(voice, HelpWanted)}),
        ],
        "sector": wordiest(voice, Sector),
        "state": max([wordiest(voice, NeedState), *LOOKED_FOR], key=lambda one: len(voice.write(one))),
        "stage": wordiest(voice, Milestone),
        "douar": "دوار آيت عبد الله أوسعيد" if arabic else "Ait Abdallah Ou Said Oufella",
        "commune": commune,
        "households": 20_000,
        "amount": Money.of(50_000_000),
        "share": Money.of(10_000_000),
        "title": "إصلاح البئر السفلي وشراء مضخة شمسية وأنابيب للدوار كله" if arabic else "w" * 60,
        "reasons": [Phrase("reason.waiting", {"days": 365}), Phrase("reason.evidence")],
        "text": "w" * 160,
        "cost": Money.of(50_000_000),
        "lessons": "ا" * 300 if arabic else "w" * 300,
        "more": Phrase("sheet.others", {"others": ["W7-4WQ", "W7-4WQ"]}),
        "others": ["W7-4WQ", "W7-4WQ"],
        "what": Phrase(
            "moved.dispute",
            {
                "by": "جمعية أبناء تاليوين" if arabic else "Association des Amis de Taliouine",
                "on": date(2026, 11, 26),
                "reason": wordiest(voice, Grievance),
            },
        ),
        "next": Phrase("next.diaspora.disputed", {"reference": "W7-4WQ"}),
        "day": date(2026, 11, 26),
        "words": "AVANCEMENT ou MES BESOINS ou REJOINDRE",
    }


USUAL = {
    "by": OfficerRole.SECRETARY,
    "giver": "Lyon-Taliouine",
    "second": OfficerRole.TREASURER,
    "counted": Money.of(48_000),
    "said": sourced(OfficerRole.SECRETARY, DAY, OfficerRole.TREASURER, DAY),
    "compared": Phrase("arrived.less", {"left": Money.of(4_000)}),
    "name": "Association Tamunt",
    "association": "Association Tamunt",
    "diaspora": "Lyon-Taliouine",
    "reason": "montant à préciser",
    "contact": "Rachid Amzil",
    "city": "Lyon",
    "country": "FR",
    "role": OfficerRole.SECRETARY,
    "asker": OfficerRole.TREASURER,
    "who": OfficerRole.TREASURER,
    "percent": 60,
    "news": [Milestone.PIPES, Phrase("progress.held_up", {"problem": Problem.MONEY})],
    "sector": Sector.WATER,
    "state": NeedState.VERIFIED,
    "douar": "Ait Abdallah",
    "commune": "Igherm",
    "households": 84,
    "amount": Money.of(320_000),
    "share": Money.of(60_000),
    "title": "Puits du bas",
    "words": "SUITE ou SUIVI",
    "cost": Money.of(320_000),
    "lessons": "Demander l'autorisation avant d'acheter les tuyaux.",
    "more": "",
    "what": Phrase("moved.dispute", {"by": "Lyon-Taliouine", "on": date(2026, 11, 26), "reason": Grievance.MONEY}),
    "reasons": [Phrase("reason.origin.commune"), Phrase("reason.size")],
}


def needed(key: str, values: dict[str, Any]) -> dict[str, Any]:
    said = {**values, "source": SOURCES.get(key, CONFIRMED)}
    return {name: said[name] for name in map(str, placeholders(FRENCH[key])) if name != "count"}


def count_of(key: str) -> int | None:
    return 1 if len(FRENCH[key]) > 1 else None


@pytest.mark.parametrize("language", Language)
def test_every_text_exists_in_every_language_with_the_same_values(language: Language) -> None:
    texts = CATALOGUES[language]
    assert texts.keys() == FRENCH.keys()
    assert all(all(forms) for forms in texts.values())
    for key, forms in texts.items():
        assert placeholders(forms) | {"count"} == placeholders(FRENCH[key]) | {"count"}, key


@pytest.mark.parametrize("language", [Language.AR, Language.SHI, Language.EN])
def test_no_text_is_left_in_french(language: Language) -> None:
    left = {key for key, forms in CATALOGUES[language].items() if set(forms) & set(FRENCH[key])}
    assert left <= SAME_AS_FRENCH


@pytest.mark.parametrize("language", Language)
def test_every_word_that_a_value_may_be_can_be_said(language: Language) -> None:
    voice = speaker(language)
    for enum in SPOKEN:
        assert all(voice.write(member) for member in enum)


def test_every_reason_of_matching_has_its_words_and_no_word_is_left_over() -> None:
    assert {key for key in FRENCH if key.startswith("reason.")} == set(REASON_KEYS)


def test_tachelhit_is_ascii() -> None:
    assert all("".join(forms).isascii() for forms in CATALOGUES[Language.SHI].values())


@pytest.mark.parametrize(("language", "key"), TEXTS)
def test_a_text_is_two_parts_at_most_with_the_longest_values(language: Language, key: str) -> None:
    values = needed(key, longest(language))
    voice = speaker(language)
    for count in (count_of(key), count_of(key) and 12):
        text = _fitted(voice, key, count, words(voice, values), values)
        assert measure(text).parts <= MOST_PARTS, text
        assert values.get("reference", "") in text
        assert values.get("phone_number", "") in text


@pytest.mark.parametrize(("language", "key"), TEXTS)
def test_a_text_with_usual_values_is_one_part_or_two_in_arabic(language: Language, key: str) -> None:
    voice = speaker(language)
    values = needed(key, {**longest(language), **USUAL})
    text = fold(voice.say(key, count=count_of(key), **words(voice, values)))
    most = MOST_PARTS if language is Language.AR or key in MORE_THAN_ONE else 1
    assert measure(text).parts <= most, (measure(text), text)


@pytest.mark.parametrize(("language", "key"), TEXTS)
def test_the_service_understands_the_words_it_asks_for(language: Language, key: str) -> None:
    text = " ".join(CATALOGUES[language][key])
    unread = {word for word in re.findall(r"\b[A-Z]{2,}\b", text) if not read_command(word)}
    assert unread <= {"SMS", "MRE"}
    assert all(read_command(word) for word in REPLY_WORDS.findall(text))


@pytest.mark.parametrize("language", Language)
def test_no_number_is_told_to_a_partner_without_who_declared_and_confirmed_it(language: Language) -> None:
    """A new text that tells a number has its source, or is said above to be for others."""
    numbers = {name for name, value in longest(language).items() if isinstance(value, int | Money)}
    told = {key for key, forms in CATALOGUES[language].items() if key.startswith(("sms.", "line."))}
    bare = {key for key in told if numbers & placeholders(CATALOGUES[language][key]) and not _sourced(language, key)}
    assert bare == NOT_TO_PARTNERS


def _sourced(language: Language, key: str) -> bool:
    """Tell whether every form of a text says who and when, in one phrase or for each of two who count."""
    each = ("{role}", "{on}", "{second}", "{second_on}")
    forms = CATALOGUES[language][key]
    return all("{source}" in form or "{said}" in form or all(part in form for part in each) for form in forms)


@pytest.mark.parametrize("language", Language)
def test_nobody_is_blamed(language: Language) -> None:
    blame = re.compile(r"erreur|invalide|error|invalid|incorrect|خطأ|غير صالح", re.IGNORECASE)
    assert not [key for key, forms in CATALOGUES[language].items() if blame.search(" ".join(forms))]
