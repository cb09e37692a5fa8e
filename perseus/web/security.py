"""What every answer carries, and which requests are refused before any view runs.

A `Host` that is neither this machine's nor that of PERSEUS_PUBLIC_URL is refused: a foreign name that resolves to
127.0.0.1 (DNS rebinding) would make the browser show these pages to any web site.
"""

from __future__ import annotations

import re
from collections.abc import Set as AbstractSet

from flask import Flask, Response, abort, request

CSP = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
LOOPBACK = frozenset(("127.0.0.1", "localhost", "::1"))
SAFE_METHODS = frozenset(("GET", "HEAD", "OPTIONS"))
BODY_LIMIT = 64 * 1024
#: A name or an address, and a port: nobody's browser sends more, such as a user or a path.
HOST = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+))(?::[0-9]*)?")


def install(app: Flask, own_hosts: AbstractSet[str] = frozenset()) -> None:
    """Guard every route of the app. `own_hosts`: names that people use besides those of loopback."""
    app.config["MAX_CONTENT_LENGTH"] = BODY_LIMIT
    hosts = LOOPBACK | own_hosts
    app.before_request(lambda: refuse_foreign_host(hosts))
    app.before_request(refuse_unmeasured)
    app.before_request(refuse_cross_site)
    app.after_request(_headers)


def refuse_foreign_host(hosts: AbstractSet[str]) -> None:
    """421 unless the browser was told to come here by one of these names."""
    if hostname(request.environ.get("HTTP_HOST", "")) not in hosts:
        names = " and ".join(sorted(hosts - {"::1"}))
        abort(421, f"This site answers only to {names}. Open it by such a name, or set PERSEUS_PUBLIC_URL.")


def refuse_unmeasured() -> None:
    """411 for a body that comes without its length, whose limit would be found out only by reading it."""
    if "chunked" in request.headers.get("Transfer-Encoding", "").lower():
        abort(411, "Send the length of the body (Content-Length), not chunks.")


def refuse_cross_site() -> None:
    """403 for an unsafe request that another site caused.

    Browsers say so in `Sec-Fetch-Site`; one too old for it says where it comes from in `Origin`. Who sends neither is
    no browser, and holds nothing that a foreign site could borrow.
    """
    if request.method in SAFE_METHODS:
        return
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site is not None:
        refused = site not in ("same-origin", "none")
    else:
        refused = origin is not None and origin.partition("://")[2] != request.environ.get("HTTP_HOST")
    if refused:
        abort(403, f"The request came from another site ({site or origin}). Send it from the page itself.")


def hostname(host: str) -> str | None:
    """The name in a `Host` header, without the port; None for what is no such header."""
    found = HOST.fullmatch(host)
    return (found[1] or found[2]).lower() if found else None


def _headers(response: Response) -> Response:
    response.headers.update(HEADERS)
    response.headers.setdefault("Cache-Control", "no-store")
    return response
