"""`make bench`: measures, prints a table, and writes build/bench.json. ARGS may name parts, such as `turns`."""

import importlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).parents[1]
# Modules of this folder whose `measure()` returns rows.
PARTS = ("turns", "peers", "overlap", "growth", "messages", "stalled", "pages", "matching", "anatomy")
RESULT = ROOT / "build" / "bench.json"

Row = dict[str, Any]


@click.command()
@click.argument("parts", nargs=-1, type=click.Choice(PARTS))
def main(parts: Sequence[str]) -> None:
    """Measure PARTS, or everything; fails when a row is not valid."""
    # Run as a script, Python looks for modules beside it and not in the checkout.
    sys.path[0] = str(ROOT)
    RESULT.parent.mkdir(exist_ok=True)
    rows: list[Row] = []
    for part in parts or PARTS:
        print(f"Measuring {part}…", file=sys.stderr)
        rows += importlib.import_module(f"benchmarks.{part}").measure()
        RESULT.write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n")
    Console(width=None if sys.stdout.isatty() else 170).print(_table(rows))
    invalid = [row for row in rows if row.get("invalid")]
    for row in invalid:
        print(f"INVALID: {row['name']}: {row['invalid']}", file=sys.stderr)
    sys.exit(1 if invalid else 0)


def _table(rows: Sequence[Row]) -> Table:
    table = Table(title=f"Also in {RESULT.relative_to(ROOT)}")
    table.add_column("what")
    for title in ("value", "unit"):
        table.add_column(title, justify="right" if title == "value" else "left")
    table.add_column("against")
    for title in ("ratio", "p50 ms", "p99 ms", "CPU µs", "n"):
        table.add_column(title, justify="right")
    for row in rows:
        numbers = [_number(row.get(name), places) for name, places in _NUMBERS]
        table.add_row(
            row["name"], _number(row["value"], _places(row["value"])), row["unit"], row["against"] or "", *numbers
        )
    return table


_NUMBERS = (("ratio", 3), ("p50_ms", 1), ("p99_ms", 1), ("cpu_us", 0), ("n", 0))


def _places(value: float | None) -> int:
    return 1 if value and value >= 10 else 3


def _number(value: float | None, places: int) -> str:
    return "" if value is None else f"{value:,.{places}f}"


if __name__ == "__main__":
    main()
