"""inbox: conversations with people, canned answers, broadcasts."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)
HEARD = """
INSERT INTO conversations (phone, heard_at, resolved_at)
SELECT phone, max(received_at), max(received_at) FROM inbound_events
WHERE kind = 'sms' AND phone LIKE '+%' GROUP BY phone
"""


def upgrade():
    op.create_table(
        "conversations",
        sa.Column("id", ID, nullable=False),
        sa.Column("phone", sa.String(length=16), nullable=False),
        sa.Column("heard_at", MOMENT, nullable=False),
        sa.Column("waiting_since", MOMENT, nullable=True),
        sa.Column("answered_at", MOMENT, nullable=True),
        sa.Column("resolved_at", MOMENT, nullable=True),
        sa.Column("assigned_to", ID, nullable=True),
        sa.ForeignKeyConstraint(["assigned_to"], ["users.id"], name=op.f("fk_conversations_assigned_to_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conversations")),
        sa.UniqueConstraint("phone", name=op.f("uq_conversations_phone")),
    )
    for columns in (["heard_at"], ["assigned_to"], ["resolved_at", "waiting_since"]):
        op.create_index(op.f(f"ix_conversations_{'_'.join(columns)}"), "conversations", columns, unique=False)
    # Who wrote before is found again; nothing of it waits.
    op.execute(HEARD)
    op.create_table(
        "canned_answers",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column(
            "language", sa.Enum("fr", "ar", "shi", "en", name="language", native_enum=False, length=20), nullable=False
        ),
        sa.Column("text", sa.String(length=600), nullable=False),
        sa.PrimaryKeyConstraint("name", "language", name=op.f("pk_canned_answers")),
    )
    states = ("written", "sending", "paused", "sent", "cancelled")
    op.create_table(
        "broadcasts",
        sa.Column("id", ID, nullable=False),
        sa.Column("form", sa.String(length=40), nullable=False),
        sa.Column("audience", sa.JSON(), nullable=False),
        sa.Column("texts", sa.JSON(), nullable=False),
        sa.Column("state", sa.Enum(*states, name="broadcaststate", native_enum=False, length=20), nullable=False),
        sa.Column("cursor", sa.String(length=16), nullable=False),
        sa.Column("written_by", ID, nullable=False),
        sa.Column("written_at", MOMENT, nullable=False),
        sa.Column("approved_by", ID, nullable=True),
        sa.Column("approved_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["written_by"], ["users.id"], name=op.f("fk_broadcasts_written_by_users")),
        sa.ForeignKeyConstraint(["approved_by"], ["users.id"], name=op.f("fk_broadcasts_approved_by_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_broadcasts")),
        sa.UniqueConstraint("form", name=op.f("uq_broadcasts_form")),
    )
    op.create_index(op.f("ix_broadcasts_state"), "broadcasts", ["state"], unique=False)
    reasons = ("stop", "inactive", "paused", "cap", "country", "language")
    op.create_table(
        "broadcast_receivers",
        sa.Column("broadcast_id", ID, nullable=False),
        sa.Column("phone", sa.String(length=16), nullable=False),
        sa.Column("message_id", ID, nullable=True),
        sa.Column("left_out", sa.Enum(*reasons, name="leftout", native_enum=False, length=20), nullable=True),
        sa.Column("at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["broadcast_id"], ["broadcasts.id"], name=op.f("fk_broadcast_receivers_broadcast_id_broadcasts")
        ),
        sa.ForeignKeyConstraint(
            ["message_id"], ["messages.id"], name=op.f("fk_broadcast_receivers_message_id_messages")
        ),
        sa.PrimaryKeyConstraint("broadcast_id", "phone", name=op.f("pk_broadcast_receivers")),
    )
    op.create_index(op.f("ix_broadcast_receivers_phone_at"), "broadcast_receivers", ["phone", "at"], unique=False)


def downgrade():
    for table in ("broadcast_receivers", "broadcasts", "canned_answers", "conversations"):
        op.drop_table(table)
