"""conversations."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "wrong_guesses",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("pin", "code", "invitation", name="secretkind", native_enum=False, length=20),
            nullable=False,
        ),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wrong_guesses")),
    )
    op.create_index(op.f("ix_wrong_guesses_kind_at"), "wrong_guesses", ["kind", "at"], unique=False)
    op.create_table(
        "callbacks",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("phone", sa.String(length=16), nullable=False),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_by", sa.String(length=60), nullable=False),
        sa.ForeignKeyConstraint(["phone"], ["phones.number"], name=op.f("fk_callbacks_phone_phones")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_callbacks")),
    )
    op.create_index(op.f("ix_callbacks_done_at"), "callbacks", ["done_at"], unique=False)
    op.create_index(op.f("ix_callbacks_phone"), "callbacks", ["phone"], unique=False)
    op.create_table(
        "secrets",
        sa.Column("phone", sa.String(length=16), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("pin", "code", "invitation", name="secretkind", native_enum=False, length=20),
            nullable=False,
        ),
        sa.Column("hash", sa.String(length=200), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("locked_until", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["phone"], ["phones.number"], name=op.f("fk_secrets_phone_phones")),
        sa.PrimaryKeyConstraint("phone", "kind", name=op.f("pk_secrets")),
    )
    op.create_table(
        "officer_changes",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("association_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("add", "remove", "hand_over", "unlock", name="changekind", native_enum=False, length=20),
            nullable=False,
        ),
        sa.Column(
            "role",
            sa.Enum("president", "treasurer", "secretary", "witness", name="officerrole", native_enum=False, length=20),
            nullable=False,
        ),
        sa.Column("officer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("phone", sa.String(length=16), nullable=True),
        sa.Column("code_hash", sa.String(length=44), nullable=False),
        sa.Column(
            "state",
            sa.Enum("asked", "agreed", "done", "refused", "expired", name="changestate", native_enum=False, length=20),
            nullable=False,
        ),
        sa.Column("asked_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["asked_by"], ["officers.id"], name=op.f("fk_officer_changes_asked_by_officers")),
        sa.ForeignKeyConstraint(
            ["association_id"],
            ["village_associations.id"],
            name=op.f("fk_officer_changes_association_id_village_associations"),
        ),
        sa.ForeignKeyConstraint(["decided_by"], ["officers.id"], name=op.f("fk_officer_changes_decided_by_officers")),
        sa.ForeignKeyConstraint(["officer_id"], ["officers.id"], name=op.f("fk_officer_changes_officer_id_officers")),
        sa.ForeignKeyConstraint(["phone"], ["phones.number"], name=op.f("fk_officer_changes_phone_phones")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_officer_changes")),
    )
    op.create_index(op.f("ix_officer_changes_association_id"), "officer_changes", ["association_id"], unique=False)
    op.create_index(op.f("ix_officer_changes_phone_state"), "officer_changes", ["phone", "state"], unique=False)
    op.create_table(
        "need_details",
        sa.Column("need_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("permanent_population", sa.Integer(), nullable=True),
        sa.Column("summer_population", sa.Integer(), nullable=True),
        sa.Column(
            "cost_basis",
            sa.Enum("quote", "study", "estimate", "unknown", name="costbasis", native_enum=False, length=20),
            nullable=True,
        ),
        sa.Column("share_cash", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("share_labour", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("share_materials", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("share_land", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column(
            "funder_asked",
            sa.Enum("nobody", "commune", "province", "indh", "other", name="funder", native_enum=False, length=20),
            nullable=True,
        ),
        sa.Column(
            "commune_agreement",
            sa.Enum("yes", "asked", "no", name="agreement", native_enum=False, length=20),
            nullable=True,
        ),
        sa.Column(
            "land_status",
            sa.Enum(
                "association",
                "commune",
                "collective",
                "private",
                "unsettled",
                name="landstatus",
                native_enum=False,
                length=20,
            ),
            nullable=True,
        ),
        sa.Column(
            "water_right",
            sa.Enum("agreed", "asked", "disputed", "none", name="waterright", native_enum=False, length=20),
            nullable=True,
        ),
        sa.Column("declared_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("declared_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["declared_by"], ["officers.id"], name=op.f("fk_need_details_declared_by_officers")),
        sa.ForeignKeyConstraint(["need_id"], ["needs.id"], name=op.f("fk_need_details_need_id_needs")),
        sa.PrimaryKeyConstraint("need_id", name=op.f("pk_need_details")),
    )
    op.create_table(
        "pledges",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("need_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("diaspora_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("contact_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("minor", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("currency", sa.Enum("MAD", "EUR", name="currency", native_enum=False, length=20), nullable=False),
        sa.Column("promised_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_pledges_contact_id_contacts")),
        sa.ForeignKeyConstraint(
            ["diaspora_id"], ["diaspora_associations.id"], name=op.f("fk_pledges_diaspora_id_diaspora_associations")
        ),
        sa.ForeignKeyConstraint(["need_id"], ["needs.id"], name=op.f("fk_pledges_need_id_needs")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pledges")),
    )
    op.create_index(op.f("ix_pledges_diaspora_id"), "pledges", ["diaspora_id"], unique=False)
    op.create_index(op.f("ix_pledges_need_id"), "pledges", ["need_id"], unique=False)
    op.create_table(
        "progress_reports",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("need_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "stage",
            sa.Enum(
                "preparation", "works", "stopped", "finishing", "finished", name="stage", native_enum=False, length=20
            ),
            nullable=False,
        ),
        sa.Column("percent", sa.Integer(), nullable=False),
        sa.Column("spent", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column(
            "problem",
            sa.Enum(
                "none",
                "money",
                "permit",
                "materials",
                "contractor",
                "weather",
                "dispute",
                "other",
                name="problem",
                native_enum=False,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column(
            "help_wanted",
            sa.Enum(
                "none",
                "money",
                "advice",
                "papers",
                "materials",
                "hands",
                name="helpwanted",
                native_enum=False,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("next_step", sa.Text(), nullable=False),
        sa.Column("next_on", sa.Date(), nullable=True),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column(
            "state",
            sa.Enum("declared", "confirmed", "disputed", name="reportstate", native_enum=False, length=20),
            nullable=False,
        ),
        sa.Column("reported_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["confirmed_by"], ["officers.id"], name=op.f("fk_progress_reports_confirmed_by_officers")
        ),
        sa.ForeignKeyConstraint(["need_id"], ["needs.id"], name=op.f("fk_progress_reports_need_id_needs")),
        sa.ForeignKeyConstraint(
            ["reported_by"], ["officers.id"], name=op.f("fk_progress_reports_reported_by_officers")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_progress_reports")),
    )
    op.create_index(op.f("ix_progress_reports_need_id"), "progress_reports", ["need_id"], unique=False)
    op.create_table(
        "testimonies",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("need_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("officer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("contact_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column(
            "publication",
            sa.Enum("named", "anonymous", "private", name="publication", native_enum=False, length=20),
            nullable=False,
        ),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_testimonies_contact_id_contacts")),
        sa.ForeignKeyConstraint(["need_id"], ["needs.id"], name=op.f("fk_testimonies_need_id_needs")),
        sa.ForeignKeyConstraint(["officer_id"], ["officers.id"], name=op.f("fk_testimonies_officer_id_officers")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_testimonies")),
    )
    op.create_index(op.f("ix_testimonies_need_id"), "testimonies", ["need_id"], unique=False)
    op.add_column(
        "diaspora_associations",
        sa.Column(
            "state",
            sa.Enum("pending", "verified", "rejected", name="associationstate", native_enum=False, length=20),
            server_default="verified",
            nullable=False,
        ),
    )
    op.add_column(
        "diaspora_associations", sa.Column("state_reason", sa.String(length=200), server_default="", nullable=False)
    )
    op.add_column("diaspora_associations", sa.Column("paused_until", sa.DateTime(timezone=True), nullable=True))
    op.add_column("users", sa.Column("phone", sa.String(length=16), nullable=True))
    op.create_index(op.f("ix_users_phone"), "users", ["phone"], unique=True)
    op.drop_index(op.f("ix_proposals_diaspora_id"), table_name="proposals")
    op.create_index(
        op.f("ix_proposals_diaspora_id_state_proposed_at"),
        "proposals",
        ["diaspora_id", "state", "proposed_at"],
        unique=False,
    )
    op.create_index(op.f("ix_proposals_need_id_state"), "proposals", ["need_id", "state"], unique=False)


def downgrade():
    op.drop_index(op.f("ix_proposals_need_id_state"), table_name="proposals")
    op.drop_index(op.f("ix_proposals_diaspora_id_state_proposed_at"), table_name="proposals")
    op.create_index(op.f("ix_proposals_diaspora_id"), "proposals", ["diaspora_id"], unique=False)
    op.drop_index(op.f("ix_users_phone"), table_name="users")
    op.drop_column("users", "phone")
    op.drop_column("diaspora_associations", "paused_until")
    op.drop_column("diaspora_associations", "state_reason")
    op.drop_column("diaspora_associations", "state")
    op.drop_index(op.f("ix_testimonies_need_id"), table_name="testimonies")
    op.drop_table("testimonies")
    op.drop_index(op.f("ix_progress_reports_need_id"), table_name="progress_reports")
    op.drop_table("progress_reports")
    op.drop_index(op.f("ix_pledges_need_id"), table_name="pledges")
    op.drop_index(op.f("ix_pledges_diaspora_id"), table_name="pledges")
    op.drop_table("pledges")
    op.drop_table("need_details")
    op.drop_index(op.f("ix_officer_changes_phone_state"), table_name="officer_changes")
    op.drop_index(op.f("ix_officer_changes_association_id"), table_name="officer_changes")
    op.drop_table("officer_changes")
    op.drop_table("secrets")
    op.drop_index(op.f("ix_callbacks_phone"), table_name="callbacks")
    op.drop_index(op.f("ix_callbacks_done_at"), table_name="callbacks")
    op.drop_table("callbacks")
    op.drop_index(op.f("ix_wrong_guesses_kind_at"), table_name="wrong_guesses")
    op.drop_table("wrong_guesses")
