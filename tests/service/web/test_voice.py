"""A testimony may be spoken: who calls is heard when it is clear of what they speak, and kept for nobody to read."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from structlog.testing import capture_logs

from jobs.recordings import fetch_recordings
from service.app import create_app
from service.container import Container
from service.domain.testimonies import Publication, TestimonyState
from service.gateways.africastalking.recordings import NoSoundError, fetch
from service.locales import Language
from service.models import Message, Recording
from service.models.session import reading, transaction
from service.models.testimonies import Testimony as Words  # pytest takes what begins with Test for its own
from service.usecases.phones import know_phone
from service.usecases.testimonies import withdraw_testimony
from service.web.voice import voice_blueprint
from tests.conftest import MovedClock
from tests.peers.recordings import SOUND, recordings
from tests.service.web.person import Person
from tests.ussd.projects import WITNESS, project_of, staffed_village
from tests.world import STRANGER, officer_of, settle

HOOK = "/hooks/africastalking/a-hook-token-for-tests-only/voice"
CALL = {
    "isActive": "1",
    "sessionId": "ATVId_0123456789abcdef0123456789abcdef",
    "direction": "Inbound",
    "callerNumber": WITNESS,
    "destinationNumber": "+212520000000",
}
END = {**CALL, "isActive": "0", "durationInSeconds": "41", "currencyCode": "KES", "amount": "1.2"}


@pytest.fixture
def host() -> Iterator[str]:
    with recordings() as url:
        yield url


@pytest.fixture
def project(container: Container, clock: MovedClock) -> str:
    settle(container.engine)
    with transaction(container.engine) as session:
        staffed_village(session, clock())
        return project_of(session, clock())


@pytest.fixture
def carrier(container: Container, project: str) -> FlaskClient:
    assert project
    return create_app(container, [voice_blueprint(container)]).test_client()


def kept(container: Container) -> list[Recording]:
    with reading(container.engine) as session:
        return list(session.scalars(select(Recording)))


def fetched(container: Container, host: str) -> str:
    settings = container.settings.model_copy(update={"at_recordings": host})
    return fetch_recordings(replace(container, settings=settings))


def test_who_takes_part_in_one_project_is_heard_after_the_tone(carrier: FlaskClient) -> None:
    answer = carrier.post(HOOK, data=CALL)
    assert (answer.status_code, answer.mimetype) == (200, "text/plain")
    assert answer.text.startswith('<?xml version="1.0" encoding="UTF-8"?>\n<Response><Say playBeep="true">Bienvenue')
    assert answer.text.endswith("</Say><Record/></Response>\n")


@pytest.mark.parametrize(("language", "said"), [("ar", "مرحبا"), ("shi", "مرحبا"), ("en", "Welcome")])
def test_a_caller_hears_a_language_that_can_be_read_aloud(
    carrier: FlaskClient, container: Container, clock: MovedClock, language: str, said: str
) -> None:
    with transaction(container.engine) as session:
        know_phone(session, clock(), WITNESS, Language(language))
    assert f">{said}" in carrier.post(HOOK, data=CALL).text


@pytest.mark.parametrize("caller", [STRANGER, "Unknown"])
def test_others_are_told_how_to_dial_and_not_recorded(carrier: FlaskClient, container: Container, caller: str) -> None:
    answer = carrier.post(HOOK, data={**CALL, "callerNumber": caller})
    assert "composez *384*84#" in answer.text
    assert "<Record" not in answer.text
    carrier.post(HOOK, data={**END, "callerNumber": caller, "recordingUrl": "https://voice.example/1.mp3"})
    assert kept(container) == []


def test_who_takes_part_in_several_is_not_recorded(
    carrier: FlaskClient, container: Container, clock: MovedClock
) -> None:
    with transaction(container.engine) as session:
        project_of(session, clock())
    assert "<Record" not in carrier.post(HOOK, data=CALL).text


def test_what_was_said_is_kept_once_and_for_nobody_to_read(
    carrier: FlaskClient, container: Container, project: str
) -> None:
    for _ in range(3):
        assert carrier.post(HOOK, data={**END, "recordingUrl": "https://voice.example/1.mp3"}).status_code == 200
    (one,) = kept(container)
    assert (one.call_id, one.seconds, one.sound) == (CALL["sessionId"], 41, None)
    with reading(container.engine) as session:
        words = session.scalars(select(Words)).one()
        assert (words.text, words.publication, words.state) == ("", Publication.PRIVATE, TestimonyState.GIVEN)
        (text,) = session.scalars(select(Message.text).where(Message.template == "recording_kept"))
    assert project in text
    assert "RETIRER" in text


@pytest.mark.parametrize("address", ["", "https://voice.example/" + "x" * 400])
def test_a_call_without_a_recording_leaves_nothing(carrier: FlaskClient, container: Container, address: str) -> None:
    assert carrier.post(HOOK, data={**END, "recordingUrl": address}).status_code == 200
    assert kept(container) == []


def test_a_wrong_token_is_not_found(carrier: FlaskClient, container: Container) -> None:
    assert carrier.post(HOOK.replace("only", "none"), data={**END, "recordingUrl": "https://a/1"}).status_code == 404
    assert kept(container) == []


def test_a_sound_is_fetched_from_the_one_host_and_heard_by_coordinators_only(
    carrier: FlaskClient, container: Container, coordinator: Person, host: str
) -> None:
    carrier.post(HOOK, data={**END, "recordingUrl": f"{host}/1.mp3"})
    assert fetched(container, "") == "no host is set"
    assert fetched(container, host) == "1 of 1 fetched"
    assert fetched(container, host) == "0 of 0 fetched"
    (one,) = kept(container)
    assert (one.sound, one.media_type) == (SOUND, "audio/mpeg")
    page = coordinator.get("/admin/testimonies").text
    assert f'src="/admin/testimonies/{one.testimony_id}/sound"' in page
    heard = coordinator.get(f"/admin/testimonies/{one.testimony_id}/sound")
    assert (heard.data, heard.mimetype) == (SOUND, "audio/mpeg")
    assert "media-src 'self'" in heard.headers["Content-Security-Policy"]


def test_who_only_looks_hears_nothing(carrier: FlaskClient, container: Container, viewer: Person, host: str) -> None:
    carrier.post(HOOK, data={**END, "recordingUrl": f"{host}/1.mp3"})
    fetched(container, host)
    (one,) = kept(container)
    assert "<audio" not in viewer.get("/admin/testimonies").text
    assert viewer.get(f"/admin/testimonies/{one.testimony_id}/sound").status_code == 403


def test_another_host_is_never_asked(carrier: FlaskClient, container: Container, host: str) -> None:
    carrier.post(HOOK, data={**END, "recordingUrl": "http://169.254.169.254/1.mp3"})
    with capture_logs() as logs:
        assert fetched(container, host) == "0 of 1 fetched"
    assert [line["why"] for line in logs if line["event"] == "recording.not_fetched"] == ["another host"]


@pytest.mark.parametrize("path", ["large.mp3", "page.mp3", "elsewhere.mp3", "gone.mp3"])
def test_only_a_sound_of_a_fitting_size_is_taken(host: str, path: str) -> None:
    with pytest.raises(NoSoundError):
        fetch(f"{host}/{path}", host)
    with pytest.raises(NoSoundError, match="another host"):
        fetch(f"{host}.example/{path}", host)


def test_what_its_author_took_back_is_not_fetched(
    carrier: FlaskClient, container: Container, clock: MovedClock, host: str
) -> None:
    carrier.post(HOOK, data={**END, "recordingUrl": f"{host}/1.mp3"})
    with transaction(container.engine) as session:
        (number,) = session.scalars(select(Words.id))
        author = officer_of(session, WITNESS)
        withdraw_testimony(session, clock(), author=author, testimony_id=number, channel="ussd")
    assert fetched(container, host) == "0 of 0 fetched"
