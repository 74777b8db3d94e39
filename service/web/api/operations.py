"""What the API can be asked: each view with its path, method and scope; what it takes and gives is in its annotations.

The routes and the OpenAPI document are both made from these, so none is served that is not described, and none is
described that needs no scope.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, TypeVar, get_type_hints

from pydantic import BaseModel
from sqlalchemy.orm import Session

from service.domain.errors import NotFoundError
from service.domain.phone import GONE, NOBODY, mask_phone
from service.domain.scopes import Scope
from service.models.base import Base
from service.models.tokens import ApiToken
from service.settings import Settings

View = TypeVar("View", bound=Callable[..., Any])
Entity = TypeVar("Entity", bound=Base)
Model = type[BaseModel]


@dataclass(frozen=True)
class Call:
    """What a view is given beside what was asked: a transaction (one that only reads, for a read), who asks, when."""

    session: Session
    now: datetime
    settings: Settings
    token: ApiToken

    @property
    def actor(self) -> str:
        """Who asks, for the audit trail."""
        return f"token:{self.token.id}"

    @property
    def sees_people(self) -> bool:
        """Whether who asks may see phones, names and unpublished words."""
        return self.token.may(Scope.PEOPLE_READ)

    def find(self, entity: type[Entity], number: int) -> Entity:
        """Return what has this number. Raises NotFoundError when nothing has."""
        found = self.session.get(entity, number)
        if not found:
            raise NotFoundError
        return found

    def phone(self, number: str) -> str:
        """Return a number as who asks may see it: masked without `people:read`, a dash for someone who left."""
        if number.startswith(GONE):
            return NOBODY
        return number if self.sees_people else mask_phone(number)


@dataclass(frozen=True)
class Operation:
    """One thing the API can be asked. `of` is the view that shows what a write changes, for `If-Match`."""

    tag: str
    method: str
    path: str
    scope: Scope
    view: Callable[..., Any]
    status: int = 200
    of: Callable[..., Any] | None = None

    @cached_property
    def _hints(self) -> dict[str, Any]:
        return get_type_hints(self.view)

    @property
    def query(self) -> Model | None:
        """What the address may say after the question mark."""
        return self._hints.get("query")

    @property
    def body(self) -> Model | None:
        """What is sent, as JSON."""
        return self._hints.get("body")

    @property
    def answer(self) -> Model | None:
        """What is answered, as JSON; None is nothing."""
        answer: Model | type[None] = self._hints["return"]
        return answer if issubclass(answer, BaseModel) else None

    @property
    def name(self) -> str:
        """A name of its own: `needs.verify`."""
        return f"{self.view.__module__.rpartition('.')[2]}.{self.view.__name__}"

    @property
    def writes(self) -> bool:
        """Whether it changes anything."""
        return self.method != "GET"

    def shows(self, call: Call, path: dict[str, Any]) -> BaseModel | None:
        """Return what is changed, as it is now; None for what is made."""
        if self.of is None:
            return None
        names = inspect.signature(self.of).parameters
        shown: BaseModel = self.of(call, **{name: value for name, value in path.items() if name in names})
        return shown


@dataclass(frozen=True)
class Operations:
    """The operations of one subject, in the order they are written."""

    tag: str
    made: list[Operation] = field(default_factory=list)

    def get(self, path: str, scope: Scope) -> Callable[[View], View]:
        """Let a view answer a GET."""
        return self._declare("GET", path, scope)

    def post(
        self, path: str, scope: Scope, *, status: int = 200, of: Callable[..., Any] | None = None
    ) -> Callable[[View], View]:
        """Let a view answer a POST: 201 for what is made."""
        return self._declare("POST", path, scope, status=status, of=of)

    def delete(self, path: str, scope: Scope, *, of: Callable[..., Any]) -> Callable[[View], View]:
        """Let a view answer a DELETE, with nothing."""
        return self._declare("DELETE", path, scope, status=204, of=of)

    def _declare(self, method: str, path: str, scope: Scope, **how: Any) -> Callable[[View], View]:
        def declare(view: View) -> View:
            self.made.append(Operation(self.tag, method, path, scope, view, **how))
            return view

        return declare
