"""Which gateway carries a number."""

import pytest

from service.messaging.routing import route

ROUTES = {"*": ("console",), "+212": ("android", "smpp"), "+2126": ("smpp",), "+33": ("africastalking",)}


@pytest.mark.parametrize(
    ("phone", "gateway"),
    [
        ("+212612345678", ("smpp",)),
        ("+212712345678", ("android", "smpp")),
        ("+33639980001", ("africastalking",)),
        ("+3162345678", ("console",)),
    ],
)
def test_the_longest_prefix_decides(phone: str, gateway: tuple[str, ...]) -> None:
    assert route(ROUTES, phone) == gateway
    assert route(dict(reversed(ROUTES.items())), phone) == gateway
