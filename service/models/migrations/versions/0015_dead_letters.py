"""dead letters: counted, and messages of a state and a kind listed, by an index alone."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

NEVER_TAKEN = sa.text("accepted_at IS NULL AND final_at IS NOT NULL")
DEAD = {"sqlite_where": NEVER_TAKEN, "postgresql_where": NEVER_TAKEN}


def upgrade():
    op.drop_index("ix_messages_dead", "messages")
    op.create_index("ix_messages_dead", "messages", ["state", "final_at", "kind", "id"], **DEAD)
    op.drop_index("ix_messages_state_id", "messages")
    op.create_index("ix_messages_state_id_kind", "messages", ["state", "id", "kind"])


def downgrade():
    op.drop_index("ix_messages_state_id_kind", "messages")
    op.create_index("ix_messages_state_id", "messages", ["state", "id"])
    op.drop_index("ix_messages_dead", "messages")
    op.create_index("ix_messages_dead", "messages", ["final_at"], **DEAD)
