"""Where a webhook may go: to public addresses over TLS, and nowhere that only we can reach."""

import socket
import ssl
import threading
from ipaddress import ip_address
from typing import Any

import pytest

from service.gateways.webhook import TAKEN, address_of, is_public, post
from tests.peers.webhooks import receiver

INSIDE = [
    "0.0.0.0",  # noqa: S104  # where nobody is sent
    *("127.0.0.1", "127.8.8.8", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1"),
    *("224.0.0.1", "240.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1"),
    *("::1", "::", "fe80::1", "fc00::1", "fd00:ec2::254", "ff02::1", "2001:db8::1"),
    *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "2002:7f00:1::", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe"),
]
OUTSIDE = ["8.8.8.8", "93.184.216.34", "2606:2800:220:1::1", "::ffff:8.8.8.8", "64:ff9b::808:808"]


@pytest.mark.parametrize("address", INSIDE)
def test_what_only_we_can_reach_is_not_public(address: str) -> None:
    assert not is_public(ip_address(address))
    host = f"[{address}]" if ":" in address else address
    with pytest.raises(ValueError, match="not public"):
        address_of(f"https://{host}/hook")


@pytest.mark.parametrize("address", OUTSIDE)
def test_what_anybody_can_reach_is_public(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    "url",
    [
        *("", "hook", "//host/hook", "http://host.example/hook", "ftp://host.example/", "file:///etc/passwd"),
        *("https://", "https:///hook", "https://user@host.example/", "https://user:word@host.example/"),
        *("https://host.example/#part", "https://host.example/a b", "https://host.example/\r\nX: y"),
        *("https://höst.example/", "https://host.example\\@127.0.0.1/", "https://host.example:port/"),
        *("https://host.example:99999/", "javascript:alert(1)", "https://[::1/"),
    ],
)
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # the standard library's sentences are among them
        address_of(url)
    assert post(url, b"{}", {}) != TAKEN


def test_an_address_is_taken_apart() -> None:
    one = address_of("https://host.example:8443/hook?a=b")
    assert (one.secure, one.host, one.port, one.target, one.authority) == (
        True,
        "host.example",
        8443,
        "/hook?a=b",
        "host.example:8443",
    )
    assert (address_of("https://host.example").port, address_of("https://host.example").target) == (443, "/")


@pytest.mark.parametrize(
    "url",
    ["https://localhost:{port}/", "https://127.1:{port}/", "https://2130706433:{port}/", "https://0x7f.0.0.1:{port}/"],
)
def test_a_name_of_this_machine_is_looked_up_and_not_called(url: str) -> None:
    with receiver() as hook:
        port = hook.url.split(":")[2].partition("/")[0]
        assert "not public" in post(url.format(port=port), b"{}", {})
        assert hook.got == []


def test_a_name_with_one_address_inside_is_not_called_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    def both(*_: Any, **__: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443)) for address in ("8.8.8.8", "10.0.0.1")]

    monkeypatch.setattr(socket, "getaddrinfo", both)
    assert post("https://host.example/", b"{}", {}) == "ValueError: the address is not public"


def test_the_address_that_was_looked_at_is_the_one_that_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that says another address at the second look is looked up once."""
    looks: list[str] = []
    called: list[Any] = []

    def changes(host: str, port: int, **_: Any) -> list[Any]:
        looks.append(host)
        address = "8.8.8.8" if len(looks) == 1 else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    def connect(address: Any, **_: Any) -> socket.socket:
        called.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "getaddrinfo", changes)
    monkeypatch.setattr(socket, "create_connection", connect)
    assert "ConnectionRefusedError" in post("https://host.example/", b"{}", {})
    assert (looks, called) == (["host.example"], [("8.8.8.8", 443)])


def test_on_this_machine_where_a_setting_allows_it() -> None:
    with receiver() as hook:
        assert post(hook.url, b'{"a":1}', {"webhook-id": "msg_1"}, loopback=True) == TAKEN
        assert (hook.got[0].body, hook.got[0].headers["host"]) == (b'{"a":1}', hook.url.split("/")[2])
        assert post(hook.url, b"{}", {}) == "ValueError: the address begins with https://"
    assert "not public" in post("http://8.8.8.8/", b"{}", {}, loopback=True)


def test_whoever_has_no_certificate_that_we_trust_gets_nothing() -> None:
    with receiver() as hook:
        said = post(hook.url.replace("http://", "https://"), b"{}", {}, loopback=True)
        assert "SSL" in said
        assert hook.got == []
    assert ssl.OPENSSL_VERSION


def test_who_answers_letter_by_letter_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.gateways.webhook.LONGEST", 0.5)
    server = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()

    def drip() -> None:
        line, _ = server.accept()
        with line:
            line.recv(1000)
            while not over.wait(0.1):
                try:
                    line.send(b"H")
                except OSError:
                    return

    thread = threading.Thread(target=drip)
    thread.start()
    try:
        assert post(f"http://127.0.0.1:{server.getsockname()[1]}/", b"{}", {}, loopback=True) != TAKEN
    finally:
        over.set()
        thread.join()
        server.close()
