"""The OpenAPI 3.1 document, made from the operations: pydantic writes the schemas, JSON Schema as 3.1 has them."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic.json_schema import models_json_schema

from service.domain.scopes import Scope
from service.web.api.operations import Model, Operation
from service.web.api.paging import LARGEST
from service.web.api.problems import MEDIA_TYPE, Problem

TEMPLATE = "#/components/schemas/{model}"
PARAMETER = re.compile(r"<(reference|number):(\w+)>")
PATHS: Mapping[str, Mapping[str, Any]] = {
    "reference": {"type": "string", "pattern": "^[0-9A-Z]{2,3}-[0-9A-Z]{3}$", "examples": ["K7-4Q2"]},
    "number": {"type": "integer", "minimum": 1, "maximum": LARGEST},
}
ALWAYS = {
    401: "No token, or one that is not valid.",
    403: "The token has not the scope.",
    405: "Not with this method.",
    429: "The token asked too often.",
    500: "A mistake of ours.",
}
# By what an operation is.
FINDS = {404: "There is none of that name, or no such page."}
ASKS = {422: "A parameter does not fit."}
WRITES = {
    400: "The body is not JSON, or the key has letters it may not have.",
    409: "Its state does not allow it, or the registers refuse a value.",
    412: "It is not as If-Match says.",
    413: "The body is too large.",
    422: "The body does not fit, or the key was used for another.",
}
SENDS = {415: "The body is not application/json."}


def describe(operations: Sequence[Operation], root: str) -> dict[str, Any]:
    """Return the document of the operations below `root`."""
    schemas, components = _schemas(operations)
    paths: dict[str, dict[str, Any]] = {}
    for one in operations:
        path = root + PARAMETER.sub(r"{\2}", one.path)
        paths.setdefault(path, {})[one.method.lower()] = _operation(one, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Tiwizi",
            "version": "1",
            "description": "What villages need, who helps, and how works advance; docs/api.md tells the rest.",
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": components,
            "headers": HEADERS,
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": f"Made by an admin at /admin/api, with scopes: {', '.join(Scope)}.",
                }
            },
        },
    }


Schemas = Mapping[Any, Any]  # by model, and whether it is read or written


def _schemas(operations: Iterable[Operation]) -> tuple[Schemas, dict[str, Any]]:
    taken: list[Model | None] = [model for one in operations for model in (one.query, one.body)]
    given: list[Model | None] = [*(one.answer for one in operations), Problem]
    models: list[tuple[Model, Any]] = [(model, "validation") for model in dict.fromkeys(taken) if model]
    models += [(model, "serialization") for model in dict.fromkeys(given) if model]
    schemas, definitions = models_json_schema(models, ref_template=TEMPLATE)
    return dict(schemas), definitions["$defs"]


def _operation(one: Operation, schemas: Schemas) -> dict[str, Any]:
    said: dict[str, Any] = {
        "operationId": one.name,
        "tags": [one.tag],
        "summary": (one.view.__doc__ or "").partition("\n")[0],
        "security": [{"token": [str(one.scope)]}],
        "parameters": [*_path(one), *_query(one), *_headers(one)],
        "responses": _responses(one, schemas),
    }
    if one.body:
        content = {"application/json": {"schema": schemas[one.body, "validation"]}}
        said["requestBody"] = {"required": True, "content": content}
    return said


def _path(one: Operation) -> list[dict[str, Any]]:
    found = PARAMETER.findall(one.path)
    return [{"name": name, "in": "path", "required": True, "schema": PATHS[kind]} for kind, name in found]


def _query(one: Operation) -> list[dict[str, Any]]:
    if not one.query:
        return []
    schema = one.query.model_json_schema(ref_template=TEMPLATE)
    return [_parameter(name, about) for name, about in schema["properties"].items()]


def _parameter(name: str, about: dict[str, Any]) -> dict[str, Any]:
    # What is left out is null to us, and not there in an address.
    choices = [choice for choice in about.get("anyOf", []) if choice != {"type": "null"}]
    schema = choices[0] if choices else {key: value for key, value in about.items() if key != "description"}
    said = {"name": name, "in": "query", "required": False, "schema": schema}
    return said | ({"description": about["description"]} if "description" in about else {})


def _headers(one: Operation) -> list[dict[str, Any]]:
    text = {"type": "string"}
    if not one.writes:
        return [{"name": "If-None-Match", "in": "header", "schema": text, "description": "304 when it is still so."}]
    key = {"type": "string", "pattern": "^[!-~]{1,100}$"}
    headers = [{"name": "Idempotency-Key", "in": "header", "schema": key, "description": "A retry changes nothing."}]
    if one.of:
        headers.append({"name": "If-Match", "in": "header", "schema": text, "description": "412 unless it is so."})
    return headers


def _responses(one: Operation, schemas: Schemas) -> dict[str, Any]:
    problems = {**ALWAYS, **(FINDS if PARAMETER.search(one.path) or one.query else {}), **(ASKS if one.query else {})}
    if one.writes:
        problems |= WRITES | (SENDS if one.body else {})
    responses = {str(status): _problem(status, what) for status, what in sorted(problems.items())}
    done: dict[str, Any] = {"description": "Done.", "headers": _named(*_done(one))}
    if one.answer:
        done["content"] = {"application/json": {"schema": schemas[one.answer, "serialization"]}}
    responses[str(one.status)] = done
    if not one.writes:
        responses["304"] = {"description": "It is still as If-None-Match says.", "headers": _named("ETag")}
    return responses


def _done(one: Operation) -> list[str]:
    if not one.writes:
        return ["ETag", *(["Link"] if one.query else []), *LIMITS]
    return [*(["ETag"] if one.of and one.answer else []), *(["Location"] if one.status == 201 else []), *LIMITS]  # noqa: PLR2004


def _problem(status: int, what: str) -> dict[str, Any]:
    schema = {"$ref": TEMPLATE.format(model=Problem.__name__)}
    return {
        "description": what,
        "content": {MEDIA_TYPE: {"schema": schema}},
        "headers": _named(*TOLD.get(status, [])),
    }


def _named(*names: str) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _header(what: str, *, required: bool = True, kind: str = "string") -> dict[str, Any]:
    return {"description": what, "required": required, "schema": {"type": kind}}


LIMITS = ("RateLimit", "RateLimit-Policy")
# Which headers a problem comes with.
TOLD: Mapping[int, Sequence[str]] = {
    401: ["WWW-Authenticate"],
    # With WWW-Authenticate where a scope is missing; not where what was decided before stands in the way.
    403: LIMITS,
    405: ["Allow"],
    429: ["Retry-After", *LIMITS],
}
HEADERS = {
    "ETag": _header("Names this state of it."),
    "Link": _header("The next page.", required=False),
    "Location": _header("Where what was made is."),
    "RateLimit": _header("How many requests are left."),
    "RateLimit-Policy": _header("How many there are in how many seconds."),
    "Retry-After": _header("After how many seconds to ask again.", kind="integer"),
    "WWW-Authenticate": _header("What is needed."),
    "Allow": _header("With which methods."),
}
