"""The credit of an Africa's Talking account: what it answers over a real socket, and as a table of raw bodies."""

import json
from collections.abc import Iterator
from decimal import Decimal

import pytest

from service.gateways.africastalking.account import read_balance
from service.gateways.base import Balance, NoBalanceError
from tests.peers.africastalking import JSON, AfricasTalkingPeer, Mood, Raw
from tests.service.gateways.test_africastalking import PATIENT, SHORT, gateway_at, send

REFUSED = "http://127.0.0.1:9"


@pytest.fixture
def peer() -> Iterator[AfricasTalkingPeer]:
    with AfricasTalkingPeer() as peer:
        yield peer


def test_an_account_tells_its_balance_over_the_connection_of_its_sends(peer: AfricasTalkingPeer) -> None:
    gateway = gateway_at(peer.url)
    send(gateway)
    balance = gateway.balance()
    assert (balance, str(balance), balance.units) == (Balance("KES", 17_855_000), "KES 1785.5000", Decimal("1785.5"))
    assert (peer.connections, peer.looked, peer.requests) == (1, 1, 1)


@pytest.mark.parametrize("path", ["", "/", "/version1", "/version1/"])
def test_the_address_of_the_settings_is_that_of_sends(peer: AfricasTalkingPeer, path: str) -> None:
    assert gateway_at(peer.url + path).balance().currency == "KES"


@pytest.mark.parametrize(
    ("look", "why"),
    [
        (Raw(200, "<html>Welcome to the hotel's network</html>"), "no balance in the answer"),
        (Raw(500, "<h1>Internal Server Error</h1>"), "HTTP 500"),
        (Raw(302), "HTTP 302"),
        # Whoever refuses says nothing of the account, whatever else the answer holds.
        (Raw(403, '{"UserData": {"balance": "KES 1.00"}}', JSON), "HTTP 403"),
        (Mood.STALL, "ReadTimeoutError"),
        (Mood.RESET, "ProtocolError"),
        (Mood.CLOSE, "ProtocolError"),
        (Mood.PARTIAL, "ProtocolError"),
    ],
)
def test_what_tells_no_balance_is_said_and_the_next_look_finds_it(
    peer: AfricasTalkingPeer, look: Mood | Raw, why: str
) -> None:
    gateway = gateway_at(peer.url, timeout=SHORT if look is Mood.STALL else PATIENT)
    peer.looks.append(look)
    with pytest.raises(NoBalanceError, match=why):
        gateway.balance()
    assert gateway_at(peer.url).balance() == Balance("KES", 17_855_000)


def test_a_wrong_key_and_a_port_where_nobody_is_tell_no_balance(peer: AfricasTalkingPeer) -> None:
    with pytest.raises(NoBalanceError, match="HTTP 401"):
        gateway_at(peer.url, key="wrong").balance()
    with pytest.raises(NoBalanceError, match="ConnectionRefusedError"):
        gateway_at(REFUSED).balance()


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("KES 1785.50", Balance("KES", 17_855_000)),
        ("KES 1,785.50", Balance("KES", 17_855_000)),
        ("USD 12,345,678.9", Balance("USD", 123_456_789_000)),
        ("MAD 0.0001", Balance("MAD", 1)),
        ("EUR 7", Balance("EUR", 70_000)),
        ("KES 0.0000", Balance("KES", 0)),
        ("KES -12.34", Balance("KES", -123_400)),
        # No float could keep this apart from its neighbour.
        ("UGX 999999999999.9999", Balance("UGX", 9_999_999_999_999_999)),
    ],
)
def test_a_balance_is_read_to_the_last_digit(written: str, read: Balance) -> None:
    assert read_balance(200, json.dumps({"UserData": {"balance": written}}).encode()) == read


@pytest.mark.parametrize(
    "written",
    [
        "",
        "KES",
        "1785.50",
        "KES1785.50",
        "kes 1785.50",
        "KES 1785,50",
        "KES 17,85.50",
        "KES 1.785,50",
        "KES 1 785.50",
        "KES 1785.",
        "KES .50",
        "KES 1785.12345",
        "KES 1e3",
        "KES NaN",
        "KES ١٧٨٥",
        "KES 1785.50\n",
        "KES 1234567890123",
        "KSh 1785.50",
        1785.5,
        None,
        ["KES 1.00"],
    ],
)
def test_what_is_written_in_no_known_way_is_no_balance(written: object) -> None:
    with pytest.raises(NoBalanceError):
        read_balance(200, json.dumps({"UserData": {"balance": written}}).encode())


@pytest.mark.parametrize(
    "body", [b"", b"null", b"[]", b'{"UserData": "KES 1.00"}', b'{"balance": "KES 1.00"}', b"\xff\xfe", b"[" * 100_000]
)
def test_what_is_no_account_is_no_balance(body: bytes) -> None:
    with pytest.raises(NoBalanceError):
        read_balance(200, body)
