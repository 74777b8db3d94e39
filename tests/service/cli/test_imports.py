"""`tiwizi import`: tables of associations, checked as a whole before anything is written."""

import csv
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from functools import cache
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import func, insert, select

from service.census import CensusCommune, communes
from service.cli.imports import imports
from service.container import Container
from service.domain.sectors import Sector
from service.domain.states import AssociationState
from service.locales import Language
from service.models import (
    AuditEntry,
    Base,
    Commune,
    Consent,
    DiasporaAssociation,
    Officer,
    Phone,
    PlaceLevel,
    VillageAssociation,
)
from service.models.session import reading, transaction
from service.usecases.phones import stop
from tests.hostile import RAW, TEXTS

MANY = (*RAW, *TEXTS[::5])
EXAMPLE = Path(__file__).parents[3] / "docs" / "examples" / "diaspora.csv"
AMIS = {
    "name": "Les Amis de Taliouine",
    "city": "Lyon",
    "country": "FR",
    "time_zone": "Europe/Paris",
    "yearly_capacity_mad": "150 000",
    "attention_slots": "4",
    "contact_name": "Fatima Exemple",
    "phone": "06 39 98 00 11",
    "language": "fr",
    "origins": "Taliouine|09.551|09",
    "interests": "water:3|education",
}
AMAL = {
    "name": "Association Amal",
    "douar": "Douar El Bour",
    "commune": "Taliouine",
    "phone": "0600 000 901",
    "role": "secretary",
    "language": "shi",
}
TABLES = {"diaspora": AMIS, "associations": AMAL}


@cache
def souss() -> tuple[CensusCommune, ...]:
    return tuple(commune for commune in communes() if commune.region_code == "09" or "Aissa" in commune.name_fr)


@pytest.fixture
def register(container: Container) -> Container:
    """A service that knows the communes."""
    with transaction(container.engine) as session:
        session.execute(insert(Commune), [asdict(commune) for commune in souss()])
    return container


def table(path: Path, *rows: Mapping[str, str], delimiter: str = ",", encoding: str = "utf-8") -> Path:
    lines = [delimiter.join(rows[0]), *(delimiter.join(row.values()) for row in rows)]
    file = path / "table.csv"
    file.write_text("\r\n".join(lines), encoding=encoding)
    return file


def run(container: Container, *arguments: str | Path) -> Result:
    return CliRunner().invoke(imports, [str(argument) for argument in arguments], obj=container, catch_exceptions=False)


def count(container: Container, entity: type[Base]) -> int:
    with reading(container.engine) as session:
        return session.scalar(select(func.count()).select_from(entity)) or 0


def test_a_dry_run_says_what_would_happen_and_writes_nothing(register: Container, tmp_path: Path) -> None:
    result = run(register, "diaspora", table(tmp_path, AMIS))
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "line 2: 'Les Amis de Taliouine' is new",
        "Dry run, nothing was written: 1 new, 0 already there, 0 with an error. Add --yes to write.",
    ]
    assert [count(register, entity) for entity in (DiasporaAssociation, Phone, Consent, AuditEntry)] == [0, 0, 0, 0]


def test_a_diaspora_association_is_written_with_its_contact_and_consent(register: Container, tmp_path: Path) -> None:
    assert run(register, "diaspora", table(tmp_path, AMIS), "--yes").exit_code == 0
    with reading(register.engine) as session:
        amis = session.scalars(select(DiasporaAssociation)).one()
        assert (amis.city, amis.country, amis.time_zone) == ("Lyon", "FR", "Europe/Paris")
        assert (amis.yearly_capacity, amis.attention_slots) == (15_000_000, 4)
        assert {(origin.level, origin.place_code) for origin in amis.origins} == {
            (PlaceLevel.COMMUNE, "09.541.01.11"),
            (PlaceLevel.PROVINCE, "09.551"),
            (PlaceLevel.REGION, "09"),
        }
        assert {interest.sector: interest.strength for interest in amis.interests} == {
            Sector.WATER: 3,
            Sector.EDUCATION: 2,
        }
        assert [(contact.name, contact.phone) for contact in amis.contacts] == [("Fatima Exemple", "+33639980011")]
        assert session.get_one(Phone, "+33639980011").language is Language.FR
        consent = session.scalars(select(Consent)).one()
        assert (consent.phone, consent.channel, consent.given_at) == ("+33639980011", "import", register.clock())
        entry = session.scalars(select(AuditEntry)).one()
        assert (entry.action, entry.subject) == ("diaspora.registered", f"diaspora:{amis.id}")
        assert "+33" not in repr(entry.data)


def test_a_village_association_waits_for_a_coordinator(register: Container, tmp_path: Path) -> None:
    assert run(register, "associations", table(tmp_path, AMAL), "--yes").exit_code == 0
    with reading(register.engine) as session:
        amal = session.scalars(select(VillageAssociation)).one()
        assert (amal.name, amal.douar, amal.commune_code) == ("Association Amal", "Douar El Bour", "09.541.01.11")
        assert amal.state is AssociationState.PENDING
        officer = session.scalars(select(Officer)).one()
        assert (officer.phone, officer.role) == ("+212600000901", "secretary")
        assert session.get_one(Phone, officer.phone).language is Language.SHI
        assert session.scalars(select(Consent.channel)).one() == "import"


