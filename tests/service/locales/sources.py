"""What the sources say, and could say: keys of texts in Python, in templates and in parts put together."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

HOUSE = Path(__file__).parents[3]
ROOMS = ("service", "ussd", "jobs")
# What takes a key first, and what stands before the key it takes.
SPEAKERS = {
    "say": "",
    "Amount": "",
    "Choice": "",
    "Date": "",
    "End": "",
    "Menu": "",
    "MisreadError": "",
    "Number": "",
    "Percent": "",
    "PhoneNumber": "",
    "Phrase": "",
    "Reason": "",
    "Review": "",
    "Secret": "",
    "Show": "",
    "Text": "",
    "reply": "sms.",
}
NAMED = {"also": "", "none": "", "send": "", "template": "sms."}
IN_TEMPLATES = re.compile(r"""\bt\(\s*["']([\w.]+)["']\s*[,)]""")
JOINED_IN_TEMPLATES = re.compile(r'"([\w.]*)"\s*~|~\s*"([\w.]*)"')
QUOTED = re.compile(r"""["']([\w.]+)["']""")


@cache
def trees() -> list[ast.Module]:
    """Return the parsed sources, migrations left out: nobody reads those."""
    paths = [path for room in ROOMS for path in (HOUSE / room).rglob("*.py") if "migrations" not in path.parts]
    return [ast.parse(path.read_text(), str(path)) for path in [*paths, HOUSE / "wsgi.py"]]


@cache
def templates() -> list[str]:
    """Return the pages."""
    return [path.read_text() for path in (HOUSE / "service" / "web" / "templates").rglob("*.html")]


def nodes() -> Iterator[ast.AST]:
    """Return every node of every source."""
    for tree in trees():
        yield from ast.walk(tree)


def asked() -> set[str]:
    """Return every key that is written out where a text is asked for."""
    keys = {key for page in templates() for key in IN_TEMPLATES.findall(page)}
    for node in nodes():
        if isinstance(node, ast.Call):
            keys |= _asked_by(node)
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.IfExp):
            # key = "a" if … else "b", asked for on the next line
            keys |= {key for name in node.targets if getattr(name, "id", "") == "key" for key in _words(node.value)}
    return keys


def _asked_by(call: ast.Call) -> set[str]:
    name = _called(call)
    keys: set[str] = set()
    if name in SPEAKERS and call.args:
        keys |= {SPEAKERS[name] + key for key in _words(call.args[0])}
    for given in call.keywords:
        if given.arg in NAMED:
            keys |= {NAMED[given.arg] + key for key in _words(given.value)}
        elif name == "Review" and given.arg == "lines":
            keys |= {f"{key}.label" for line in getattr(given.value, "elts", []) for key in _words(line)}
    return keys


def _called(node: ast.AST) -> str:
    """Return the name of what is called, without what it belongs to."""
    function = node.func if isinstance(node, ast.Call) else node
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _words(node: ast.expr) -> list[str]:
    """Return the strings that an expression may be, where it says so itself: `"a"`, `"a" if … else "b"`."""
    match node:
        case ast.Constant(value=str(word)) if word:
            return [word]
        case ast.IfExp():
            return _words(node.body) + _words(node.orelse)
        case _:
            return []


@cache
def words() -> frozenset[str]:
    """Return every string and number that stands in a source."""
    constants = [node.value for node in nodes() if isinstance(node, ast.Constant)]
    return frozenset(
        {str(value) for value in constants if isinstance(value, str | int)}
        | {word for page in templates() for word in QUOTED.findall(page)}
    )


@cache
def joints() -> frozenset[tuple[str, ...]]:
    """Return what stands around the gaps of a key put together: `f"home.{offer}"` is `("home.", "")`.

    Of two gaps, `f"{key}.{answer}.done"`, the first is a key of its own.
    """
    found: set[tuple[str, ...]] = {pair for page in templates() for pair in JOINED_IN_TEMPLATES.findall(page)}
    # What is written into the audit trail is named like a text and is none.
    audited = {id(part) for node in nodes() if _called(node) == "record" for part in ast.walk(node)}
    for node in nodes():
        if isinstance(node, ast.JoinedStr) and id(node) not in audited:
            found.add(_around(node))
    return frozenset(parts for parts in found if len(parts) in {2, 3} and any(parts))


def _around(text: ast.JoinedStr) -> tuple[str, ...]:
    around = [""]
    for part in text.values:
        if isinstance(part, ast.Constant):
            around[-1] += str(part.value)
        else:
            around.append("")
    return tuple(around)


def could_be_said(key: str, depth: int = 2) -> bool:
    """Tell whether a source holds this key, or the parts to put it together."""
    return key in words() or (depth > 0 and any(_could_fill(parts, key, depth - 1) for parts in joints()))


def _could_fill(parts: tuple[str, ...], key: str, depth: int) -> bool:
    before, *between, after = parts
    if not (key.startswith(before) and key.endswith(after) and len(key) > len("".join(parts))):
        return False
    inside = key[len(before) : len(key) - len(after)]
    if not between:
        return could_be_said(inside, depth)
    first, joint, last = inside.rpartition(between[0] or ".")
    return bool(joint) and "." in first and could_be_said(first, depth) and could_be_said(last, depth)
