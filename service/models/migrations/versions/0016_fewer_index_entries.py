"""fewer index entries a message, whose each step writes all of them anew on PostgreSQL; unmatched receipts by an index."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

CARRIED = sa.text("provider_id IS NOT NULL")
UNMATCHED = sa.text("message_id IS NULL")


def upgrade():
    op.drop_index("ix_messages_digest_id", "messages")
    op.drop_index("ix_messages_gateway_provider_id", "messages")
    op.create_index(
        "ix_messages_gateway_provider_id",
        "messages",
        ["gateway", "provider_id"],
        sqlite_where=CARRIED,
        postgresql_where=CARRIED,
    )
    op.create_index(
        "ix_receipts_unmatched",
        "receipts",
        ["gateway", "phone"],
        sqlite_where=UNMATCHED,
        postgresql_where=UNMATCHED,
    )


def downgrade():
    op.drop_index("ix_receipts_unmatched", "receipts")
    op.drop_index("ix_messages_gateway_provider_id", "messages")
    op.create_index("ix_messages_gateway_provider_id", "messages", ["gateway", "provider_id"])
    op.create_index("ix_messages_digest_id", "messages", ["digest_id"])
