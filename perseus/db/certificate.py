"""Why a PostgreSQL's certificate is not taken. libpq says only that it is not, so the server is asked for it again."""

from __future__ import annotations

import datetime
import socket
import ssl
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cryptography import x509

#: https://www.postgresql.org/docs/current/protocol-message-formats.html, SSLRequest; the answer is one byte.
SSL_REQUEST, YES = struct.pack("!ii", 8, 80877103), b"S"
#: Codes of X509_verify_cert, https://docs.openssl.org/3.0/man3/X509_STORE_CTX_get_error/
NOT_YET, EXPIRED = 9, 10
UNKNOWN = frozenset((2, 7, 18, 19, 20, 21))
ROOT = Path("~/.postgresql/root.crt")


def trouble(place: Mapping[str, Any], seconds: float) -> str:
    """In words that `perseus.db.failures` knows, '' where it cannot be found out. Waits so long for each of two tries.

    `place`: one host as libpq is told of it.
    """
    try:
        _handshake(place, _checking(place), seconds)
    except ssl.SSLCertVerificationError as error:
        return _said(error, place, seconds)
    except (OSError, ValueError):
        pass
    return ""


def _said(error: ssl.SSLCertVerificationError, place: Mapping[str, Any], seconds: float) -> str:
    if error.verify_code in UNKNOWN:
        return "certificate of an unknown authority"
    if error.verify_code not in (NOT_YET, EXPIRED):
        return f"certificate not taken: {error.verify_message}"
    try:
        own = x509.load_der_x509_certificate(_handshake(place, _taking_all(), seconds))
    except (OSError, ValueError):
        return ""
    now = datetime.datetime.now(datetime.UTC)
    if own.not_valid_after_utc < now:
        return f"certificate expired at {own.not_valid_after_utc:%Y-%m-%d %H:%M} UTC"
    if own.not_valid_before_utc > now:
        return f"certificate not valid before {own.not_valid_before_utc:%Y-%m-%d %H:%M} UTC"
    return "certificate of an authority whose own is out of its time"


def _checking(place: Mapping[str, Any]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False  # libpq says that itself
    named = str(place.get("sslrootcert") or ROOT.expanduser())
    if named == "system":
        context.set_default_verify_paths()
    else:
        context.load_verify_locations(named)
    return context


def _taking_all() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def _handshake(place: Mapping[str, Any], context: ssl.SSLContext, seconds: float) -> bytes:
    """The certificate. Nothing is sent over the connection."""
    host, port = place.get("hostaddr") or place["host"], int(place.get("port") or 5432)
    with socket.create_connection((str(host), port), seconds) as plain:
        plain.sendall(SSL_REQUEST)
        if plain.recv(1) != YES:
            raise ConnectionError("it speaks no SSL")
        with context.wrap_socket(plain, server_hostname=str(place.get("host") or host)) as secured:
            return secured.getpeercert(binary_form=True) or b""
