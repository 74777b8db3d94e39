"""Someone at the admin view."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.conftest import QUICK

PASSWORD = "olive argan safran"
HASHED = QUICK.hash(PASSWORD)
TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')

MakeUser = Callable[..., int]


@dataclass
class Person:
    """Someone at a browser without scripts: opens pages, sends forms with the token the page gave."""

    client: FlaskClient

    def get(self, path: str, **options: str) -> TestResponse:
        return self.client.get(path, query_string=options)

    def send(self, path: str, *, page: str, **form: str) -> TestResponse:
        token = TOKEN.search(self.client.get(page).text)
        assert token, f"{page} has no form"
        return self.client.post(path, data={**form, "csrf_token": token.group(1)})

    def sign_in(self, name: str = "Zahra", password: str = PASSWORD, **form: str) -> TestResponse:
        return self.send("/admin/sign-in", page="/admin/sign-in", name=name, password=password, **form)
