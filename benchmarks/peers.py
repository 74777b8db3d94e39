"""The need's dialogue on the USSD libraries of npm, in memory, beside a Flask route that does nothing."""

import shutil
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlencode

from benchmarks import country
from benchmarks.conversations import Conversation
from benchmarks.country import Caller
from benchmarks.load import Turn
from benchmarks.servers import BARE, Server, serving
from benchmarks.turns import Callers, Row, Subject, nothing, take_turns

LIBRARIES = ("ussd-builder", "ussd-menu-builder")
SOURCES = Path(__file__).parent / "peers"
BUILD = Path(__file__).parents[1] / "build"
# A process is the database's when its command line names it: no database has this name.
NO_DATABASE = "memory:peers-have-no-database"
# What is typed, and how the screen begins that comes: server.js says the same.
STEPS = (
    ("", "CON Tiwizi"),
    ("1", "CON Quel besoin ?"),
    ("1", "CON Combien de foyers"),
    ("84", "CON Cout total"),
    ("320000", "CON Part du village"),
    ("60000", "CON Un titre court"),
    ("Puits du bas", 'CON Eau potable, 84 foyers\n320000 DH, village 60000 DH\n"Puits du bas"\n1 Envoyer'),
)


class NoPeersError(Exception):
    """The libraries cannot be had here; the sentence says why."""


def measure() -> list[Row]:
    """Return a row for each library, and one for a bare Flask route of one process, which is what Node has as well.

    No rows, and a warning, where there is no Node.
    """
    try:
        folder = installed()
    except NoPeersError as error:
        print(f"WARNING: the peers on npm are not measured: {error}", file=sys.stderr)
        return []
    with ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=BUILD)))
        url = stack.enter_context(country.database("SQLite", place))
        bare = Subject("bare Flask", stack.enter_context(serving(BARE, place, url)), nothing, 15_000)
        subjects = [bare]
        for library in LIBRARIES:
            server = stack.enter_context(peer(folder, library))
            begin = Callers(server, country.callers()).begin(middle)
            subjects.append(Subject(f"{library} on express (in memory)", server, begin, 5_000))
        take_turns(subjects)
    return [subject.row("one process", bare) for subject in subjects]


def installed() -> Path:
    """Return the folder where the libraries are installed, at the versions of package-lock.json.

    Raises NoPeersError where Node or npm is missing, or npm cannot install.
    """
    folder = BUILD / "peers"
    if not (shutil.which("node") and shutil.which("npm")):
        raise NoPeersError("Node (node, npm) is not installed.")
    folder.mkdir(parents=True, exist_ok=True)
    for source in SOURCES.iterdir():
        shutil.copy(source, folder)
    command = ("npm", "ci", "--ignore-scripts", "--prefer-offline", "--loglevel=error")
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NoPeersError(f"npm ci failed: {done.stderr.strip().splitlines()[0]}")
    return folder


@contextmanager
def peer(folder: Path, library: str, store_ms: int = 0) -> Iterator[Server]:
    """Run the dialogue on a library until the block ends; its session store takes so many milliseconds."""
    with serving(("node", str(folder / "server.js"), library, str(store_ms)), folder, NO_DATABASE) as server:
        yield server


def middle(caller: Caller) -> Conversation:
    """Go from the sector to the review, as `conversations.middle` does with the service."""
    session = uuid.uuid4().hex
    at_the_sector, *rest = (_turn(caller, session, step) for step in range(1, len(STEPS)))
    return Conversation([at_the_sector], rest)


def _turn(caller: Caller, session: str, step: int) -> Turn:
    text = "*".join(typed for typed, _ in STEPS[1 : step + 1])
    form = {"sessionId": session, "phoneNumber": caller.number, "serviceCode": "*384*84#", "text": text}
    return Turn(urlencode(form), STEPS[step][1])
