"""numbers: since when one is doubted, when its holder asked to be vouched for; over what a resident answered."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

MOMENTS = ("doubted_at", "vouch_asked_at", "vouched_at")


def upgrade():
    for moment in MOMENTS:
        op.add_column("phones", sa.Column(moment, sa.DateTime(timezone=True), nullable=True))
    op.add_column("spot_questions", sa.Column("channel", sa.String(length=20), server_default="", nullable=False))
    op.create_index(op.f("ix_phones_doubted_at"), "phones", ["doubted_at"])


def downgrade():
    op.drop_column("spot_questions", "channel")
    op.drop_index(op.f("ix_phones_doubted_at"), table_name="phones")
    for moment in reversed(MOMENTS):
        op.drop_column("phones", moment)
