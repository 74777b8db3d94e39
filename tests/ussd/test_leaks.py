"""A PIN and a phone number are planted and used wherever they can be: no log, table, page or figure betrays them."""

import io
import logging
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import pytest
import structlog
from click import Command
from click.testing import CliRunner
from flask.testing import FlaskClient
from sqlalchemy import Connection, Engine, event, select, update

from service.app import create_app
from service.cli.doctor import doctor
from service.cli.sms import sms
from service.container import Container
from service.domain.roles import UserRole
from service.domain.states import MessageState
from service.logs import set_up_logs
from service.models import AuditEntry, Message, OfficerChange, Pledge, Secret, SecretKind, Spending, User
from service.models.base import Base
from service.models.session import transaction
from service.security import pin_fits
from tests.conftest import MovedClock
from tests.service.web.person import HASHED, Person
from tests.ussd.carriers import CODE_SENT, HOOKS, Http, Phone
from tests.ussd.conftest import rows
from tests.ussd.projects import lyon_interested
from tests.world import diaspora, need_of, proposed, settle, village
from ussd.sessions import Conversations
from wsgi import doors

CHANGE = ("Autre", "Code secret", "Changer")
VILLAGE, LYON, NEWCOMER = "+212637485921", "+33638574912", "+212648596132"
PIN, OTHER, WRONG = "8305", "6172", "9264"
# A PIN that stands by itself: among the letters of a hash it is none.
PINS = re.compile(rf"(?<![\w/+-])(?:{PIN}|{OTHER}|{WRONG})(?![\w/+-])".encode())
# What would still be a phone: its last seven digits, however they are grouped.
PHONES = re.compile("|".join("[ .-]?".join(phone[-7:]) for phone in (VILLAGE, LYON, NEWCOMER)))
# Where a number is what the row is about, what a gateway told, and how two who agreed are introduced.
NUMBERED = {
    *("phones.number", "officers.phone", "contacts.phone", "consents.phone", "secrets.phone", "journals.phone"),
    *("messages.phone", "inbound_events.phone", "officer_changes.phone", "conversations.phone"),
    *("inbound_events.payload", "messages.key", "messages.text"),
}
# What the phones of these tests call their sessions and texts; carriers do not.
IDS = re.compile(r"(?:ATUid_|id)\+\d{11,12}")


@dataclass
class Service:
    """A running service, all that it logs, and every page that says that something cannot be done."""

    client: FlaskClient
    conversations: Conversations
    clock: MovedClock
    logged: io.StringIO
    ids: Iterator[int] = field(default_factory=count)
    pages: list[str] = field(default_factory=list)

    @property
    def engine(self) -> Engine:
        return self.conversations.container.engine

    def phone(self, number: str) -> Phone:
        return Phone(number, Http(self.client), self.conversations, self.clock, self.ids)

    def fails(self, phone: Phone, typed: str) -> None:
        """Let the database refuse what this answer would write."""
        event.listen(self.engine, "before_cursor_execute", refuse, retval=True)
        text = f"{phone.text}*{typed}"
        form = {"sessionId": phone.session, "phoneNumber": phone.number, "serviceCode": "*384*84#", "text": text}
        page = self.client.post(f"{HOOKS}/ussd", data=form)
        event.remove(self.engine, "before_cursor_execute", refuse)
        assert page.status_code == 500
        self.pages.append(page.text)


def refuse(
    _connection: Connection, _cursor: object, statement: str, parameters: object, *_: object
) -> tuple[str, object]:
    # The driver's own error, about a statement that holds the phone and the hash.
    return statement.replace("UPDATE secrets", "UPDATE no_such_table"), parameters