@pytest.mark.parametrize("kind", TABLES)
def test_a_table_may_be_imported_again(register: Container, tmp_path: Path, kind: str) -> None:
    file = table(tmp_path, TABLES[kind])
    run(register, kind, file, "--yes")
    again = run(register, kind, file, "--yes")
    assert again.exit_code == 0
    assert again.stdout.splitlines()[-1] == "Written: 0 new, 1 already there, 0 with an error."
    assert count(register, VillageAssociation) + count(register, DiasporaAssociation) == 1


def test_one_wrong_line_keeps_all_from_being_written(register: Container, tmp_path: Path) -> None:
    wrong = AMIS | {"name": "Autre", "phone": "+33639980012", "origins": "Talouin"}
    result = run(register, "diaspora", table(tmp_path, AMIS, wrong), "--yes")
    assert result.exit_code == 1
    assert result.stderr == "line 3: commune 'Talouin' is not known; did you mean Taliouine (09.541.01.11)?\n"
    assert "Nothing was written: 1 new, 0 already there, 1 with an error." in result.stdout
    assert [count(register, entity) for entity in (DiasporaAssociation, Phone, Consent)] == [0, 0, 0]


DIASPORA_MISTAKES = [
    ("name", " ", "name needs 1 to 80 characters"),
    ("name", "x" * 81, "name needs 1 to 80 characters"),
    ("city", "", "city needs 1 to 80 characters"),
    ("contact_name", "", "contact_name needs 1 to 80 characters"),
    ("country", "France", "country 'France' is not a two-letter code such as FR, BE or NL"),
    ("time_zone", "Paris", "time_zone 'Paris' is not a time zone such as Europe/Paris"),
    ("time_zone", "", "time_zone '' is not a time zone such as Europe/Paris"),
    ("time_zone", "../etc/passwd", "time_zone '../etc/passwd' is not a time zone such as Europe/Paris"),
    ("yearly_capacity_mad", "beaucoup", "yearly_capacity_mad 'beaucoup' is not a whole number"),
    ("yearly_capacity_mad", "0", "yearly_capacity is an amount above 0 in dirhams (MAD)"),
    ("attention_slots", "21", "attention_slots is a number from 1 to 20"),
    ("phone", "12", "phone '12' is not a phone number of FR or of the world"),
    ("language", "nl", "language 'nl' is none of fr, ar, shi, en"),
    ("origins", "", "origins needs at least one commune, province or region"),
    ("origins", "09.999", "commune '09.999' is not known"),
    ("interests", "", "interests needs at least one sector"),
    ("interests", "water:4", "an interest is 1 (a little), 2 or 3 (most of all)"),
    ("interests", "eau", f"interest 'eau' is none of {', '.join(Sector)}"),
]
ASSOCIATION_MISTAKES = [
    ("name", "", "name needs 1 to 80 characters"),
    ("douar", "x" * 81, "douar needs 1 to 80 characters"),
    ("commune", "", "commune '' is not known"),
    ("commune", "bonjour", "commune 'bonjour' is not known"),
    ("phone", "12", "phone '12' is not a phone number"),
    ("role", "member", "role 'member' is none of president, treasurer, secretary, witness"),
    ("language", "", "language '' is none of fr, ar, shi, en"),
]


@pytest.mark.parametrize(
    ("kind", "column", "written", "sentence"),
    [
        *(("diaspora", *mistake) for mistake in DIASPORA_MISTAKES),
        *(("associations", *mistake) for mistake in ASSOCIATION_MISTAKES),
    ],
)
def test_a_mistake_is_said_in_one_line(
    register: Container, tmp_path: Path, kind: str, column: str, written: str, sentence: str
) -> None:
    result = run(register, kind, table(tmp_path, TABLES[kind] | {column: written}), "--yes")
    assert (result.exit_code, result.stderr) == (1, f"line 2: {sentence}\n")


def test_a_name_that_several_communes_have_is_asked_for_as_a_code(register: Container, tmp_path: Path) -> None:
    result = run(register, "associations", table(tmp_path, AMAL | {"commune": "Oulad Aissa"}))
    assert "is the name of several; write the code of one of Oulad Aissa (" in result.stderr
    assert "Oulad Aissa (09.541.04.33)" in result.stderr
    assert run(register, "associations", table(tmp_path, AMAL | {"commune": "09.541.04.33"})).exit_code == 0


def test_a_commune_may_be_written_in_arabic(register: Container, tmp_path: Path) -> None:
    run(register, "associations", table(tmp_path, AMAL | {"commune": "ايت عبدالله"}), "--yes")
    with reading(register.engine) as session:
        assert session.scalars(select(VillageAssociation.commune_code)).one() == "09.541.03.03"


