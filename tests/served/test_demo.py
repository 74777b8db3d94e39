"""`tiwizi demo`: the story through the hooks of a running service, or of one of its own; loud when a step fails."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from flask import Flask, Response
from sqlalchemy import func, select

from service.cli import story
from service.cli.demo import demo
from service.container import Container
from service.domain.states import ProposalState
from service.models import Proposal, VillageAssociation
from service.models.session import reading
from tests.peers.hooks import served
from tests.served.conftest import Service, await_end, serving

pytestmark = pytest.mark.served

VILLAGE, LYON = "Secretary, Ait Abdallah", "Lyon-Ait Abdallah"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with serving(tmp_path_factory.mktemp("demo"), "web", "worker") as service:
        yield service


@dataclass(frozen=True)
class Alone:
    """A demo that plays in an empty folder where no service runs."""

    place: Path
    temporary: Path
    process: subprocess.Popen[str]


@pytest.fixture(scope="module", autouse=True)
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Alone]:
    """Begun before all tests of the file, because it mostly waits."""
    begun = begin(tmp_path_factory)
    yield begun
    begun.process.terminate()
    begun.process.communicate()


def begin(tmp_path_factory: pytest.TempPathFactory) -> Alone:
    place, temporary = tmp_path_factory.mktemp("place"), tmp_path_factory.mktemp("temporary")
    # What a real installation says of itself is not for the demo's own service.
    real = {
        "TIWIZI_HOST": "192.0.2.1",
        "TIWIZI_PORT": "9",
        "TIWIZI_PUBLIC_URL": "https://tiwizi.example",
        "TIWIZI_SMS_ROUTES": "*=africastalking",
        "TIWIZI_AT_API_KEY": "none",
        "TIWIZI_HOOK_ADDRESSES": "192.0.2.0/24",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "wsgi", "demo", "--quiet"],
        env={**os.environ, **real, "TMPDIR": str(temporary)},
        cwd=place,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    return Alone(place, temporary, process)


def played_with(container: Container) -> Result:
    """The demo as the command plays it, in this process."""
    return CliRunner().invoke(demo, obj=container)


def introductions(service: Service) -> int:
    with service.container() as container, reading(container.engine) as session:
        made = select(func.count(Proposal.id)).where(Proposal.state == ProposalState.INTRODUCED)
        return session.scalar(made) or 0


@pytest.mark.timeout(400)
def test_the_story_plays_on_a_running_service_as_often_as_one_likes(running: Service) -> None:
    before = introductions(running)
    for edition in (1, 2):
        done = running.tiwizi("demo", within=180)
        assert done.returncode == 0, done.stdout + done.stderr
        assert introductions(running) == before + edition
        for said in (
            f"{VILLAGE}: dials *384*84#",
            f"{LYON}: receives SMS",
            "1 Oui, accepter",
            "+33 6 39 98 10 01",
            "+212 6 00 00 10",
            "The story played to its end: the experience of",
        ):
            assert said in done.stdout
    assert "Association Tiwizi Ifri 2" in done.stdout


@pytest.mark.timeout(400)
def test_with_no_service_it_starts_one_and_leaves_nothing_behind(alone: Alone) -> None:
    said, complained = alone.process.communicate(timeout=300)
    assert alone.process.returncode == 0, said + complained
    assert "The story played to its end" in said
    assert complained == ""
    left = {str(path.relative_to(alone.place)) for path in alone.place.rglob("*")}
    assert left == {"var", "var/hook_token", "var/secret_key"}
    assert list(alone.temporary.iterdir()) == []
    await_end(str(alone.temporary), within=0)


def test_a_demo_that_is_stopped_takes_its_service_with_it(tmp_path_factory: pytest.TempPathFactory) -> None:
    stopped = begin(tmp_path_factory)
    assert stopped.process.stdout
    assert stopped.process.stdout.readline().startswith("1. ")
    stopped.process.terminate()
    stopped.process.communicate(timeout=40)
    assert stopped.process.returncode == 1
    assert list(stopped.temporary.iterdir()) == []
    await_end(str(stopped.temporary), within=0)


def test_no_text_arriving_breaks_the_story_at_the_step_that_waits_for_it(
    running: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(story, "SMS_WITHIN", 2)
    running.kill("worker")
    with running.container() as container:
        result = played_with(container)
    running.start("worker")
    assert result.exit_code == 1
    assert "Error: The story broke off. Step 1 (The secretary registers her association): " in result.output
    assert result.output.endswith(" came within 2 seconds\n")


def test_a_wrong_hook_token_breaks_the_story_at_the_first_call(running: Service) -> None:
    with running.container(hook_tokens=("a-token-of-another-service",)) as container:
        result = played_with(container)
    assert result.exit_code == 1
    assert "Step 1 (The secretary registers her association): ussd: the service answered 404\n" in result.output
    assert "a-token-of-another-service" not in result.output


@pytest.mark.parametrize(
    "settings", [{"sms_routes": {"*": ("africastalking",), "+212": ("console",)}}, {"simulator": False}]
)
def test_it_does_not_play_where_the_settings_have_real_phones(running: Service, settings: dict[str, object]) -> None:
    with running.container(**settings) as container:
        before = associations(container)
        result = played_with(container)
        assert associations(container) == before
    assert result.exit_code == 1
    assert "write to real phones" in result.output


def test_it_does_not_play_where_the_running_service_has_real_phones(running: Service) -> None:
    real = Flask("a service with its simulator off")
    real.add_url_rule("/readyz", view_func=lambda: Response('{"status": "ready"}\n'))
    with served(real) as url, running.container(port=int(url.rpartition(":")[2])) as container:
        result = played_with(container)
    assert result.exit_code == 1
    assert f"The service at {url} has real gateways" in result.output


def associations(container: Container) -> int:
    with reading(container.engine) as session:
        return session.scalar(select(func.count(VillageAssociation.id))) or 0
