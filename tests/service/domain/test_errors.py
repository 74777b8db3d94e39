"""Errors: each names its sentence and keeps what fills it."""

import pytest

from service.domain.errors import MoveError, NotAllowedError, NotFoundError, TiwiziError


@pytest.mark.parametrize(
    ("error", "key", "status"),
    [
        (TiwiziError, "error.failed", 500),
        (NotFoundError, "error.not_found", 404),
        (NotAllowedError, "error.not_allowed", 403),
        (MoveError, "error.move", 409),
    ],
)
def test_an_error_names_its_sentence_and_its_status(error: type[TiwiziError], key: str, status: int) -> None:
    raised = error(reference="K7-4Q2")
    assert (raised.key, raised.status) == (key, status)
    assert raised.values == {"reference": "K7-4Q2"}
    assert key in str(raised)
