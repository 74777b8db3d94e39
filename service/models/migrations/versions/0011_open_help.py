"""open help: an index of the few reports that want any, in place of one of all."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

WANTED = sa.text("help_wanted <> 'none'")


def upgrade():
    op.drop_index("ix_progress_reports_help_wanted", "progress_reports")
    op.create_index(
        "ix_progress_reports_help", "progress_reports", ["id"], sqlite_where=WANTED, postgresql_where=WANTED
    )


def downgrade():
    op.drop_index("ix_progress_reports_help", "progress_reports")
    op.create_index("ix_progress_reports_help_wanted", "progress_reports", ["help_wanted"])
