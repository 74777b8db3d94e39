"""Which decisions of a coordinator can be taken back: one table, and for how long."""

from collections.abc import Mapping
from datetime import timedelta

# Long enough to see a slip of the hand; a village that was told yes should not hear otherwise the day after.
UNDO_WITHIN = timedelta(minutes=30)
# What was decided of whom, and from where: taken back, it stands there again.
UNDOABLE: Mapping[str, frozenset[str]] = {
    "association.verified": frozenset({"pending", "rejected"}),
    "association.rejected": frozenset({"pending", "verified"}),
    "diaspora.verified": frozenset({"pending", "rejected"}),
    "diaspora.rejected": frozenset({"pending", "verified"}),
    "need.verified": frozenset({"reported", "rejected"}),
    "need.rejected": frozenset({"reported", "verified"}),
}
