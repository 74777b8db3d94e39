"""first page and histories: what a message is about, and the indexes that both look through."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

INDEXES = (
    ("village_associations", ["state", "registered_at"]),
    ("diaspora_associations", ["state", "registered_at"]),
    ("needs", ["state", "reported_at"]),
    ("testimonies", ["state", "written_at"]),
    ("arrivals", ["state"]),
    ("progress_reports", ["help_wanted"]),
    ("spot_checks", ["told_at"]),
)
PARTIAL = (
    ("ix_officers_left", "officers", ["association_id"], "left_at IS NOT NULL"),
    ("ix_messages_dead", "messages", ["final_at"], "accepted_at IS NULL AND final_at IS NOT NULL"),
    ("ix_messages_subject_id", "messages", ["subject", "id"], "subject IS NOT NULL"),
)
# As service.domain.history names them: what the events of keys written before are about.
SUBJECTS = {
    **{kind: kind for kind in ("arrival", "association", "contact", "diaspora", "need", "officer", "pledge")},
    **{kind: kind for kind in ("proposal", "report", "spot_check", "testimony")},
    **dict.fromkeys(("plan", "project", "sheet", "follow_up"), "need"),
    "officer_change": "change",
}


def upgrade():
    op.add_column("messages", sa.Column("subject", sa.String(length=60), nullable=True))
    _fill()
    op.drop_index("ix_village_associations_state", "village_associations")
    for table, columns in INDEXES:
        op.create_index(f"ix_{table}_{'_'.join(columns)}", table, columns)
    for name, table, columns, where in PARTIAL:
        op.create_index(name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))


def downgrade():
    for name, table, _, _ in reversed(PARTIAL):
        op.drop_index(name, table)
    for table, columns in reversed(INDEXES):
        op.drop_index(f"ix_{table}_{'_'.join(columns)}", table)
    op.create_index("ix_village_associations_state", "village_associations", ["state"])
    op.drop_column("messages", "subject")


def _fill():
    """Say of the messages there are what each is about; answers are about nothing."""
    if op.get_bind().dialect.name == "postgresql":
        number = "substring(split_part(key, ':', 2) from '^[0-9]+')"
    else:
        number = "CAST(CAST(substr(key, instr(key, ':') + 1) AS INTEGER) AS VARCHAR)"
    # Who was asked for word of a silent project was told under the need's number.
    asked = "key LIKE 'report:%' AND template LIKE 'silence%'"
    cases = " ".join(f"WHEN key LIKE '{kind}:%' THEN '{about}:'" for kind, about in SUBJECTS.items())
    op.execute(
        f"UPDATE messages SET subject = (CASE WHEN {asked} THEN 'need:' {cases} END) || {number} WHERE kind <> 'reply'"
    )
