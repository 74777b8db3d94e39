"""A second factor of one's own: turned on with an authenticator, off with the password."""

from datetime import UTC, datetime, timedelta

import pyotp
import segno
from flask import flash, redirect, render_template, request, session, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response

from service.models.session import transaction
from service.security import factor_key
from service.usecases import second_factor
from service.usecases.second_factor import WrongCodeError
from service.web import sessions
from service.web.access import access
from service.web.admin.proof import knows_password
from service.web.current import container, must_have_factor, now, signed_in, voice
from service.web.errors import told

Answer = str | Response | tuple[str, int]
# Where the browser keeps the nonce of an authenticator to be, of which nobody without our secret makes a key.
OFFERED = "factor"
OFFER_LASTS = timedelta(minutes=15)


def offer() -> None:
    """Let who has just proved their password scan a key."""
    session[OFFERED] = [second_factor.new_nonce(), int(now().timestamp())]


@access("viewer")
def show() -> str:
    """Show the key to scan, to those who asked for one; else whether there is a second factor, and what can be done."""
    return _page()


@access("viewer")
def begin() -> Answer:
    """Offer a key, for the password."""
    if not knows_password():
        return _page(voice().say("web.factor.wrong_password")), 400
    offer()
    return redirect(url_for("admin.second_factor"))


@access("viewer")
def confirm() -> Answer:
    """Turn it on when the authenticator shows the right code, and show the recovery codes."""
    nonce, secret = _offered(), container().settings.secret_key
    if nonce is None:
        return redirect(url_for("admin.second_factor"))
    try:
        with transaction(container().engine) as database:
            code, user = request.form.get("code", ""), signed_in()
            codes = second_factor.turn_on(database, now(), secret, user_id=user.id, nonce=nonce, code=code)
            sessions.begin(database, user)
    except WrongCodeError as error:
        return _page(told(error)), 400
    return render_template("admin/recovery_codes.html", codes=codes)


@access("viewer")
def renew() -> Answer:
    """Show new recovery codes, for the password."""
    if not knows_password():
        return _page(voice().say("web.factor.wrong_password")), 400
    with transaction(container().engine) as database:
        codes = second_factor.renew_codes(database, now(), container().settings.secret_key, user_id=signed_in().id)
    return render_template("admin/recovery_codes.html", codes=codes)


@access("viewer")
def turn_off() -> Answer:
    """Turn it off, for the password."""
    if not knows_password():
        return _page(voice().say("web.factor.wrong_password")), 400
    user = signed_in()
    with transaction(container().engine) as database:
        second_factor.turn_off(database, now(), actor=user.subject, user_id=user.id)
        sessions.begin(database, user)
    flash(voice().say("web.factor.off"))
    return redirect(url_for("admin.second_factor"))


def _page(wrong: str | None = None) -> str:
    nonce = None if signed_in().has_factor else _offered()
    key = factor_key(container().settings.secret_key, nonce) if nonce else ""
    return render_template(
        "admin/second_factor.html",
        wrong=wrong,
        key=" ".join(key[start : start + 4] for start in range(0, len(key), 4)),
        picture=_picture(key) if key else None,
        demanded=must_have_factor(signed_in()),
    )


def _offered() -> str | None:
    nonce, at = session.get(OFFERED, (None, 0))
    return nonce if now() - datetime.fromtimestamp(at, UTC) < OFFER_LASTS else None


def _picture(key: str) -> Markup:
    address = pyotp.TOTP(key).provisioning_uri(name=signed_in().name, issuer_name="Tiwizi")
    return Markup(segno.make(address, error="m").svg_inline(omitsize=True, title=voice().say("web.factor.picture")))  # noqa: S704  # drawn by the library; the title is ours
