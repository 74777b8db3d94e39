"""Rules of the house that no tool of the house keeps."""

import ast
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LONGEST = 350  # lines
# What a tool writes, or what is a list by nature.
GENERATED = re.compile(
    r"requirements\.lock|service/models/migrations/versions/.*|.*\.po|docs/(?:translations|dialogues)\.md"
)
PROGRAM = ("service", "ussd", "jobs", "wsgi.py")
# Where what is printed is what was asked for, and where the one true clock is read.
PRINTS = re.compile(r"service/cli/.*")
READS_THE_CLOCK = {"service/container.py": {"utc_now"}, "service/cli/carrier.py": None}
CLOCKS = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time", "datetime.datetime.now"}
# Put together, so that this file does not name what it looks for.
MACHINE_PATHS = [f"/{place}/" for place in ("root", "work", "tmp/brief")] + [f"/{'home'}/[a-z]", f"/{'Users'}/[A-Z]"]
REGISTRY = re.compile(
    r"https?://[\w.:@-]*(?:pypi|registry|artifact|nexus|mirror|proxy|index)[\w.-]*[/:]"
    r"|(?<!no-emit-)(?:index-url|find-links)[= ]\s*\S"
)
SECRET = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY|\bAKIA[0-9A-Z]{16}\b|\bgh[pousr]_\w{30,}|\batsk_\w{20,}")


@cache
def tracked() -> list[str]:
    """The files that are part of the project, those about to be as well."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode:
        pytest.skip("not a checkout")
    return [name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]


def written(name: str) -> str:
    """A file's text; of one that is not text, what looks like it."""
    return (ROOT / name).read_text(errors="replace")


def program() -> Iterator[tuple[str, ast.Module]]:
    for name in tracked():
        if name.endswith(".py") and name.startswith(PROGRAM) and not GENERATED.fullmatch(name):
            yield name, ast.parse(written(name), name)


def calls(tree: ast.Module) -> Iterator[tuple[str, str, int]]:
    """What is called, in which function, on which line."""
    inside: dict[ast.AST, str] = {}
    for node in ast.walk(tree):
        for child in ast.iter_child_nodes(node):
            inside[child] = node.name if isinstance(node, ast.FunctionDef) else inside.get(node, "")
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), inside.get(node, ""), node.lineno


def test_the_walk_sees_the_project() -> None:
    names = tracked()
    assert {"wsgi.py", "service/usecases/needs.py", "service/web/static/phone.js", "pyproject.toml"} <= set(names)
    parsed = dict(program())
    assert "ussd/engine/replay.py" in parsed
    assert ("datetime.now", "utc_now") in {(name, where) for name, where, _ in calls(parsed["service/container.py"])}


def test_no_file_is_too_long_to_be_read_at_a_sitting() -> None:
    lengths = {
        name: written(name).count("\n")
        for name in tracked()
        if name.endswith((".py", ".js", ".css", ".html", ".md", ".toml", ".sh", ".yaml", ".yml"))
        and not GENERATED.fullmatch(name)
    }
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST} == {}


def test_only_commands_print() -> None:
    printed = [
        f"{name}:{line}"
        for name, tree in program()
        if not PRINTS.fullmatch(name)
        for called, _, line in calls(tree)
        if called in {"print", "pprint", "pprint.pprint"} and f"{name}:{line}" not in told_apart()
    ]
    assert printed == []


@cache
def told_apart() -> set[str]:
    """Where a reason beside the line says why it prints (ruff sees to it that there is one)."""
    return {
        f"{name}:{number}"
        for name in tracked()
        if name.endswith(".py")
        for number, line in enumerate(written(name).splitlines(), 1)
        if "# noqa: T201  # " in line
    }


def test_time_comes_from_the_containers_clock() -> None:
    read = [
        f"{name}:{line} {called}"
        for name, tree in program()
        for called, function, line in calls(tree)
        if called in CLOCKS and not _may_read_the_clock(name, function)
    ]
    assert read == []


def _may_read_the_clock(name: str, function: str) -> bool:
    if name not in READS_THE_CLOCK:
        return False
    functions = READS_THE_CLOCK[name]
    return functions is None or function in functions


@pytest.mark.parametrize("path", MACHINE_PATHS)
def test_no_file_knows_the_machine_it_was_written_on(path: str) -> None:
    named = re.compile(rf"(?<![\w.\-]){path}")
    assert [name for name in tracked() if named.search(written(name))] == []


def test_no_file_names_a_registry() -> None:
    found = {f"{name}: {match[0]}" for name in tracked() for match in REGISTRY.finditer(written(name))}
    assert found == set()


def test_no_file_holds_a_credential() -> None:
    assert [name for name in tracked() if SECRET.search(written(name))] == []


def test_no_file_is_data_of_a_running_service() -> None:
    assert [name for name in tracked() if re.search(r"(^|/)(var/|\.env$)|\.(db|sqlite3?)(-wal|-shm)?$", name)] == []
