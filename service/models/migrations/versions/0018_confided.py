"""confided: the words of texts that answered a spot check are kept no more; nobody was to read who answered."""

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

# The answer to a text has a key that begins with where the text came from.
ANSWERS = """
UPDATE inbound_events SET payload = '{"confided": true}'
WHERE kind = 'sms' AND EXISTS (
    SELECT 1 FROM messages
    WHERE messages.phone = inbound_events.phone AND messages.template IN ('spot_noted', 'spot_kept')
    AND messages.key LIKE 'sms:' || inbound_events.gateway || ':' || inbound_events.external_id || '|%'
)
"""


def upgrade():
    op.execute(ANSWERS)


def downgrade():
    """Keep them so: what was deleted does not come back."""
