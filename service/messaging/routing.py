"""Which gateway carries a message."""

from collections.abc import Mapping


def route(routes: Mapping[str, str], phone: str) -> str:
    """Return the gateway of the longest prefix that an E.164 number begins with; `*` is the prefix of all."""
    prefix = max((prefix for prefix in routes if phone.startswith(prefix)), key=len, default="*")
    return routes[prefix]
