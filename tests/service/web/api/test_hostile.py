"""What means no good, sent to the API: nothing breaks, and what is kept is what can be seen."""

import json
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel
from sqlalchemy import Engine, select

from service.domain.text import clean
from service.models import DiasporaAssociation, VillageAssociation
from service.models.session import reading
from service.web.api import OPERATIONS
from tests.hostile import RAW, TEXTS
from tests.service.web.api.conftest import Country, Program
from tests.service.web.api.test_door import path_of
from tests.service.web.api.test_writing import ABROAD, VILLAGE

# Half a pair, which JSON can say and no database keeps; and what is nearly JSON.
HALVES = ('"\\ud800"', '"a\\udfff b"', '"\\u0000"', "NaN", "1e999", '"' + "[" * 5_000)


def texts_in(model: type[BaseModel] | None, text: str) -> dict[str, Any]:
    return dict.fromkeys(model.model_fields, text) if model else {}


def sent(program: Program) -> Iterator[tuple[str, int]]:
    """Say each text in every parameter, and everywhere in every body."""
    for operation in OPERATIONS:
        about = f"{operation.method} {operation.path}"
        for text in RAW if operation.query else ():
            for name, value in texts_in(operation.query, text).items():
                answer = program.open(operation.method, path_of(operation), query_string={name: value})
                yield f"{about} ?{name}={text[:20]!r}", answer.status_code
        for field in operation.body.model_fields if operation.body else ():
            for text in (*map(json.dumps, RAW), *HALVES):
                body = f'{{"{field}": {text}}}'
                answer = program.open(operation.method, path_of(operation), data=body, content_type="application/json")
                yield f"{about} {body[:40]}", answer.status_code


def test_no_parameter_and_no_body_breaks_it(program: Program) -> None:
    answers = list(sent(program))
    assert [one for one in answers if one[1] >= 500] == []
    assert len(answers) > 100


def test_what_is_registered_is_kept_as_it_can_be_seen(program: Program, country: Country, engine: Engine) -> None:
    assert country
    wrong, made = [], 0
    for number, text in enumerate(TEXTS):
        abroad = {
            **ABROAD,
            "name": f"{text} {number}",
            "city": text,
            "contact_name": text,
            "phone": f"+3247{number:07}",
        }
        village = {**VILLAGE, "name": text, "douar": f"{number} {text}", "phone": f"+2126001{number:05}"}
        for path, body in (("/diaspora-associations", abroad), ("/village-associations", village)):
            status = program.post(path, body).status_code
            made += status == 201
            wrong += [(path, text[:20], status)] if status not in {201, 409, 413, 422} else []
    assert wrong == []
    assert made > len(TEXTS)
    with reading(engine) as session:
        partners = session.scalars(select(DiasporaAssociation)).all()
        kept = [text for one in partners for text in (one.name, one.city, one.contacts[0].name)]
        kept += [text for one in session.scalars(select(VillageAssociation)) for text in (one.name, one.douar)]
    assert [text for text in kept if text != clean(text)] == []
