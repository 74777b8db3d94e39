"""Who may do what, by role."""

from enum import StrEnum


class OfficerRole(StrEnum):
    """A person's part in a village association."""

    PRESIDENT = "president"
    TREASURER = "treasurer"
    SECRETARY = "secretary"
    WITNESS = "witness"


# A witness confirms what others declare and declares nothing.
OFFICERS = frozenset({OfficerRole.PRESIDENT, OfficerRole.TREASURER, OfficerRole.SECRETARY})


class ChangeKind(StrEnum):
    """What one officer asks and a second agrees to."""

    ADD = "add"
    REMOVE = "remove"
    HAND_OVER = "hand_over"
    UNLOCK = "unlock"


class UserRole(StrEnum):
    """A person's part in the admin view; each may do what the ones before it may."""

    VIEWER = "viewer"
    COORDINATOR = "coordinator"
    ADMIN = "admin"

    def includes(self, other: "UserRole") -> bool:
        """Tell whether this role may do what `other` may."""
        ladder = list(UserRole)
        return ladder.index(self) >= ladder.index(other)
