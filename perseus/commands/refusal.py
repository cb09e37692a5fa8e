"""What is answered to a request that never reaches the pages: plain, short, and quoting nothing of it."""

from __future__ import annotations

import socket
from http import HTTPStatus

#: What is said of a request that never reaches the pages.
REFUSED = {
    400: "The request cannot be read. Load the page again.",
    408: "The request did not come in time. Load the page again.",
    414: "The address is too long. Shorten it, or begin at /network.",
    431: "The request has too many headers, or long ones. Delete the cookies of this site, and load the page again.",
    500: "This is our mistake, not yours. It is in the server's log with the time of your request.",
}
NOT_TAKEN = "The server does not take such a request."
REFUSAL = """\
HTTP/1.1 {0.value} {0.phrase}\r
Server: perseus\r
Connection: close\r
Content-Type: text/plain; charset=utf-8\r
Content-Length: {1}\r
Cache-Control: no-store\r
X-Content-Type-Options: nosniff\r
\r
"""


def refuse(sock: socket.socket, status: int, *_: str) -> None:
    """Takes the place of `gunicorn.util.write_error`, whose page quotes the request and the parser."""
    said = HTTPStatus(status)
    body = f"{status} {said.phrase}. {REFUSED.get(status, NOT_TAKEN)}\n".encode()
    sock.sendall(REFUSAL.format(said, len(body)).encode() + body)
