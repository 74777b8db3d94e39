"""The example program in docs/examples works against the real service."""

import json
from typing import Any

import pytest
import requests

from docs.examples.tiwizi_client import Tiwizi, main, read_event
from service.messaging.webhooks import signed
from tests.conftest import MovedClock
from tests.service.web.api.conftest import Country, Program

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = b'{"type":"need.verified","data":{"url":"https://tiwizi.example/api/v1/needs/K7-4Q2"}}'


@pytest.fixture
def api(served: str, program: Program, monkeypatch: pytest.MonkeyPatch) -> Tiwizi:
    assert program.token
    monkeypatch.setenv("TIWIZI_URL", served)
    monkeypatch.setenv("TIWIZI_TOKEN", program.token)
    # The service says its public address in links; here it is this machine's.
    get = requests.Session.request

    def here(session: requests.Session, method: str, url: str, **how: Any) -> requests.Response:
        return get(session, method, url.replace("http://127.0.0.1:8000", served), **how)

    monkeypatch.setattr(requests.Session, "request", here)
    return Tiwizi(served, program.token)


def test_it_pages_through_needs(api: Tiwizi, country: Country) -> None:
    found = [need["reference"] for need in api.items("needs", limit="1")]
    assert len(found) == 4
    assert found[-1] == country.waiting
    assert [need["reference"] for need in api.items("needs", limit="1", state="reported")] == [country.waiting]


def test_it_lists_and_verifies_from_the_command_line(
    api: Tiwizi, country: Country, capsys: pytest.CaptureFixture[str]
) -> None:
    assert api
    main(["verify", country.waiting, "high"])
    main(["needs"])
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "verified"
    assert said[1:] == [f"{reference} water 84 Ait Abdallah" for reference in (country.verified, country.waiting)]
    with pytest.raises(RuntimeError, match="urn:tiwizi:problem:move"):
        main(["verify", country.waiting, "high"])
    with pytest.raises(SystemExit):
        main([])


def test_it_waits_when_it_asked_too_often(api: Tiwizi, monkeypatch: pytest.MonkeyPatch, clock: MovedClock) -> None:
    waited: list[int] = []

    def sleep(seconds: int) -> None:
        waited.append(seconds)
        clock.move(seconds=seconds)

    monkeypatch.setattr("docs.examples.tiwizi_client.time.sleep", sleep)
    for _ in range(601):
        assert list(api.items("webhooks")) == []
    assert waited == [1]


def test_it_believes_a_webhook_that_is_signed_and_fresh(clock: MovedClock) -> None:
    headers = signed(SECRET, "msg_1", clock(), BODY)
    now = clock().timestamp()
    assert read_event(SECRET, headers, BODY, now) == json.loads(BODY)
    for given, body, at in (
        (headers | {"webhook-id": "msg_2"}, BODY, now),
        (headers | {"webhook-timestamp": str(int(now) + 1)}, BODY, now),
        (headers | {"webhook-signature": "v1,AAAA"}, BODY, now),
        (headers, BODY + b" ", now),
        (headers, BODY, now + 301),
        (headers, BODY, now - 301),
    ):
        with pytest.raises(ValueError, match="signed"):
            read_event(SECRET, given, body, at)
    rotated = headers | {"webhook-signature": f"v1,AAAA {headers['webhook-signature']}"}
    assert read_event(SECRET, rotated, BODY, now)
