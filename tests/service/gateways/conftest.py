"""What the tests of gateways share: two SMS centres, and a gateway bound to one."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest

from service.gateways.smpp import SmppGateway
from service.gateways.smpp.link import NOBODY, Received, Timing
from service.settings import Settings
from tests.peers.smpp import ACCOUNT, Centre, rust_centre
from tests.peers.smpp_npm import NodeCentre, node_centre

QUICK = Timing(first_wait=0.05, longest_wait=0.2)
HASTY = Timing(response=1, bind=0.1, place=20, alive=0.5, first_wait=0.05, longest_wait=0.2, leave=1)
PATIENT = 20  # seconds


def account(port: int, **settings: Any) -> Settings:
    """What an operator who signed with this centre would set."""
    return Settings(
        _env_file=None,  # type: ignore[call-arg]  # pydantic-settings' own parameter
        smpp_host="127.0.0.1",
        smpp_port=port,
        **{**ACCOUNT, "smpp_source": "0600000000", "smpp_source_ton": 2, **settings},
    )


@contextmanager
def linked(
    port: int, received: Received = NOBODY, timing: Timing = QUICK, *, bound: bool = True, **settings: Any
) -> Iterator[SmppGateway]:
    """A gateway whose link is up, unless it cannot be."""
    gateway = SmppGateway(account(port, **settings), received, timing)
    gateway.link.start()
    try:
        assert not bound or gateway.link.wait_bound(PATIENT)
        yield gateway
    finally:
        gateway.link.close()


CENTRES: dict[str, Callable[[], AbstractContextManager[Centre]]] = {"smpp34": rust_centre, "npm": node_centre}


@pytest.fixture(params=list(CENTRES))
def centre(request: pytest.FixtureRequest) -> Iterator[Centre]:
    with CENTRES[request.param]() as centre:
        yield centre


@pytest.fixture
def npm() -> Iterator[NodeCentre]:
    with node_centre() as centre:
        yield centre
