"""The pages Users and Audit, an admin at work; and the page of who was invited."""

import re
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import Engine, select

from service import models
from service.domain.roles import UserRole
from service.domain.testimonies import Publication
from service.models import AuditEntry, Officer, User
from service.models.audit import record
from service.models.session import reading, transaction
from service.web.admin.deeds import DONE, JOBS, KINDS
from service.web.admin.queries import PER_PAGE
from tests.conftest import MovedClock
from tests.service.web.person import MakeUser, Person
from tests.service.web.registers import Registers
from tests.service.web.test_account import CODE, turn_on

SOURCES = list((Path(__file__).parents[3] / "service" / "usecases").glob("*.py"))
USERS, AUDIT = "/admin/users", "/admin/audit"
LINK = re.compile(r"https?://[^/]+(/admin/invitation/[\w-]+)")
NEW = "trois ânes sous le figuier"


@pytest.fixture
def admin(person: Person, make_user: MakeUser) -> Person:
    make_user("Amina", UserRole.ADMIN)
    person.sign_in("Amina")
    return person


def invitation(admin: Person, name: str = "Idir", role: str = "viewer") -> str:
    """The path of the link that an admin is shown."""
    link = LINK.search(admin.send(f"{USERS}/invite", page=USERS, name=name, role=role).text)
    assert link
    return link[1]


def audited(engine: Engine, action: str) -> list[tuple[str, str]]:
    with reading(engine) as session:
        found = session.scalars(select(AuditEntry).where(AuditEntry.action == action))
        return [(one.actor, one.subject) for one in found]


def test_who_is_invited_chooses_a_password_and_is_in(app: Flask, admin: Person, engine: Engine) -> None:
    path = invitation(admin)
    assert path not in admin.get(USERS).text
    idir = Person(app.test_client())
    page = idir.get(path).text
    assert "Idir" in page
    wrong = idir.send(path, page=path, new=NEW, again=f"{NEW}s")
    assert (wrong.status_code, 'role="alert"' in wrong.text) == (400, True)
    assert idir.send(path, page=path, new="short", again="short").status_code == 400
    assert idir.send(path, page=path, new=NEW, again=NEW).location == "/admin/"
    assert idir.get("/admin/needs").status_code == 200
    assert idir.get(USERS).status_code == 403
    assert Person(app.test_client()).sign_in("Idir", NEW).location == "/admin/"
    for again in (idir.get(path), idir.client.get(path)):
        assert again.status_code == 404
    assert [len(audited(engine, f"user.{done}")) for done in ("invited", "accepted")] == [1, 1]


def test_an_invitation_that_is_over_says_so_also_to_a_form_sent_late(
    app: Flask, admin: Person, clock: MovedClock, engine: Engine
) -> None:
    path = invitation(admin)
    idir = Person(app.test_client())
    token = re.search(r'name="csrf_token" value="([^"]+)"', idir.get(path).text)
    assert token
    clock.move(days=7)
    late = idir.client.post(path, data={"new": NEW, "again": NEW, "csrf_token": token[1]})
    assert (late.status_code, "ne sert plus" in late.text) == (404, True)
    with reading(engine) as session:
        assert session.scalars(select(User.password_hash).where(User.name == "Idir")).one() == ""


def test_an_invited_admin_is_led_to_a_second_factor(app: Flask, admin: Person) -> None:
    path = invitation(admin, role="admin")
    idir = Person(app.test_client())
    assert idir.send(path, page=path, new=NEW, again=NEW).location == "/admin/account/second-factor"


def test_a_new_link_asks_who_has_a_second_factor_for_the_code(
    app: Flask, admin: Person, make_user: MakeUser, clock: MovedClock
) -> None:
    number = make_user()
    zahra, other = Person(app.test_client()), Person(app.test_client())
    zahra.sign_in()
    _, codes = turn_on(zahra, clock)
    link = LINK.search(admin.send(f"{USERS}/{number}/link", page=USERS).text)
    assert link
    assert other.send(link[1], page=link[1], new=NEW, again=NEW).location.startswith("/admin/sign-in/code")
    assert other.get("/admin/").status_code == 302
    assert other.send("/admin/sign-in/code", page="/admin/sign-in/code", code=codes[0]).location == "/admin/"


