"""projects: their moves, financing plans and ledgers, spot checks, experience sheets, what becomes of testimonies."""

from fractions import Fraction

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


DUE = ["state", "gateway", "priority", "next_at"]


def upgrade():
    op.drop_index(op.f("ix_messages_state_gateway_priority_next_at"), table_name="messages")
    op.create_index(op.f("ix_messages_state_gateway_priority_next_at_id"), "messages", [*DUE, "id"])
    op.create_table(
        "exchange_rates",
        sa.Column("currency", sa.Enum("MAD", "EUR", name="currency", native_enum=False, length=20), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("rate", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(length=80), nullable=False),
        sa.Column("set_by", sa.String(length=60), nullable=False),
        sa.PrimaryKeyConstraint("currency", "day", name=op.f("pk_exchange_rates")),
    )
    op.create_table(
        "residents",
        sa.Column("id", ID, nullable=False),
        sa.Column("association_id", ID, nullable=False),
        sa.Column("phone", sa.String(length=16), nullable=False),
        sa.Column("joined_at", MOMENT, nullable=False),
        sa.Column("left_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["association_id"],
            ["village_associations.id"],
            name=op.f("fk_residents_association_id_village_associations"),
        ),
        sa.ForeignKeyConstraint(["phone"], ["phones.number"], name=op.f("fk_residents_phone_phones")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_residents")),
    )
    op.create_index(op.f("ix_residents_association_id"), "residents", ["association_id"], unique=False)
    op.create_index(
        "uq_residents_active_phone",
        "residents",
        ["phone"],
        unique=True,
        sqlite_where=sa.text("left_at IS NULL"),
        postgresql_where=sa.text("left_at IS NULL"),
    )
    op.create_table(
        "contributions",
        sa.Column("id", ID, nullable=False),
        sa.Column("need_id", ID, nullable=False),
        sa.Column(
            "source",
            sa.Enum(
                "village_cash",
                "village_labour",
                "village_materials",
                "village_land",
                "diaspora",
                "commune",
                "province",
                "state_programme",
                "other",
                name="source",
                native_enum=False,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("diaspora_id", ID, nullable=True),
        sa.Column("label", sa.String(length=60), nullable=False),
        sa.Column("declared_by", sa.String(length=60), nullable=False),
        sa.Column("declared_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["diaspora_id"],
            ["diaspora_associations.id"],
            name=op.f("fk_contributions_diaspora_id_diaspora_associations"),
        ),
        sa.ForeignKeyConstraint(["need_id"], ["needs.id"], name=op.f("fk_contributions_need_id_needs")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contributions")),
    )
    op.create_index(op.f("ix_contributions_need_id"), "contributions", ["need_id"], unique=False)
    op.create_index(
        "uq_contributions_diaspora",
        "contributions",
        ["need_id", "diaspora_id"],
        unique=True,
        sqlite_where=sa.text("diaspora_id IS NOT NULL"),
        postgresql_where=sa.text("diaspora_id IS NOT NULL"),
    )
    op.create_table(
        "experience_sheets",
        sa.Column("need_id", ID, nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column(
            "state",
            sa.Enum("draft", "published", "withdrawn", name="sheetstate", native_enum=False, length=20),
            nullable=False,
        ),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("difficulties", sa.Text(), nullable=False),
        sa.Column("lessons", sa.Text(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("works_began_on", sa.Date(), nullable=True),
        sa.Column("works_ended_on", sa.Date(), nullable=True),
        sa.Column("drafted_at", MOMENT, nullable=False),
        sa.Column("completed_by", ID, nullable=True),
        sa.Column("published_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["completed_by"], ["users.id"], name=op.f("fk_experience_sheets_completed_by_users")),
        sa.ForeignKeyConstraint(["need_id"], ["needs.id"], name=op.f("fk_experience_sheets_need_id_needs")),
        sa.PrimaryKeyConstraint("need_id", "language", name=op.f("pk_experience_sheets")),
    )
    op.create_table(
        "sheet_consents",
        sa.Column("need_id", ID, nullable=False),
        sa.Column("diaspora_id", ID, autoincrement=False, nullable=False),
        sa.Column("agreed", sa.Boolean(), nullable=True),
        sa.Column("actor", sa.String(length=60), nullable=False),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.Column("answered_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["need_id"], ["needs.id"], name=op.f("fk_sheet_consents_need_id_needs")),
        sa.PrimaryKeyConstraint("need_id", "diaspora_id", name=op.f("pk_sheet_consents")),
    )
    op.create_table(
        "plan_agreements",
        sa.Column("id", ID, nullable=False),
        sa.Column("need_id", ID, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("diaspora_id", ID, nullable=False),
        sa.Column("actor", sa.String(length=60), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["need_id"], ["needs.id"], name=op.f("fk_plan_agreements_need_id_needs")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_agreements")),
        sa.UniqueConstraint(
            "need_id", "version", "diaspora_id", name=op.f("uq_plan_agreements_need_id_version_diaspora_id")
        ),
    )
    op.create_table(
        "project_steps",
        sa.Column("id", ID, nullable=False),
        sa.Column("need_id", ID, nullable=False),
        sa.Column(
            "move",
            sa.Enum(
                "agree_plan",
                "reopen_plan",
                "begin_works",
                "accept",
                "reopen_works",
                "hand_over",
                "take_back",
                "follow_up",
                "dispute",
                "settle",
                "withdraw",
                "take_up",
                name="projectmove",
                native_enum=False,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column(
            "before",
            sa.Enum(
                "introduced",
                "planned",
                "works",
                "accepted",
                "handed_over",
                "closed",
                "disputed",
                "withdrawn",
                name="projectstate",
                native_enum=False,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column(
            "after",
            sa.Enum(
                "introduced",
                "planned",
                "works",
                "accepted",
                "handed_over",
                "closed",
                "disputed",
                "withdrawn",
                name="projectstate",
                native_enum=False,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column(
            "party",
            sa.Enum("village", "diaspora", "coordinator", name="party", native_enum=False, length=20),
            nullable=False,
        ),
        sa.Column("actor", sa.String(length=60), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["need_id"], ["needs.id"], name=op.f("fk_project_steps_need_id_needs")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_project_steps")),
    )
    op.create_index(op.f("ix_project_steps_need_id"), "project_steps", ["need_id"], unique=False)
    op.create_table(
        "projects",
        sa.Column("need_id", ID, nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "introduced",
                "planned",
                "works",
                "accepted",
                "handed_over",
                "closed",
                "disputed",
                "withdrawn",
                name="projectstate",
                native_enum=False,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column(
            "earlier",
            sa.Enum(
                "introduced",
                "planned",
                "works",
                "accepted",
                "handed_over",
                "closed",
                "disputed",
                "withdrawn",
                name="projectstate",
                native_enum=False,
                length=20,
            ),
            nullable=True,
        ),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("report_days", sa.Integer(), nullable=True),
        sa.Column("paused_until", sa.Date(), nullable=True),
        sa.Column("handed_over_at", MOMENT, nullable=True),
        sa.Column("plan_version", sa.Integer(), nullable=False),
        sa.Column("begun_at", MOMENT, nullable=False),
        sa.Column("moved_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["need_id"], ["needs.id"], name=op.f("fk_projects_need_id_needs")),
        sa.PrimaryKeyConstraint("need_id", name=op.f("pk_projects")),
    )
    op.create_index(op.f("ix_projects_state_moved_at"), "projects", ["state", "moved_at"], unique=False)
    op.create_table(
        "escalations",
        sa.Column("id", ID, nullable=False),
        sa.Column("need_id", ID, nullable=False),
        sa.Column(
            "about",
            sa.Enum("report", "follow_up", name="awaited", native_enum=False, length=20),
            nullable=False,
        ),
        sa.Column("since", MOMENT, nullable=False),
        sa.Column("rung", sa.Integer(), nullable=False),
        sa.Column("told", sa.String(length=60), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["need_id"], ["needs.id"], name=op.f("fk_escalations_need_id_needs")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_escalations")),
        sa.UniqueConstraint("need_id", "about", "since", "rung", name=op.f("uq_escalations_need_id_about_since_rung")),
    )
    op.create_table(
        "spot_checks",
        sa.Column("id", ID, nullable=False),
        sa.Column("need_id", ID, nullable=False),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.Column("told_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["need_id"], ["needs.id"], name=op.f("fk_spot_checks_need_id_needs")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_spot_checks")),
    )
    op.create_index(op.f("ix_spot_checks_need_id"), "spot_checks", ["need_id"], unique=False)
    op.create_table(
        "arrivals",
        sa.Column("id", ID, nullable=False),
        sa.Column("need_id", ID, nullable=False),
        sa.Column("contribution_id", ID, nullable=False),
        sa.Column("minor", ID, nullable=False),
        sa.Column("currency", sa.Enum("MAD", "EUR", name="currency", native_enum=False, length=20), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "declared", "confirmed", "different", "withdrawn", name="arrivalstate", native_enum=False, length=20
            ),
            nullable=False,
        ),
        sa.Column("declared_by", ID, nullable=False),
        sa.Column("declared_at", MOMENT, nullable=False),
        sa.Column("counted", ID, nullable=True),
        sa.Column("confirmed_by", ID, nullable=True),
        sa.Column("confirmed_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["confirmed_by"], ["officers.id"], name=op.f("fk_arrivals_confirmed_by_officers")),
        sa.ForeignKeyConstraint(
            ["contribution_id"], ["contributions.id"], name=op.f("fk_arrivals_contribution_id_contributions")
        ),
        sa.ForeignKeyConstraint(["declared_by"], ["officers.id"], name=op.f("fk_arrivals_declared_by_officers")),
        sa.ForeignKeyConstraint(["need_id"], ["needs.id"], name=op.f("fk_arrivals_need_id_needs")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_arrivals")),
    )
    op.create_index(op.f("ix_arrivals_need_id"), "arrivals", ["need_id"], unique=False)
    op.create_table(
        "recordings",
        sa.Column("id", ID, nullable=False),
        sa.Column("call_id", sa.String(length=80), nullable=False),
        sa.Column("testimony_id", ID, nullable=False),
        sa.Column("address", sa.String(length=400), nullable=False),
        sa.Column("seconds", sa.Integer(), nullable=False),
        sa.Column("media_type", sa.String(length=40), nullable=False),
        sa.Column("sound", sa.LargeBinary(), nullable=True),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["testimony_id"], ["testimonies.id"], name=op.f("fk_recordings_testimony_id_testimonies")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recordings")),
        sa.UniqueConstraint("call_id", name=op.f("uq_recordings_call_id")),
    )
    op.create_index(op.f("ix_recordings_testimony_id"), "recordings", ["testimony_id"], unique=False)
    op.create_table(
        "spot_questions",
        sa.Column("id", ID, nullable=False),
        sa.Column("check_id", ID, nullable=False),
        sa.Column("resident_id", ID, nullable=False),
        sa.Column("answer", sa.Enum("yes", "no", name="spotanswer", native_enum=False, length=20), nullable=True),
        sa.Column("answered_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["check_id"], ["spot_checks.id"], name=op.f("fk_spot_questions_check_id_spot_checks")),
        sa.ForeignKeyConstraint(
            ["resident_id"], ["residents.id"], name=op.f("fk_spot_questions_resident_id_residents")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_spot_questions")),
        sa.UniqueConstraint("check_id", "resident_id", name=op.f("uq_spot_questions_check_id_resident_id")),
    )
    op.create_index(op.f("ix_spot_questions_resident_id"), "spot_questions", ["resident_id"], unique=False)
    op.create_table(
        "ledger_entries",
        sa.Column("id", ID, nullable=False),
        sa.Column("contribution_id", ID, nullable=False),
        sa.Column(
            "posting",
            sa.Enum(
                "promise", "confirm", "receive", "release", "correction", name="posting", native_enum=False, length=20
            ),
            nullable=False,
        ),
        sa.Column(
            "out_of",
            sa.Enum("giver", "promised", "confirmed", "received", name="account", native_enum=False, length=20),
            nullable=False,
        ),
        sa.Column(
            "into",
            sa.Enum("giver", "promised", "confirmed", "received", name="account", native_enum=False, length=20),
            nullable=False,
        ),
        sa.Column("minor", ID, nullable=False),
        sa.Column("currency", sa.Enum("MAD", "EUR", name="currency", native_enum=False, length=20), nullable=False),
        sa.Column("rate", sa.Integer(), nullable=False),
        sa.Column("rate_day", sa.Date(), nullable=False),
        sa.Column("dirhams", ID, nullable=False),
        sa.Column("pledge_id", ID, nullable=True),
        sa.Column("arrival_id", ID, nullable=True),
        sa.Column("takes_back", ID, nullable=True),
        sa.Column("actor", sa.String(length=60), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["arrival_id"], ["arrivals.id"], name=op.f("fk_ledger_entries_arrival_id_arrivals")),
        sa.ForeignKeyConstraint(
            ["contribution_id"], ["contributions.id"], name=op.f("fk_ledger_entries_contribution_id_contributions")
        ),
        sa.ForeignKeyConstraint(["pledge_id"], ["pledges.id"], name=op.f("fk_ledger_entries_pledge_id_pledges")),
        sa.ForeignKeyConstraint(
            ["takes_back"], ["ledger_entries.id"], name=op.f("fk_ledger_entries_takes_back_ledger_entries")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_entries")),
        sa.UniqueConstraint("takes_back", name=op.f("uq_ledger_entries_takes_back")),
    )
    op.create_index(op.f("ix_ledger_entries_contribution_id"), "ledger_entries", ["contribution_id"], unique=False)
    op.add_column("progress_reports", sa.Column("milestone", sa.String(length=20), nullable=False, server_default=""))
    op.add_column(
        "testimonies",
        sa.Column(
            "state",
            sa.Enum(
                "given", "published", "set_aside", "withdrawn", name="testimonystate", native_enum=False, length=20
            ),
            nullable=False,
            server_default="given",
        ),
    )
    op.add_column("testimonies", sa.Column("reason", sa.String(length=200), nullable=False, server_default=""))
    op.add_column("testimonies", sa.Column("decided_by", sa.String(length=60), nullable=False, server_default=""))
    op.add_column("testimonies", sa.Column("decided_at", MOMENT, nullable=True))
    # What had found a partner already is a project.
    op.execute(
        """
        INSERT INTO projects (need_id, state, reason, report_days, plan_version, begun_at, moved_at)
        SELECT needs.id, 'introduced', '', 30, 1, coalesce(needs.verified_at, needs.reported_at),
               coalesce(needs.verified_at, needs.reported_at)
        FROM needs WHERE needs.state = 'introduced'
        """
    )
    _begin_plans()


def _begin_plans():
    """Give projects their plans: the village's share as labour, what associations pledged, a euro at 10.80 dirhams."""
    connection = op.get_bind()
    villages = "SELECT id AS need_id, village_share, reported_by, reported_at FROM needs WHERE state = 'introduced'"
    for need in connection.execute(sa.text(villages)).mappings().all():
        actor = f"officer:{need['reported_by']}"
        line = _line(connection, need["need_id"], None, actor, need["reported_at"])
        _promise(connection, line, need["village_share"], "MAD", None, actor, need["reported_at"])
    partners = "SELECT need_id, diaspora_id, answered_by, proposed_at FROM proposals WHERE state = 'introduced'"
    pledges = """
        SELECT pledges.need_id, pledges.diaspora_id, pledges.id, contact_id AS answered_by, minor, currency,
               promised_at AS proposed_at
        FROM pledges JOIN proposals ON proposals.need_id = pledges.need_id
             AND proposals.diaspora_id = pledges.diaspora_id
        WHERE proposals.state IN ('interested', 'introduced') ORDER BY pledges.id
    """
    lines = {}
    for one in (*connection.execute(sa.text(partners)).mappings(), *connection.execute(sa.text(pledges)).mappings()):
        key, actor = (one["need_id"], one["diaspora_id"]), f"contact:{one['answered_by'] or 0}"
        if key not in lines:
            lines[key] = _line(connection, *key, actor, one["proposed_at"])
        if "minor" in one:
            amount = one["minor"], one["currency"], one["id"]
            _promise(connection, lines[key], *amount, actor, one["proposed_at"])


def _line(connection, need_id, diaspora_id, actor, at):
    """Write a line of a plan; return its number."""
    values = {"need": need_id, "source": "diaspora" if diaspora_id else "village_labour", "diaspora": diaspora_id}
    insert = """
        INSERT INTO contributions (need_id, source, diaspora_id, label, declared_by, declared_at)
        VALUES (:need, :source, :diaspora, '', :actor, :at) RETURNING id
    """
    return connection.scalar(sa.text(insert), {**values, "actor": actor, "at": at})


def _promise(connection, line, minor, currency, pledge_id, actor, at):
    """Write what a line promised, in whole centimes of a dirham, rounded half to even."""
    if not minor:
        return
    rate = 108_000 if currency == "EUR" else 10_000
    dirhams = round(Fraction(minor * rate, 10_000))
    values = {"line": line, "minor": minor, "currency": currency, "rate": rate, "dirhams": dirhams}
    insert = """
        INSERT INTO ledger_entries (contribution_id, posting, out_of, into, minor, currency, rate, rate_day, dirhams,
                                    pledge_id, actor, reason, at)
        VALUES (:line, 'promise', 'giver', 'promised', :minor, :currency, :rate, '2026-01-01', :dirhams,
                :pledge, :actor, '', :at)
    """
    connection.execute(sa.text(insert), {**values, "pledge": pledge_id, "actor": actor, "at": at})


def downgrade():
    op.drop_index(op.f("ix_messages_state_gateway_priority_next_at_id"), table_name="messages")
    op.create_index(op.f("ix_messages_state_gateway_priority_next_at"), "messages", DUE)
    op.drop_column("testimonies", "decided_at")
    op.drop_column("testimonies", "decided_by")
    op.drop_column("testimonies", "reason")
    op.drop_column("testimonies", "state")
    op.drop_column("progress_reports", "milestone")
    op.drop_index(op.f("ix_ledger_entries_contribution_id"), table_name="ledger_entries")
    op.drop_table("ledger_entries")
    op.drop_index(op.f("ix_spot_questions_resident_id"), table_name="spot_questions")
    op.drop_table("spot_questions")
    op.drop_index(op.f("ix_recordings_testimony_id"), table_name="recordings")
    op.drop_table("recordings")
    op.drop_index(op.f("ix_arrivals_need_id"), table_name="arrivals")
    op.drop_table("arrivals")
    op.drop_index(op.f("ix_spot_checks_need_id"), table_name="spot_checks")
    op.drop_table("spot_checks")
    op.drop_table("escalations")
    op.drop_index(op.f("ix_projects_state_moved_at"), table_name="projects")
    op.drop_table("projects")
    op.drop_index(op.f("ix_project_steps_need_id"), table_name="project_steps")
    op.drop_table("project_steps")
    op.drop_table("plan_agreements")
    op.drop_table("sheet_consents")
    op.drop_table("experience_sheets")
    op.drop_index(
        "uq_contributions_diaspora",
        table_name="contributions",
        sqlite_where=sa.text("diaspora_id IS NOT NULL"),
        postgresql_where=sa.text("diaspora_id IS NOT NULL"),
    )
    op.drop_index(op.f("ix_contributions_need_id"), table_name="contributions")
    op.drop_table("contributions")
    op.drop_index(
        "uq_residents_active_phone",
        table_name="residents",
        sqlite_where=sa.text("left_at IS NULL"),
        postgresql_where=sa.text("left_at IS NULL"),
    )
    op.drop_index(op.f("ix_residents_association_id"), table_name="residents")
    op.drop_table("residents")
    op.drop_table("exchange_rates")
