"""`make crash`: kill the service at every named point, start it again, and print what was lost or doubled."""

import argparse
import json
import sys
from typing import Any

from tests.crash.plants import PLANTS
from tests.crash.restarts import restart
from tests.crash.run import Asked, counts, run

MOST_LINES, MOST_HISTORIES = 40, 5


def main() -> int:
    """Run, print one JSON line, and what is wrong to the other output; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database", default="sqlite", help="sqlite, postgresql, or the URL of a server")
    parser.add_argument("--plant", choices=sorted(PLANTS), help="a fault that must be found")
    parser.add_argument("--restarts", type=int, help="instead of kills: SIGTERM to the whole program under load")
    parser.add_argument("--verbose", action="store_true")
    given = parser.parse_args()
    if given.restarts is not None:
        return _restart(given.restarts, given.seed, _database(given.database))
    asked = Asked(given.kills, given.seed, _database(given.database), given.plant)
    result = run(asked)
    said = result.verdict.wrong[:MOST_LINES]
    if given.verbose or not result.verdict.held:
        said += [*result.remarks, *result.verdict.histories[:MOST_HISTORIES]]
    if not result.verdict.held:
        said.append(f"again: {asked.command}")
    _say(said, result.line)
    return 0 if result.verdict.held else 1


def _restart(times: int, seed: int, database: str) -> int:
    result = restart(times, seed, database)
    slowest = {"restarts": times, "slowest_s": round(result.slowest, 2), "statuses": sorted(result.statuses)}
    said = [*result.verdict.wrong[:MOST_LINES], *result.verdict.histories[:MOST_HISTORIES]]
    _say(said, {**slowest, **counts(result.verdict)})
    return 0 if result.held else 1


def _say(wrong: list[str], line: dict[str, Any]) -> None:
    sys.stderr.write("".join(f"{one}\n" for one in wrong))
    sys.stdout.write(f"{json.dumps(line)}\n")


def _database(named: str) -> str:
    if named != "postgresql":
        return named
    from tests.conftest import POSTGRES_URL  # noqa: PLC0415  # it looks for a server

    if not POSTGRES_URL:
        sys.exit("No PostgreSQL server answers: start one and set TIWIZI_TEST_POSTGRES_URL.")
    return POSTGRES_URL


sys.exit(main())
