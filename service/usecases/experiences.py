"""Experience sheets as they are read: on a page, on paper, on a phone. Names are looked up whenever one is read."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from service.domain.errors import NotFoundError
from service.domain.ledger import Account, Source, uncounted
from service.domain.money import Money
from service.domain.progress import Problem, Stage
from service.domain.projects import ProjectMove
from service.domain.roles import OfficerRole
from service.domain.testimonies import Publication
from service.locales import Language, Speaker, speaker
from service.logs import masked
from service.messaging.outbox import tell
from service.messaging.phrases import Phrase, sourced, words
from service.models.associations import active_officer
from service.models.communes import Commune, Province
from service.models.diaspora import DiasporaAssociation, active_contact, place_of
from service.models.needs import Need
from service.models.phones import Phone
from service.models.sheets import ExperienceSheet, consents_of, published_sheets
from service.models.testimonies import Testimony, published_testimonies

Row = tuple[str, ...]
# What is said of the works when they are done.
AFTER_WORKS = {ProjectMove.ACCEPT, ProjectMove.HAND_OVER, ProjectMove.FOLLOW_UP}


@dataclass(frozen=True)
class Quote:
    """What somebody said of a project: in which language, and who, as far as they agreed to be named."""

    text: str
    language: str
    by: str


@dataclass(frozen=True)
class Experience:
    """A sheet in its own language, ready to be shown. `facts` are labels and values, `money` has its heads first."""

    reference: str
    language: str
    title: str
    place: str
    summary: str
    facts: tuple[Row, ...]
    money: tuple[Row, ...]
    steps: tuple[Row, ...]
    difficulties: str
    lessons: str
    quotes: tuple[Quote, ...]


def read_experience(session: Session, sheet: ExperienceSheet) -> Experience:
    """Return a sheet as people read it now: who took their name or their words back is named and quoted no more."""
    voice, facts = speaker(sheet.language), sheet.facts
    named = named_in(session, sheet.need_id, voice)
    partners = list(dict.fromkeys(named(one) for one in facts["partners"]))
    return Experience(
        reference=sheet.need.reference,
        language=sheet.language,
        title=sheet.title,
        place=voice.say("sheet.place", **place_in(voice, sheet.need)),
        summary=sheet.summary,
        facts=tuple(_facts(voice, sheet, partners)),
        money=tuple(_money(voice, facts["money"], named)),
        steps=tuple(_steps(voice, facts)),
        difficulties=sheet.difficulties,
        lessons=sheet.lessons,
        quotes=tuple(
            Quote(masked(one.text), one.language, author_of(one, voice, named))
            for one in published_testimonies(session, sheet.need_id)
            if one.text and one.publication is not Publication.PRIVATE
        ),
    )


def languages_for(language: str) -> tuple[str, ...]:
    """Return in which languages somebody reads sheets, the best first: French but for who reads Arabic."""
    return (Language.AR, Language.FR) if language == Language.AR else (Language.FR, Language.AR)


def send_experience(session: Session, now: datetime, *, phone: str, reference: str) -> None:
    """Send the short version of a sheet. Raises NotFoundError when it is published no more."""
    found = published_sheets(session, languages_for(session.get_one(Phone, phone).language), reference=reference)
    if not found:
        raise NotFoundError(reference=reference)
    event = f"experience:{reference}:{now.isoformat()}"
    tell(session, now, event=event, phone=phone, template="experience", **short_version(session, found[0]))


def short_version(session: Session, sheet: ExperienceSheet, others: Sequence[str] = ()) -> dict[str, Any]:
    """Return the values of `sms.experience`; `others` are the references of more of the kind."""
    read = read_experience(session, sheet)
    return {
        "reference": read.reference,
        "title": read.title,
        "commune": sheet.need.association.commune,
        "households": sheet.facts["households"],
        "cost": Money(sheet.facts["cost"]),
        "lessons": read.lessons,
        "more": Phrase("sheet.others", {"others": list(others)}) if others else "",
    }


def codes_of(session: Session, phone: str) -> set[str]:
    """Return the census codes of where whoever speaks from this phone is at home, and of what these lie in."""
    officer, contact = active_officer(session, phone), active_contact(session, phone)
    codes = [officer.association.commune_code] if officer else []
    codes += [origin.place_code for origin in contact.association.origins] if contact else []
    around = set(codes)
    for code in codes:
        if isinstance(place := place_of(session, code), Commune):
            around |= {place.province_code, place.region_code}
    return around


def place_in(voice: Speaker, need: Need) -> dict[str, Any]:
    """Return the names of a need's place: its association's, its douar's, its commune's and its province's."""
    association, commune = need.association, need.association.commune
    province = Province(commune.province_code, commune.province_fr, commune.province_ar)
    where = words(voice, {"commune": commune, "province": province})
    return {"association": association.name, "douar": association.douar, **where}


