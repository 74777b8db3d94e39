"""sign-in: sessions kept here, second factors, invitations, people who are blocked; an audit that can be searched."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)
ADDED = (
    ("blocked_at", MOMENT, None),
    ("factor_nonce", sa.String(length=32), ""),
    ("factor_counter", sa.Integer(), "0"),
    ("recovery_hashes", sa.JSON(), "[]"),
    ("link_hash", sa.String(length=32), None),
    ("link_until", MOMENT, None),
    ("signed_in_at", MOMENT, None),
)


def upgrade():
    for name, kind, default in ADDED:
        op.add_column("users", sa.Column(name, kind, nullable=default is None, server_default=default))
    op.create_index(op.f("ix_users_link_hash"), "users", ["link_hash"], unique=True)
    op.drop_column("users", "epoch")
    op.create_table(
        "user_sessions",
        sa.Column("id", ID, nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("token_hash", sa.String(length=32), nullable=False),
        sa.Column("half", sa.Boolean(), nullable=False),
        sa.Column("began_at", MOMENT, nullable=False),
        sa.Column("seen_at", MOMENT, nullable=False),
        sa.Column("device", sa.String(length=60), nullable=False),
        sa.Column("network", sa.String(length=45), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_user_sessions_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_sessions")),
    )
    op.create_index(op.f("ix_user_sessions_token_hash"), "user_sessions", ["token_hash"], unique=True)
    op.create_index(op.f("ix_user_sessions_user_id"), "user_sessions", ["user_id"], unique=False)
    op.create_index(op.f("ix_audit_entries_actor"), "audit_entries", ["actor"], unique=False)
    op.create_index(op.f("ix_audit_entries_action"), "audit_entries", ["action"], unique=False)


def downgrade():
    op.drop_index(op.f("ix_audit_entries_action"), table_name="audit_entries")
    op.drop_index(op.f("ix_audit_entries_actor"), table_name="audit_entries")
    op.drop_index(op.f("ix_user_sessions_user_id"), table_name="user_sessions")
    op.drop_index(op.f("ix_user_sessions_token_hash"), table_name="user_sessions")
    op.drop_table("user_sessions")
    op.add_column("users", sa.Column("epoch", sa.Integer(), nullable=False, server_default="0"))
    op.drop_index(op.f("ix_users_link_hash"), table_name="users")
    for name, _, _ in reversed(ADDED):
        op.drop_column("users", name)
