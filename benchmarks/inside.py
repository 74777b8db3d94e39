"""Turns played inside this process: one thread, no server and no wire."""

from collections.abc import Iterable, Sequence
from io import BytesIO
from time import perf_counter, process_time
from wsgiref.types import WSGIEnvironment

from flask import Flask
from werkzeug.test import EnvironBuilder

from benchmarks.load import Turn
from benchmarks.servers import PATH, TOKEN
from service.container import Container, make_container
from service.settings import Settings

Call = tuple[WSGIEnvironment, str]
REQUEST = EnvironBuilder(path=PATH, method="POST", content_type="application/x-www-form-urlencoded").get_environ()


def container_of(url: str) -> Container:
    """Return what a service on this database needs; its hooks are open to `TOKEN`."""
    settings = Settings(
        _env_file=None,  # type: ignore[call-arg]  # pydantic-settings' own parameter
        database_url=url,
        secret_key="a-key-that-protects-nothing-but-benchmarks",  # noqa: S106  # it says so
        hook_tokens=(TOKEN,),
        sms_routes={"*": ("console",)},
    )
    return make_container(settings)


def play(app: Flask, calls: Sequence[Call]) -> tuple[float, float]:
    """Play turns one after the other; return the seconds they took and the CPU seconds."""
    wall, cpu = perf_counter(), process_time()
    for environment, expected in calls:
        reply = b"".join(app(environment, lambda *_: lambda _: None)).decode()
        if not reply.startswith(expected):
            raise ValueError(f"{reply} instead of {expected}")
    return perf_counter() - wall, process_time() - cpu


def calls_of(turns: Iterable[Turn]) -> list[Call]:
    """Return the requests of turns, each with what its reply must begin with."""
    return [(_request(turn.form.encode()), turn.expected) for turn in turns]


def _request(body: bytes) -> WSGIEnvironment:
    return {**REQUEST, "CONTENT_LENGTH": str(len(body)), "wsgi.input": BytesIO(body)}
