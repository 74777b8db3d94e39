import pytest
from sqlalchemy import Engine

from tests.conftest import MovedClock
from tests.service.usecases.story import Story


@pytest.fixture
def story(engine: Engine, clock: MovedClock) -> Story:
    return Story(engine, clock)