@pytest.mark.parametrize("kind", TABLES)
def test_a_phone_speaks_for_one_association(register: Container, tmp_path: Path, kind: str) -> None:
    first = TABLES[kind]
    result = run(register, kind, table(tmp_path, first, first | {"name": "Another"}), "--yes")
    assert result.exit_code == 1
    assert result.stderr.startswith("line 3: the phone already ")
    assert first["name"] in result.stderr
    assert count(register, Phone) == 0


@pytest.mark.parametrize("kind", TABLES)
def test_a_phone_that_said_stop_is_left_in_peace(register: Container, tmp_path: Path, kind: str) -> None:
    number = {"diaspora": "+33639980011", "associations": "+212600000901"}[kind]
    with transaction(register.engine) as session:
        stop(session, register.clock(), number, "ussd")
    result = run(register, kind, table(tmp_path, TABLES[kind]), "--yes")
    assert result.stderr == "line 2: the phone said STOP, and only who holds it can take that back\n"
    assert count(register, Consent) == 0


@pytest.mark.parametrize(("delimiter", "encoding"), [(";", "utf-8-sig"), (";", "utf-8"), (",", "utf-8-sig")])
def test_files_come_as_excel_writes_them(register: Container, tmp_path: Path, delimiter: str, encoding: str) -> None:
    file = table(tmp_path, AMIS | {"name": "Solidarité Tafraout"}, delimiter=delimiter, encoding=encoding)
    result = run(register, "diaspora", file)
    assert result.exit_code == 0
    assert "line 2: 'Solidarité Tafraout' is new" in result.stdout


def test_a_file_in_an_old_encoding_is_refused_in_one_sentence(register: Container, tmp_path: Path) -> None:
    result = run(register, "diaspora", table(tmp_path, AMIS | {"city": "Orléans"}, encoding="cp1252"))
    assert result.exit_code == 1
    assert result.stderr == "Error: table.csv is not UTF-8: in Excel, save it as “CSV UTF-8”.\n"


@pytest.mark.parametrize(
    ("header", "sentence"),
    [
        ("", "table.csv lacks name, douar, commune, phone, role, language in its first line; see docs/imports.md."),
        ("name,douar,commune,phone,role", "table.csv lacks language in its first line; see docs/imports.md."),
        (
            "name,douar,commune,phone,role,language,age",
            "table.csv has a column 'age' that is not known, or has it twice.",
        ),
        (
            "name,douar,commune,phone,role,language,role",
            "table.csv has a column 'role' that is not known, or has it twice.",
        ),
    ],
)
def test_a_table_with_other_columns_is_refused(register: Container, tmp_path: Path, header: str, sentence: str) -> None:
    file = tmp_path / "table.csv"
    file.write_text(header, encoding="utf-8")
    result = run(register, "associations", file)
    assert (result.exit_code, result.stderr) == (1, f"Error: {sentence}\n")


def test_rows_of_another_length_are_named_and_blank_ones_passed_over(register: Container, tmp_path: Path) -> None:
    file = table(tmp_path, AMAL)
    file.write_text(file.read_text(encoding="utf-8") + "\n\n,,,,,\na,b\na,b,c,d,e,f,g\n", encoding="utf-8")
    result = run(register, "associations", file)
    assert result.stderr.splitlines() == [
        "line 5: has more or fewer cells than there are columns",
        "line 6: has more or fewer cells than there are columns",
    ]


def test_a_program_may_read_what_became_of_each_line(register: Container, tmp_path: Path) -> None:
    file = table(tmp_path, AMAL, AMAL, AMAL | {"name": "Afoulki", "role": "member"})
    result = run(register, "associations", file, "--json", "--yes")
    assert result.exit_code == 1
    told = json.loads(result.stdout)
    assert told["written"] is False
    assert [(line["line"], line["outcome"]) for line in told["lines"]] == [(2, "new"), (3, "known"), (4, "error")]
    assert "none of president" in told["lines"][2]["said"]


@pytest.mark.parametrize("kind", TABLES)
def test_whatever_a_table_holds_is_told_in_a_sentence(register: Container, tmp_path: Path, kind: str) -> None:
    file, told = tmp_path / "table.csv", Counter[int]()
    for number, text in enumerate(MANY):
        rows = [TABLES[kind] | {column: text} for column in TABLES[kind]]
        with file.open("w", encoding="utf-8", newline="") as written:
            lines = csv.DictWriter(written, TABLES[kind])
            lines.writeheader()
            lines.writerows(rows)
        # Nothing but the sentences that click prints is raised.
        result = run(register, kind, file, *(["--yes"] if number % 2 else []))
        told[result.exit_code] += 1
        assert all(line.isprintable() for line in result.output.split("\n")), result.output
    assert told == {1: len(MANY)}


def test_the_example_of_the_manual_is_right(register: Container) -> None:
    result = run(register, "diaspora", EXAMPLE)
    assert (result.exit_code, result.stderr) == (0, "")
    assert "5 new" in result.stdout
