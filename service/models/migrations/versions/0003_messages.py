"""messages: kinds, digests, attempts, gateways' states, spending."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)
LONG_AGO = sa.text("'2000-01-01 00:00:00+00:00'")


def upgrade():
    op.create_table(
        "gateway_states",
        sa.Column("name", sa.String(length=20), nullable=False),
        sa.Column("tokens", sa.Integer(), nullable=False),
        sa.Column("tokens_at", MOMENT, nullable=True),
        sa.Column("weight", sa.Integer(), nullable=False),
        sa.Column("weighed_at", MOMENT, nullable=True),
        sa.Column("heard_at", MOMENT, nullable=True),
        sa.Column("warned_at", MOMENT, nullable=True),
        sa.Column("stopped_at", MOMENT, nullable=True),
        sa.Column("stopped_by", sa.String(length=60), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_gateway_states")),
    )
    op.create_table(
        "spending",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("scope", sa.String(length=40), nullable=False),
        sa.Column("amount", ID, nullable=False),
        sa.PrimaryKeyConstraint("day", "scope", name=op.f("pk_spending")),
    )
    op.create_table(
        "attempts",
        sa.Column("id", ID, nullable=False),
        sa.Column("message_id", ID, nullable=False),
        sa.Column("gateway", sa.String(length=20), nullable=False),
        sa.Column("begun_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=False),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("cost", sa.String(length=20), nullable=False),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name=op.f("fk_attempts_message_id_messages")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempts")),
    )
    op.create_index(op.f("ix_attempts_message_id"), "attempts", ["message_id"], unique=False)
    kind = sa.Enum("reply", "security", "record", "alert", "news", "digest", name="kind", native_enum=False, length=20)
    for column in (
        sa.Column("kind", kind, nullable=False, server_default="news"),
        sa.Column("priority", sa.Integer(), nullable=False, server_default="4"),
        sa.Column("line", sa.String(length=160), nullable=False, server_default=""),
        sa.Column("resent", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("cost", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("cost_day", sa.Date(), nullable=True),
        sa.Column("digest_id", ID, nullable=True),
        sa.Column("expires_at", MOMENT, nullable=False, server_default=LONG_AGO),
    ):
        op.add_column("messages", column)
    after_a_week = (
        "datetime(created_at, '+7 days')"
        if op.get_bind().dialect.name == "sqlite"
        else "created_at + interval '7 days'"
    )
    op.execute(f"UPDATE messages SET expires_at = {after_a_week}")
    # What waited was given its gateway when it was claimed; now a due message is routed first.
    op.execute("UPDATE messages SET gateway = NULL WHERE state = 'queued'")
    op.create_index(op.f("ix_messages_digest_id"), "messages", ["digest_id"], unique=False)
    op.drop_index(op.f("ix_messages_state_next_at"), table_name="messages")
    op.create_index(
        op.f("ix_messages_state_gateway_priority_next_at"),
        "messages",
        ["state", "gateway", "priority", "next_at"],
        unique=False,
    )
    op.add_column("phones", sa.Column("zone", sa.String(length=40), nullable=True))
    pace = sa.Enum("at_once", "daily", "weekly", name="pace", native_enum=False, length=20)
    op.add_column("phones", sa.Column("pace", pace, nullable=False, server_default="at_once"))
    op.add_column("job_ticks", sa.Column("alive_at", MOMENT, nullable=True))


def downgrade():
    op.drop_column("job_ticks", "alive_at")
    op.drop_column("phones", "pace")
    op.drop_column("phones", "zone")
    op.drop_index(op.f("ix_messages_state_gateway_priority_next_at"), table_name="messages")
    op.create_index(op.f("ix_messages_state_next_at"), "messages", ["state", "next_at"], unique=False)
    op.drop_index(op.f("ix_messages_digest_id"), table_name="messages")
    for column in ("expires_at", "digest_id", "cost_day", "cost", "resent", "line", "priority", "kind"):
        op.drop_column("messages", column)
    op.drop_index(op.f("ix_attempts_message_id"), table_name="attempts")
    op.drop_table("attempts")
    op.drop_table("spending")
    op.drop_table("gateway_states")
