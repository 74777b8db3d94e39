"""A stand-in for Africa's Talking: a real HTTP server with a ledger of what it has accepted, and a sender of receipts.

It knows nothing of the service; so its ledger is evidence. `python -m tests.peers.africastalking` is a process of it.
"""

from tests.peers.africastalking.answers import (
    BROKEN,
    EMPTY,
    GARBAGE,
    INVALID_SENDER,
    JSON,
    Mood,
    Raw,
    Step,
)
from tests.peers.africastalking.ledger import Accepted, Ledger, read_ledger
from tests.peers.africastalking.receipts import Carrier
from tests.peers.africastalking.server import KEY, AfricasTalkingPeer

__all__ = [
    "BROKEN",
    "EMPTY",
    "GARBAGE",
    "INVALID_SENDER",
    "JSON",
    "KEY",
    "Accepted",
    "AfricasTalkingPeer",
    "Carrier",
    "Ledger",
    "Mood",
    "Raw",
    "Step",
    "read_ledger",
]
