"""The whole story, from the registration to the sheet that others learn from: by USSD, by SMS, and by both in turns."""

import pytest
from argon2 import PasswordHasher

from service import security
from service.cli import story
from service.container import Container
from service.locales import Language
from tests.conftest import MovedClock
from tests.ussd.whole_story import World
from tests.world import settle
from wsgi import make_app


@pytest.fixture
def world(container: Container, clock: MovedClock, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(security, "_HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    # What was queued is sent before somebody looks: there is nothing to wait for.
    monkeypatch.setattr(story, "SMS_WITHIN", 0)
    settle(container.engine)
    return World(make_app(container), container, clock)


@pytest.mark.parametrize("language", [Language.FR, Language.AR])
@pytest.mark.parametrize("way", ["ussd", "sms", "mixed"])
def test_the_whole_story_plays_in_every_way_and_language(world: World, way: str, language: Language) -> None:
    world.play(world.tale(language), way)
