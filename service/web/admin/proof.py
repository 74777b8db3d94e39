"""Who is signed in proves once more that it is them, before something that a borrowed browser must not do."""

from flask import request

from service.models.session import reading, transaction
from service.security import password_fits
from service.usecases import users
from service.web.current import container, now, signed_in


def prove(name: str, password: str) -> str | None:
    """Return the stored hash that the password fits; takes as long for a name that nobody has."""
    with reading(container().engine) as session:
        user = users.find_user(session, name)
    hashed = user.password_hash if user and len(password) <= users.LONGEST_PASSWORD else None
    return hashed if password_fits(hashed, password[: users.LONGEST_PASSWORD]) else None


def knows_password(field: str = "password") -> bool:
    """Tell whether the form has the password of who is signed in; checked as at sign-in, guessing locks here too."""
    name = signed_in().name
    proven = prove(name, request.form.get(field, ""))
    with transaction(container().engine) as session:
        return users.check_password(session, now(), name=name, proven=proven) is not None