@pytest.fixture
def service(container: Container, clock: MovedClock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    written, root = io.StringIO(), logging.getLogger()
    before = root.handlers[:], root.level
    root.handlers = []
    monkeypatch.setattr(sys, "stderr", written)
    set_up_logs()
    root.setLevel(logging.INFO)
    settle(container.engine)
    with transaction(container.engine) as session:
        village(session, clock(), VILLAGE)
        need = need_of(session, clock(), VILLAGE)
        proposed(session, clock(), need, diaspora(session, clock(), LYON))
        lyon_interested(session, clock(), need)
    conversations = Conversations(container)
    with create_app(container, doors(conversations)).test_client() as client:
        yield Service(client, conversations, clock, written)
    conversations.close()
    structlog.reset_defaults()
    root.handlers, root.level = before


@pytest.fixture
def used(service: Service) -> Service:
    """The service after the PIN and the numbers were used wherever a person may, rightly and wrongly."""
    village_phone, lyon = service.phone(VILLAGE), service.phone(LYON)
    village_phone.dials(*CHANGE[:2], PIN, OTHER, PIN)
    village_phone.dials(*CHANGE, WRONG, PIN, OTHER)
    service.fails(village_phone, OTHER)
    village_phone.drops()
    village_phone.dials("Répondre", "1", WRONG, PIN)
    village_phone.dials("Autre", "Bureau", "Ajouter", "1", NEWCOMER, "1", WRONG, PIN)
    village_phone.dials_long("*".join([*CHANGE, PIN, OTHER, OTHER]))
    village_phone.dials(*CHANGE, *[WRONG] * 6)
    for text in (f"PIN {PIN}", f"code {PIN}", f"mon code est {PIN}", PIN):
        village_phone.texts(text)
    lyon.texts("DON 5000 EUR")
    lyon.texts("1")
    lyon.texts("1")
    lyon.texts(PIN)
    lyon.texts(lyon.filled("<code>"))
    service.clock.move(days=1)
    village_phone.dials(*CHANGE, PIN, OTHER)  # and now the journal stands right after both
    service.conversations.journals.flush()
    return service


def test_the_secrets_and_numbers_were_really_used(used: Service, container: Container) -> None:
    """Else nothing found would mean nothing."""
    assert [rows(container, one) for one in (OfficerChange, Pledge)] == [1, 1]
    with transaction(used.engine) as session:
        secret = session.get_one(Secret, (VILLAGE, SecretKind.PIN))
        assert pin_fits(secret.hash, container.settings.secret_key, VILLAGE, PIN)
        locked = select(AuditEntry.id).where(AuditEntry.action == "pin.locked")
        assert session.scalars(locked).one()
    assert "no_such_table" in used.logged.getvalue()


def test_no_log_holds_a_pin_or_a_phone(used: Service) -> None:
    structlog.get_logger().warning("planted", phone=VILLAGE, form={"from": [LYON]})  # it is the lines that are masked
    logged = used.logged.getvalue()
    assert "planted" in logged
    assert not PINS.search(logged.encode())
    assert not PHONES.search(logged)


def test_no_table_holds_a_pin_and_a_phone_only_where_the_row_is_about_it(used: Service) -> None:
    written = list(cells(used.engine))
    # The number of a row may by chance be that of a PIN.
    named = [cell for cell in written if not (cell[0].endswith((".id", "_id")) and cell[1].isdigit())]
    assert [cell for cell in named if PINS.search(cell[1].encode())] == []
    assert {column for column, value in written if PHONES.search(value)} == NUMBERED


def test_no_code_that_was_sent_back_is_kept_but_in_the_message_that_sent_it(used: Service) -> None:
    (code,) = {code for text in used.phone(LYON).inbox() for code in CODE_SENT.findall(text)}
    assert {column for column, value in cells(used.engine) if code in value} == {"messages.text"}
    assert code not in used.logged.getvalue()


def test_no_byte_of_a_database_file_betrays_a_pin(used: Service) -> None:
    if used.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL's files are not ours to read; its tables are read above")
    assert used.engine.url.database
    files = sorted(Path(used.engine.url.database).parent.glob("tiwizi.db*"))
    assert any(VILLAGE.encode() in path.read_bytes() for path in files)  # they are the right ones
    assert [path.name for path in files if PINS.search(path.read_bytes())] == []


def test_no_page_and_no_figure_betrays_a_pin_or_a_phone(used: Service) -> None:
    form = {"sessionId": VILLAGE, "phoneNumber": VILLAGE, "text": PIN}
    asked = [
        *(used.client.get(path) for path in ("/healthz", "/readyz", "/metrics", f"/{VILLAGE}/{PIN}?{LYON}")),
        used.client.get(f"{HOOKS}/ussd?phoneNumber={VILLAGE}&text={PIN}"),
        used.client.post(f"/hooks/africastalking/{VILLAGE}/ussd", data=form),
        used.client.post(f"{HOOKS}/ussd", data=form),
        used.client.post(f"{HOOKS}/sms", data={**form, "from": f"{VILLAGE}{PIN}"}),
        used.client.post(f"{HOOKS}/ussd-end", data=form),
    ]
    pages = [*used.pages, *(f"{one.headers}\n{one.text}" for one in asked)]
    assert [page for page in pages if PINS.search(page.encode()) or PHONES.search(page)] == []


def test_nothing_that_watches_over_messages_betrays_a_pin_or_a_phone(used: Service, container: Container) -> None:
    with transaction(used.engine) as session:
        viewer = {"name": "Idir", "role": UserRole.VIEWER, "password_hash": HASHED, "password_once": False}
        session.add(User(**viewer, created_at=used.clock()))
        numbers = session.scalars(select(Message.id).order_by(Message.id)).all()
        # Gateways say what they like of a number.
        failed = update(Message).values(state=MessageState.FAILED, reason=f"403 {VILLAGE}", final_at=used.clock())
        session.execute(failed)
        session.execute(update(Message).where(Message.id == numbers[0]).values(state=MessageState.UNKNOWN))
        session.add(Spending(day=used.clock().date(), scope=f"phone:{VILLAGE}", amount=10**9))
    Person(used.client).sign_in("Idir")
    pages = {path: used.client.get(path) for path in ("/admin/messages", "/admin/", "/metrics")}
    asked: list[tuple[Command, list[str]]] = [(doctor, []), (doctor, ["--json"]), (sms, ["dead"])]
    told = [CliRunner().invoke(command, words, obj=container) for command, words in asked]
    assert [page.status_code for page in pages.values()] == [200, 200, 200]
    assert "403 +212•••21" in pages["/admin/messages"].text
    assert 'tiwizi_messages{kind="' in pages["/metrics"].text
    assert ["did not leave" in one.output for one in told] == [True, True, False]
    assert "403 +212•••21" in told[2].output
    shown = [*(page.text for page in pages.values()), *(one.output for one in told)]
    # The number of a message may by chance be that of a PIN.
    own = re.compile(rf"\b(?:{'|'.join(map(str, numbers))})\b")
    assert [one for one in shown if PINS.search(own.sub("", one).encode()) or PHONES.search(one)] == []


def cells(engine: Engine) -> Iterator[tuple[str, str]]:
    """Every column of every row of every table, as it reads."""
    with engine.connect() as connection:
        for table in Base.metadata.sorted_tables:
            for row in connection.execute(select(table)).mappings():
                yield from ((f"{table.name}.{name}", IDS.sub("", repr(value))) for name, value in row.items())
