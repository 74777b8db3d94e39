"""The `tiwizi` command as an operator types it."""

import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import func, select

from service.container import utc_now
from service.models import Message, Proposal, User
from service.models.session import reading, transaction
from tests.served.conftest import Service, free_port, serving
from tests.world import LYON, STRANGER, diaspora, need_of, village

pytestmark = pytest.mark.served

# One process asks for every page: each start costs a second or two.
EVERY_HELP = """
import json, click, wsgi
from click.testing import CliRunner
def pages(command, path):
    answer = CliRunner().invoke(wsgi.main, [*path, "--help"])
    yield " ".join(path), [answer.exit_code, answer.output]
    for name, child in getattr(command, "commands", {}).items():
        yield from pages(child, [*path, name])
print(json.dumps(dict(pages(wsgi.main, []))))
"""
CONTRACT = {"web", "worker", "up", "migrate", "admin create", "demo", "dial", "job match"} | {
    "import associations",
    "import diaspora",
}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Web alone: a worker would match at moments of its own."""
    with serving(tmp_path_factory.mktemp("commands"), "web") as service:
        yield service


def without_a_database(folder: Path) -> Service:
    return Service(folder, f"postgresql+psycopg://nobody@127.0.0.1:{free_port()}/nothing", free_port())


def test_every_command_explains_itself_without_a_database(tmp_path: Path) -> None:
    environment = without_a_database(tmp_path).environment
    done = subprocess.run(
        [sys.executable, "-c", EVERY_HELP], env=environment, cwd=tmp_path, capture_output=True, text=True, check=True
    )
    pages: dict[str, tuple[int, str]] = json.loads(done.stdout)
    assert pages.keys() >= CONTRACT
    for path, (status, page) in pages.items():
        assert status == 0, path
        usage, summary = page.split("\n\n")[:2]
        assert usage.startswith("Usage: "), path
        assert summary.strip().endswith("."), path


def test_what_needs_the_database_says_in_one_sentence_that_it_is_away(tmp_path: Path) -> None:
    done = without_a_database(tmp_path).tiwizi("worker")
    assert done.returncode == 1
    assert "does not answer" in done.stderr
    assert done.stderr.count("\n") == 1


def test_nothing_starts_on_a_database_without_tables(tmp_path: Path) -> None:
    empty = Service(tmp_path, f"sqlite:///{tmp_path}/tiwizi.db", free_port())
    with ThreadPoolExecutor() as operators:
        tried = operators.map(empty.tiwizi, ("web", "worker", "up"))
    for done in tried:
        assert done.returncode == 1, done.args
        assert done.stderr == "Error: The database is not up to date: run `tiwizi migrate` first.\n"


def test_a_second_service_does_not_share_the_port(running: Service) -> None:
    with ThreadPoolExecutor() as operators:
        tried = operators.map(lambda words: running.tiwizi(*words), (["web"], ["up", "--first-run"]))
    for done in tried:
        assert done.returncode == 1, done.args
        assert done.stderr.startswith(f"Error: Cannot listen on 127.0.0.1 port {running.port} (")
        assert "TIWIZI_PORT" in done.stderr
        assert done.stderr.count("\n") == 1
        assert done.stdout == ""
    with running.container() as container, reading(container.engine) as session:
        assert session.scalar(select(func.count(User.id))) == 0, "a first admin whose password nobody saw"


def test_a_wrong_setting_stops_any_command_with_one_sentence_that_names_it(running: Service) -> None:
    done = running.tiwizi("job", "match", TIWIZI_SMS_ROUTES="*=pigeon")
    assert done.returncode == 2
    assert done.stderr.startswith("TIWIZI_SMS_ROUTES: unknown gateway 'pigeon'")
    assert done.stderr.count("\n") == 1


def test_a_rehearsed_round_says_who_and_why_and_writes_nothing(running: Service) -> None:
    with running.container() as container:
        with transaction(container.engine) as session:
            diaspora(session, utc_now())
            village(session, utc_now())
            reference = need_of(session, utc_now()).reference
            before = session.scalar(select(func.count(Message.id)))
        done = running.tiwizi("job", "match", "--dry-run", "--explain")
        with reading(container.engine) as session:
            assert session.scalar(select(func.count(Proposal.id))) == 0
            assert session.scalar(select(func.count(Message.id))) == before
    assert done.returncode == 0, done.stderr
    said, why = done.stdout.splitlines()
    assert said == "1 would be proposed, 0 held back"
    assert why.startswith(f"{reference} -> Lyon-Taliouine: score 0.")
    assert "commune" in why
    assert "sector" in why


def test_reasons_are_refused_where_they_would_be_written_anyway(running: Service) -> None:
    done = running.tiwizi("job", "match", "--explain")
    assert done.returncode == 2
    assert "--explain goes with --dry-run" in done.stderr


def test_a_phone_in_the_terminal_takes_its_keys_from_a_pipe(running: Service) -> None:
    done = running.tiwizi("dial", STRANGER, typed="3\n1\n")
    assert done.returncode == 0, done.stderr
    language, consent, home = (done.stdout.index(words) for words in ("3 Français", "1 J'accepte", "1 Inscrire"))
    assert language < consent < home
    assert done.stderr == ""


def test_a_phone_in_the_terminal_refuses_what_is_no_number(running: Service) -> None:
    done = running.tiwizi("dial", LYON[:4])
    assert done.returncode == 2
    assert "PHONE" in done.stderr
