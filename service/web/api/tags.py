"""Tags of what is shown: equal bytes, equal tags."""

from hashlib import sha256


def etag_of(body: bytes) -> str:
    """Return the entity tag of a representation, with its quotes."""
    return f'"{sha256(body).hexdigest()[:32]}"'
