"""Many values in one parameter are the values that were given, whatever stands in them."""

from datetime import UTC, datetime

from sqlalchemy import Engine, select

from service.models import Receipt
from service.models.base import table_of
from service.models.many import for_each_database
from service.models.session import transaction

RECEIPTS = table_of(Receipt)
ASKED = for_each_database(lambda among: select(RECEIPTS.c.provider_id).where(among(RECEIPTS.c.provider_id, "theirs")))
NUMBERED = for_each_database(lambda among: select(RECEIPTS.c.provider_id).where(among(RECEIPTS.c.id, "ids")))
ODD = ['a"b', "c\\d", "{x,y}", "NULL", "", "e, f", "\u0637'\u0638", "\n\t", '\\"', "}"]


def test_texts_and_numbers_are_found_as_they_are(engine: Engine) -> None:
    with transaction(engine) as session:
        receipts = [
            Receipt(gateway="smpp", provider_id=one, phone="+212612345678", status="x", received_at=datetime.now(UTC))
            for one in (*ODD, "another")
        ]
        session.add_all(receipts)
        session.flush()
        dialect, connection = engine.dialect.name, session.connection()
        assert sorted(connection.scalars(ASKED[dialect], {"theirs": ODD})) == sorted(ODD)
        assert connection.scalars(ASKED[dialect], {"theirs": []}).all() == []
        ids = [receipts[0].id, receipts[2].id]
        assert sorted(connection.scalars(NUMBERED[dialect], {"ids": ids})) == sorted([ODD[0], ODD[2]])