def test_an_admin_changes_roles_blocks_and_unblocks(
    app: Flask, admin: Person, make_user: MakeUser, engine: Engine
) -> None:
    number = make_user()
    zahra = Person(app.test_client())
    zahra.sign_in()
    admin.send(f"{USERS}/{number}/role", page=USERS, role="viewer")
    assert zahra.get("/admin/").status_code == 302
    zahra.sign_in()
    admin.send(f"{USERS}/{number}/sign-out", page=USERS)
    assert zahra.get("/admin/").status_code == 302
    admin.send(f"{USERS}/{number}/block", page=USERS)
    assert zahra.sign_in().status_code == 401
    assert "bloqué" in admin.get(USERS).text
    admin.send(f"{USERS}/{number}/unblock", page=USERS)
    assert zahra.sign_in().status_code == 302
    done = ("role_changed", "signed_out_everywhere", "blocked", "unblocked")
    assert [len(audited(engine, f"user.{one}")) for one in done] == [1, 1, 1, 1]


def test_an_admin_takes_a_lost_telephone_out_of_someones_way(
    app: Flask, admin: Person, make_user: MakeUser, clock: MovedClock
) -> None:
    number = make_user()
    zahra = Person(app.test_client())
    zahra.sign_in()
    turn_on(zahra, clock)
    admin.send(f"{USERS}/{number}/reset-factor", page=USERS)
    assert zahra.get("/admin/").status_code == 302
    assert zahra.sign_in().location == "/admin/"


@pytest.mark.parametrize(("verb", "form"), [("block", {}), ("role", {"role": "viewer"})])
def test_the_last_admin_is_told_why_not(admin: Person, engine: Engine, verb: str, form: dict[str, str]) -> None:
    with reading(engine) as session:
        number = session.scalars(select(User.id)).one()
    answer = admin.send(f"{USERS}/{number}/{verb}", page=USERS, **form)
    assert (answer.status_code, "dernière personne" in answer.text) == (409, True)
    assert admin.get(USERS).status_code == 200


@pytest.mark.parametrize("role", ["", "king"])
def test_there_are_three_roles(admin: Person, role: str) -> None:
    assert admin.send(f"{USERS}/invite", page=USERS, name="Idir", role=role).status_code == 400


def test_the_audit_tells_who_did_what_and_is_filtered(
    admin: Person, make_user: MakeUser, engine: Engine, clock: MovedClock
) -> None:
    zahra = make_user()
    with transaction(engine) as session:
        record(session, clock(), f"user:{zahra}", "need.verified", "need:7", reason="<b>\u202e")
        record(session, clock(), "officer:5", "need.reported", "need:7")
        record(session, clock(), "job:match", "something.new", "nothing")
    page = admin.get(AUDIT).text
    told = ("Amina", "Zahra", "besoin : vérification", "responsable de village", "something : new", "&lt;b&gt;⟨U+202E⟩")
    assert [said for said in told if said not in page] == []
    only = admin.get(AUDIT, who=f"user:{zahra}").text.partition("<tbody")[2]
    assert ("vérification" in only, "signalement" in only, "Amina" in only) == (True, False, False)
    only = admin.get(AUDIT, action="need.reported").text.partition("<tbody")[2]
    assert ("signalement" in only, "vérification" in only) == (True, False)
    assert "Rien de tel" in admin.get(AUDIT, who="user:999999999999999999999").text


