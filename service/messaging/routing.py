"""Which gateway carries a message."""

from collections.abc import Mapping


def route(routes: Mapping[str, tuple[str, ...]], phone: str) -> tuple[str, ...]:
    """Return the gateways, best first, of the longest prefix that an E.164 number begins with; `*` is that of all."""
    prefix = max((prefix for prefix in routes if phone.startswith(prefix)), key=len, default="*")
    return routes[prefix]
