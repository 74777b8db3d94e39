"""The stand-in as a process of its own, for benchmarks and crashes; ends with SIGTERM."""

import argparse
import asyncio
import signal
from pathlib import Path

from tests.peers.africastalking.answers import BALANCE
from tests.peers.africastalking.ledger import Ledger
from tests.peers.africastalking.server import KEY, AfricasTalkingPeer


async def serve(peer: AfricasTalkingPeer) -> None:
    """Serve until told to end; the address is printed when it answers."""
    for wish in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(wish, peer.stop)
    await peer.serve(lambda: print(peer.url, flush=True))  # noqa: T201  # whoever starts it reads it there


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.peers.africastalking", description=f"{__doc__} The key is {KEY}."
    )
    parser.add_argument("--port", type=int, default=0, help="0: any that is free")
    parser.add_argument("--latency", type=float, default=30.0, help="milliseconds before each answer (30)")
    parser.add_argument("--ledger", type=Path, help="append what is accepted to this file, as JSON lines")
    parser.add_argument("--durable", action="store_true", help="have each line on disk before it is answered")
    parser.add_argument("--balance", default=BALANCE, help=f"what the account has ({BALANCE})")
    asked = parser.parse_args()
    ledger = Ledger(asked.ledger, durable=asked.durable)
    peer = AfricasTalkingPeer(ledger=ledger, latency=asked.latency / 1000, port=asked.port, balance=asked.balance)
    asyncio.run(serve(peer))


if __name__ == "__main__":
    main()