def test_the_audit_names_things_as_people_do(
    admin: Person, registers: Registers, engine: Engine, clock: MovedClock, make_user: MakeUser
) -> None:
    village, zahra = registers.association("Ait Ikkou"), make_user()
    need = registers.need(village, reference="A2-BCD")
    with transaction(engine) as session:
        officer = session.scalars(select(Officer.id)).first()
        record(session, clock(), f"officer:{officer}", "project.accept", f"need:{need}", before="works", reason="")
        record(session, clock(), "job:match", "pledge.promised", "pledge:9", amount=[500000, "EUR"], officer=None)
        record(session, clock(), "job:match", "conversation.assigned", "conversation:1", to=zahra)
        record(session, clock(), "job:match", "contribution.released", f"need:{need}", dirhams=123400, role="treasurer")
        record(session, clock(), "job:match", "sheet.consent", f"association:{village}", agreed=True, fresh="x")
    page = admin.get(AUDIT).text
    told = (
        *(
            "responsable de village <bdi>Ait Ikkou</bdi>",
            "besoin <bdi>A2-BCD</bdi>",
            "association de village <bdi>Ait Ikkou</bdi>",
        ),
        *(
            "Avant : <bdi>Travaux en cours</bdi>",
            "Montant : <bdi>5\u00a0000\u00a0EUR</bdi>",
            "Confié à : <bdi>Zahra</bdi>",
        ),
        *(
            "<bdi>1\u00a0234\u00a0DH</bdi>",
            "<bdi>Trésorier</bdi>",
            "D&#39;accord : <bdi>oui</bdi>",
            "fresh : <bdi>x</bdi>",
        ),
    )
    assert [said for said in told if said not in page] == []
    assert [said for said in ("None", "reason", "500000") if said in page] == []


def test_the_audit_names_a_testimony_by_the_need_it_is_about(
    admin: Person, registers: Registers, engine: Engine, clock: MovedClock
) -> None:
    need = registers.need(registers.association("Ait Ikkou"), reference="A2-BCD")
    words = {"text": "Merci", "language": "fr", "publication": Publication.NAMED}
    with transaction(engine) as session:
        said = models.Testimony(need_id=need, written_at=clock(), **words)
        session.add(said)
        session.flush()
        record(session, clock(), "job:match", "testimony.published", f"testimony:{said.id}")
        record(session, clock(), "job:match", "testimony.withdrawn", "testimony:999")
    page = admin.get(AUDIT).text
    assert "témoignage <bdi>A2-BCD</bdi>" in page
    assert 'témoignage <bdi dir="ltr"><bdi>999</bdi></bdi>' in page  # nothing is known of it any more


def test_the_audit_goes_on_with_older_entries(admin: Person, engine: Engine, clock: MovedClock) -> None:
    with transaction(engine) as session:
        for number in range(2 * PER_PAGE):
            record(session, clock(), "job:match", "proposal.proposed", f"proposal:{1000 + number}")
    seen, path = [], f"{AUDIT}?action=proposal.proposed"
    for _ in range(2):
        page = admin.client.get(path).text
        seen += re.findall(r'<bdi dir="ltr"><bdi>(1\d{3})</bdi>', page)
        older = re.search(r'class="pager".*?href="([^"]+)"', page)
        path = older[1].replace("&amp;", "&") if older else ""
    assert seen == [str(1000 + number) for number in reversed(range(2 * PER_PAGE))]
    assert path == ""


def test_no_page_shows_a_secret_twice(admin: Person, clock: MovedClock, engine: Engine) -> None:
    _, codes = turn_on(admin, clock)
    link = invitation(admin)
    pages = "".join(admin.get(path).text for path in (USERS, AUDIT, "/admin/account", "/admin/account/second-factor"))
    assert not any(secret in pages for secret in [*codes, link])
    assert not CODE.search(pages)
    with reading(engine) as session:
        entries = str([(one.data, one.subject) for one in session.scalars(select(AuditEntry))])
    assert link.rpartition("/")[2] not in entries


def test_every_act_that_is_written_down_has_words() -> None:
    source = "\n".join(path.read_text() for path in SOURCES)
    acts = set(re.findall(r'"(user\.[a-z_]+)"', source))
    acts |= set(re.findall(r'record\(\s*[^)"]*(?:f?"[^".]*", *)?"([a-z_]+\.[a-z_]+)"', source))
    assert len(acts) > 60
    assert {act for act in acts if act.partition(".")[0] not in KINDS or act.partition(".")[2] not in DONE} == set()
    assert set(re.findall(r'"job:([a-z-]+)"', source)) == set(JOBS)
