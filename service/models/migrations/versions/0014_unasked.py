"""unasked: which verified needs nobody can be asked about, with an index of these few."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("needs", sa.Column("unasked", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_index(
        "ix_needs_unasked",
        "needs",
        ["verified_at", "id"],
        sqlite_where=sa.text("unasked = 1"),
        postgresql_where=sa.text("unasked"),
    )


def downgrade():
    op.drop_index("ix_needs_unasked", "needs")
    op.drop_column("needs", "unasked")
