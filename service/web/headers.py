"""Headers of every answer: what a browser may do with our pages."""

import secrets

from flask import Flask, Response, g, request

from service.web.current import user

POLICY = (
    "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'self' 'nonce-{nonce}'; img-src 'self'; "
    "font-src 'self'; media-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
FIXED = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",  # for browsers older than frame-ancestors
    "Referrer-Policy": "same-origin",  # nothing leaks outside, yet forms over HTTPS can prove their origin
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def csp_nonce() -> str:
    """Return this answer's nonce, without which no inline script or style counts."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(16)
    nonce: str = g.csp_nonce
    return nonce


def add_headers(response: Response) -> Response:
    """Add the policy; keep pages out of caches: they know the reader's language, and files may be about a person."""
    response.headers["Content-Security-Policy"] = POLICY.format(nonce=csp_nonce())
    response.headers.update(FIXED)
    if user():
        response.headers["Cache-Control"] = "no-store"
    elif request.endpoint != "static":
        response.headers.setdefault("Cache-Control", "no-store")
    return response


def set_up_headers(app: Flask) -> None:
    """Put the headers on every answer and the nonce into templates."""
    app.after_request(add_headers)
    app.jinja_env.globals["csp_nonce"] = csp_nonce
