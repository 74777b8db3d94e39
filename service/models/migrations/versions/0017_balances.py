"""balances: the credit of a gateway's account as it was last seen, with its currency and the moment."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

AMOUNT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade():
    op.add_column("gateway_states", sa.Column("balance", AMOUNT, nullable=True))
    op.add_column("gateway_states", sa.Column("balance_currency", sa.String(length=3), nullable=True))
    op.add_column("gateway_states", sa.Column("balance_at", sa.DateTime(timezone=True), nullable=True))


def downgrade():
    for column in ("balance_at", "balance_currency", "balance"):
        op.drop_column("gateway_states", column)
