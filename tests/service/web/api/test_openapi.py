"""The document says what the API does: Schemathesis asks all it describes, and much that it does not."""

import uuid
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from flask import Flask
from schemathesis.engine import events, from_schema
from schemathesis.generation import GenerationMode

from service.app import create_app
from service.container import Container
from service.domain.scopes import Scope
from service.web.api import OPERATIONS
from tests.service.web.api.conftest import Country, MakeProgram, Program

EXAMPLES = 6  # a phase and an operation; there are four phases, and more than thirty operations
DOCUMENT = "/api/v1/openapi.json"


@pytest.fixture
def app(container: Container) -> Flask:
    """An application that lets as many requests through as are asked."""
    fast = container.settings.model_copy(update={"api_rate": 1_000_000})
    return create_app(Container(fast, container.engine, container.gateways, container.clock), [])


@pytest.fixture
def own_keys() -> Iterator[None]:
    """A program draws a new key for each request, and asks to change what is there: what else would be refused."""

    def before_call(_context: Any, case: Any, _kwargs: Any) -> None:
        if case.meta and case.meta.generation.mode is GenerationMode.POSITIVE:
            fitting = {"Idempotency-Key": str(uuid.uuid4()), "If-Match": "*"}
            case.headers.update({name: value for name, value in fitting.items() if name in case.headers})

    schemathesis.hook("before_call")(before_call)
    yield
    schemathesis.hooks.unregister(before_call)


def findings(served: str, headers: dict[str, str]) -> tuple[list[str], Counter[str]]:
    """What Schemathesis finds wrong, and how many cases it tried of each operation, in all its phases.

    Over HTTP: its check that a token is needed does not send over WSGI (4.32: it hands on what only requests knows).
    """
    schema = schemathesis.openapi.from_url(served + DOCUMENT)
    schema.config.update(headers=headers, continue_on_failure=True)
    schema.config.generation.max_examples = EXAMPLES
    schema.config.generation.deterministic = True
    schema.config.generation.database = "none"
    found: list[str] = []
    tried: Counter[str] = Counter()
    for event in from_schema(schema).execute():
        match event:
            case events.ScenarioFinished():
                tried[event.recorder.label] += len(event.recorder.interactions)
                found += _failures(event)
            case events.NonFatalError():
                found.append(f"{event.label}: {event.value!r}")
            case events.FatalError():
                found.append(repr(event.exception))
    return sorted(set(found)), tried


def _failures(event: events.ScenarioFinished) -> list[str]:
    checks = [check for checks in event.recorder.checks.values() for check in checks]
    return [
        f"{event.recorder.label}: {info.failure.title}: {info.failure.message} {info.code_sample}"
        for check in checks
        if (info := check.failure_info)
    ]


@pytest.mark.usefixtures("country", "own_keys")
@pytest.mark.timeout(300)
def test_schemathesis_finds_nothing_signed_in(served: str, make_program: MakeProgram) -> None:
    program = make_program()
    found, tried = findings(served, {"Authorization": f"Bearer {program.token}"})
    assert found == []
    assert len([label for label in tried if label.startswith(("GET", "POST", "DELETE"))]) == len(OPERATIONS)
    assert sum(tried.values()) > 1_000


@pytest.mark.usefixtures("country", "own_keys")
@pytest.mark.timeout(300)
def test_schemathesis_finds_nothing_signed_out(served: str) -> None:
    found, tried = findings(served, {})
    assert found == []
    assert sum(tried.values()) > 300


def test_the_document_is_public_and_says_which_scope_each_needs(app: Flask) -> None:
    document = app.test_client().get(DOCUMENT).json
    assert document
    assert document["openapi"] == "3.1.0"
    said = {
        (method.upper(), path): operation["security"]
        for path, item in document["paths"].items()
        for method, operation in item.items()
    }
    assert len(said) == len(OPERATIONS)
    assert {scope for [one] in said.values() for scope in one["token"]} == set(Scope) - {Scope.PEOPLE_READ}
    assert all(operation["summary"] for item in document["paths"].values() for operation in item.values())


def test_a_page_is_what_its_schema_says(program: Program, country: Country) -> None:
    document = program.client.get(DOCUMENT).json
    assert document
    shape = document["components"]["schemas"]["NeedShown"]
    shown = program.get(f"/needs/{country.verified}").json
    assert shown
    assert set(shape["properties"]) == set(shown) == set(shape["required"])
