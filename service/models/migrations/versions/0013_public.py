"""public: which associations agreed to be named, and files that are made for whoever asked for them."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)
HELD = {"sqlite_where": sa.text("withdrawn_at IS NULL"), "postgresql_where": sa.text("withdrawn_at IS NULL")}


def upgrade():
    op.create_table(
        "listing_consents",
        sa.Column("id", ID, nullable=False),
        sa.Column("association_id", ID, nullable=False),
        sa.Column("text_version", sa.String(length=20), nullable=False),
        sa.Column(
            "language", sa.Enum("fr", "ar", "shi", "en", name="language", native_enum=False, length=20), nullable=False
        ),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("actor", sa.String(length=60), nullable=False),
        sa.Column("given_at", MOMENT, nullable=False),
        sa.Column("withdrawn_at", MOMENT, nullable=True),
        sa.Column("withdrawn_by", sa.String(length=60), nullable=False),
        sa.ForeignKeyConstraint(
            ["association_id"],
            ["diaspora_associations.id"],
            name=op.f("fk_listing_consents_association_id_diaspora_associations"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_listing_consents")),
    )
    op.create_index("uq_listing_consents_held", "listing_consents", ["association_id"], unique=True, **HELD)
    op.create_table(
        "exports",
        sa.Column("id", ID, nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("arguments", sa.JSON(), nullable=False),
        sa.Column("asked_by", sa.String(length=60), nullable=False),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.Column(
            "state",
            sa.Enum("queued", "running", "done", "failed", "deleted", name="exportstate", native_enum=False, length=20),
            nullable=False,
        ),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("file", sa.String(length=80), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("owner", sa.String(length=80), nullable=False),
        sa.Column("alive_at", MOMENT, nullable=True),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exports")),
    )
    op.create_index(op.f("ix_exports_state_asked_at"), "exports", ["state", "asked_at"], unique=False)


def downgrade():
    op.drop_table("exports")
    op.drop_table("listing_consents")
