"""Load on a server: 50 connections, each playing conversations of its own, every reply checked."""

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from benchmarks.sockets import Script

CONNECTIONS = 50
HERE = Path(__file__).parent


class GeneratorError(Exception):
    """The load generator itself did not do its work."""


@dataclass(frozen=True)
class Load:
    """What a server did under load; `generator_us` is the CPU that asking took, in microseconds a request."""

    requests: int
    rate: float
    p50_ms: float
    p99_ms: float
    generator_us: float
    ran_out: bool
    wrong: str


def drive(port: int, path: str, scripts: Sequence[Script], seconds: float) -> Load:
    """Play one script a connection for so many seconds; `ran_out` when a script was too short for them.

    Raises GeneratorError when nothing could be measured.
    """
    with tempfile.TemporaryDirectory() as folder:
        for number, script in enumerate(scripts):
            lines = (f"{turn.expected}\t{turn.form}\n" for turn in script)
            Path(folder, f"{number}.tsv").write_text("".join(lines))
        before = _cpu_of_children()
        found = _run(port, path, folder, len(scripts), seconds)
        spent = _cpu_of_children() - before
    if not found["requests"]:
        raise GeneratorError("no request was answered")
    return Load(
        requests=found["requests"],
        rate=found["requests"] / found["seconds"],
        p50_ms=found["p50_ms"],
        p99_ms=found["p99_ms"],
        generator_us=spent / found["requests"] * 1e6,
        ran_out=bool(found["ran_out"]),
        wrong=found["wrong"] or (f"{found['errors']} broken connections" if found["errors"] else ""),
    )


@cache
def wrk() -> str | None:
    """Return where wrk is, installed now where that is allowed; None, said loudly, where it cannot be had."""
    if not shutil.which("wrk") and os.geteuid() == 0 and shutil.which("apt-get"):
        print("Installing wrk (it costs the two cores less than a generator in Python)…", file=sys.stderr)
        subprocess.run(["apt-get", "install", "-y", "-qq", "wrk"], capture_output=True, check=False)
    found = shutil.which("wrk")
    if not found:
        print(
            "WARNING: no wrk: the load comes from a Python process that takes several times the CPU, so every ratio "
            "comes out too kind. To have it: apt-get install wrk",
            file=sys.stderr,
        )
    return found


def _run(port: int, path: str, folder: str, connections: int, seconds: float) -> dict[str, Any]:
    # One thread a connection: only so does a script of wrk know whose reply it sees.
    each = str(connections)
    command = [sys.executable, "-m", "benchmarks.sockets", str(port), path, folder, str(seconds)]
    if found := wrk():
        script = str(HERE / "wrk.lua")
        address = f"http://127.0.0.1:{port}{path}"
        command = [found, "-t", each, "-c", each, "-d", f"{seconds:g}s", "--timeout", "15s", "-s", script, address, "--", folder]
    done = subprocess.run(command, cwd=HERE.parent, capture_output=True, text=True, check=False)
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode or not lines:
        raise GeneratorError(f"{Path(command[0]).name} failed: {done.stderr.strip() or done.stdout.strip()}")
    result: dict[str, Any] = json.loads(lines[-1])
    return result


def _cpu_of_children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
