"""Many sessions at once, each with answers of its own: every reply is the right one, and so is every fact."""

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Lock

import pytest
from sqlalchemy import select

from service.container import Container
from service.domain.money import Money
from service.models import Need
from service.models.session import reading, transaction
from tests.conftest import MovedClock
from tests.ussd.conftest import Handset
from tests.world import village
from ussd.sessions import Conversations

SESSIONS, THREADS = 24, 8
QUESTIONS = ("Quel besoin ?", "Combien de foyers", "Cout total", "Part du village", "En quelques mots")


def number(place: int) -> str:
    return f"+2126000010{place:02}"


def answers(place: int) -> tuple[str, ...]:
    return ("1", "1", str(10 + place), str(100_000 + 7 * place), str(1_000 + 3 * place), f"Puits {place}", "1")


def expected(place: int) -> tuple[str, ...]:
    """What the screens after the dial begin with."""
    _, _, households, cost, share, title, _ = answers(place)
    figures = f"{_grouped(cost)} DH, village {_grouped(share)} DH"
    return (*QUESTIONS, f'Eau potable, {households} foyers\n{figures}\n"{title}"\n', "Recu. Réf ")


def _grouped(digits: str) -> str:
    return f"{int(digits):,}".replace(",", " ")


@pytest.fixture
def phones(container: Container, handset: Callable[[str], Handset], clock: MovedClock) -> list[Handset]:
    with transaction(container.engine) as session:
        for place in range(SESSIONS):
            village(session, clock(), number(place), name=f"Ait {place:02}")
    return [handset(number(place)) for place in range(SESSIONS)]


def shuffled(phones: list[Handset], processes: list[Conversations]) -> list[str]:
    """Play all conversations, turn by turn in no order, each at any process; return what was wrong."""
    dice = random.Random(20_261_123)  # noqa: S311  # an order, not a secret
    lock, wrong = Lock(), list[str]()
    waiting = [
        (place, iter(zip(("", *answers(place)), ("Ait ", *expected(place)), strict=True))) for place in range(SESSIONS)
    ]

    def play(_: int) -> None:
        while True:
            with lock:
                if not waiting:
                    return
                place, steps = waiting.pop(dice.randrange(len(waiting)))
                phones[place].conversations = processes[dice.randrange(len(processes))]
            step = next(steps, None)
            if step is None:
                continue
            typed, begins = step
            said = phones[place].types(typed) if typed else phones[place].dial()
            if not said.startswith(begins):
                wrong.append(f"{number(place)} was answered {said!r} instead of {begins!r}")
            for one in processes:
                one.journals.flush()  # a thumb is slower than the writing behind
            with lock:
                waiting.append((place, steps))

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(play, range(THREADS)))
    return wrong


@pytest.mark.parametrize("processes", [1, 3])
def test_sessions_that_overlap_are_never_mixed_up(container: Container, phones: list[Handset], processes: int) -> None:
    running = [Conversations(container) for _ in range(processes)]
    assert shuffled(phones, running) == []
    for one in running:
        one.close()
    with reading(container.engine) as session:
        needs = {need.association.name: need for need in session.scalars(select(Need))}
        assert len(needs) == SESSIONS
        for place in range(SESSIONS):
            need = needs[f"Ait {place:02}"]
            _, _, households, cost, share, title, _ = answers(place)
            assert (need.households, need.title) == (int(households), title)
            assert (need.cost, need.village_share) == (Money.of(int(cost)).minor, Money.of(int(share)).minor)
        assert len({need.reference for need in needs.values()}) == SESSIONS
