"""lists: the words that are looked for, and indexes for what is listed."""

import sqlalchemy as sa
from alembic import op

from service.domain.text import folded

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

SEARCHED = {
    "village_associations": ("name", "douar"),
    "diaspora_associations": ("name", "city"),
    "contacts": ("name",),
    "needs": ("title",),
}
INDEXES = {
    "needs": (("state", "id"), ("reported_at",), ("cost",), ("households",)),
    "messages": (("state", "id"), ("kind", "id"), ("gateway", "id"), ("phone", "id")),
}
BATCH = 1000


def fold(name, columns):
    table = sa.table(name, sa.column("id"), sa.column("search"), *map(sa.column, columns))
    update = table.update().where(table.c.id == sa.bindparam("row")).values(search=sa.bindparam("words"))
    connection, last = op.get_bind(), 0
    texts = [table.c[column] for column in columns]
    while rows := connection.execute(
        sa.select(table.c.id, *texts).where(table.c.id > last).order_by(table.c.id).limit(BATCH)
    ).all():
        connection.execute(update, [{"row": row[0], "words": folded(*row[1:])} for row in rows])
        last = rows[-1][0]


def upgrade():
    for name, columns in SEARCHED.items():
        op.add_column(name, sa.Column("search", sa.String(length=300), nullable=False, server_default=""))
        fold(name, columns)
    for name, indexes in INDEXES.items():
        for columns in indexes:
            op.create_index(op.f(f"ix_{name}_{'_'.join(columns)}"), name, list(columns), unique=False)
    op.drop_index(op.f("ix_messages_phone"), table_name="messages")


def downgrade():
    op.create_index(op.f("ix_messages_phone"), "messages", ["phone"], unique=False)
    for name, indexes in INDEXES.items():
        for columns in indexes:
            op.drop_index(op.f(f"ix_{name}_{'_'.join(columns)}"), table_name=name)
    for name in SEARCHED:
        op.drop_column(name, "search")