def problems_in(voice: Speaker, problems: Sequence[str]) -> str:
    """Return what held the works up, in words."""
    said = voice.say("phrase.joint").join(voice.write(Problem(one)) for one in problems)
    return f"{said[:1].upper()}{said[1:]}"


def _facts(voice: Speaker, sheet: ExperienceSheet, partners: Sequence[str]) -> list[Row]:
    facts, need, joint = sheet.facts, sheet.need, voice.say("phrase.joint")
    began, ended = sheet.works_began_on, sheet.works_ended_on
    declared: dict[str, Any] = {"on": _day(facts["reported"]), "verified": _day(facts["verified"] or facts["reported"])}
    said = {
        "sector": voice.write(need.sector),
        "place": voice.say("sheet.place", **place_in(voice, need)),
        "association": need.association.name,
        "partners": joint.join(partners),
        "households": voice.write(facts["households"]),
        "people": voice.write(facts["people"]) if facts["people"] else "",
        "works": voice.say("sheet.works", began=began, ended=ended) if began and ended else "",
        "cost": voice.say("sheet.cost", cost=Money(facts["cost"]), **declared),
    }
    return [(voice.say(f"sheet.label.{label}"), value) for label, value in said.items() if value]


def _money(voice: Speaker, rows: Sequence[Mapping[str, Any]], named: Callable[[int], str]) -> list[Row]:
    columns = (Account.PROMISED, Account.CONFIRMED, Account.RECEIVED)
    heads = tuple(voice.say(f"sheet.column.{one}") for one in ("source", *columns))
    table = [
        (
            named(row["partner"]) if row["partner"] else voice.write(Source(row["source"])),
            *(voice.write(Money(row[one])) for one in columns[:-1]),
            voice.say("sheet.on_site")
            if uncounted(Source(row["source"]), row[Account.RECEIVED])
            else voice.write(Money(row[Account.RECEIVED])),
        )
        for row in rows
    ]
    return [heads, *table] if table else []


def _steps(voice: Speaker, facts: Mapping[str, Any]) -> list[Row]:
    """Return when what happened, in the order of the days: moves, and progress with who declared and confirmed it.

    Of one day the works come before what is said when they are done.
    """
    told = [(facts["introduced"], 0, voice.say("sheet.step.introduced"))]
    told += [
        (day, 2 if move in AFTER_WORKS else 0, voice.say(f"sheet.step.{ProjectMove(move)}"))
        for move, day in facts["steps"]
    ]
    for one in facts["reports"]:
        second = OfficerRole(one["second"]) if one["second"] else None
        second_on = datetime.fromisoformat(one["second_on"]) if one["second_on"] else None
        source = sourced(OfficerRole(one["by"]), datetime.fromisoformat(one["on"]), second, second_on)
        said: dict[str, Any] = words(voice, {"source": source, "stage": Stage(one["stage"]), "percent": one["percent"]})
        told.append((one["on"][:10], 1, voice.say("sheet.step.report", **said)))
    return [(voice.write(_day(day)), what) for day, _, what in sorted(told, key=lambda step: step[:2])]


def named_in(session: Session, need_id: int, voice: Speaker) -> Callable[[int], str]:
    """Return what says an association's name when it agreed to that for this project, else only what it is."""
    consents = consents_of(session, need_id)

    def named(its_id: int) -> str:
        agreed = its_id in consents and consents[its_id].agreed
        return session.get_one(DiasporaAssociation, its_id).name if agreed else voice.say("sheet.partner")

    return named


def author_of(testimony: Testimony, voice: Speaker, named: Callable[[int], str]) -> str:
    """Return who said it, as far as they agreed to be named; `named` says associations abroad (`named_in`)."""
    name = testimony.publication is Publication.NAMED
    if testimony.contact:
        return named(testimony.contact.association_id) if name else voice.say("sheet.partner")
    if not testimony.officer or not name:
        return voice.say("sheet.villager")
    role = voice.write(testimony.officer.role)
    return voice.say("phrase.joint").join((role, testimony.need.association.name))


def _day(written: str) -> date:
    return date.fromisoformat(written)
