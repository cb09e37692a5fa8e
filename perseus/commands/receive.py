"""`perseus receive`: a webhook receiver on this machine that makes itself a destination for as long as it runs."""

from __future__ import annotations

import base64
import json
import os
import secrets
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import click
from pydantic import SecretStr

from perseus.commands import readiness
from perseus.db import notifying
from perseus.errors import PerseusError
from perseus.notify.configuration import Destination, Policy
from perseus.notify.told import dispatchers
from perseus.plugins.webhook import signature
from perseus.sealing import Sealer
from perseus.settings import Settings

HOST = "127.0.0.1"
BY = "perseus receive"
END_SIGNALS = (signal.SIGTERM, signal.SIGINT)
BODY_MAX = 4 * 1024 * 1024


def run(settings: Settings) -> int:
    """Receive until Ctrl-C or SIGTERM. Errors as `readiness.database` and `perseus.db.notifying`."""
    database_url, secret = readiness.database(settings), new_secret()
    with readiness.store(settings, "perseus-receive") as client:
        if not dispatchers.read(client).running:
            click.echo("No dispatcher runs, so nothing will come yet. Start one: perseus dispatch", err=True)
    signal.pthread_sigmask(signal.SIG_BLOCK, END_SIGNALS)
    with receiving(secret, click.echo) as address, _destination(database_url, settings, address, secret) as name:
        click.echo(f"Receiving at {address} as destination {name!r}, from about 3 s from now. Ctrl-C ends it.\n")
        signal.sigwait(END_SIGNALS)
    click.echo("No longer a destination.")
    return 0


def new_secret() -> str:
    """A key for signatures."""
    return signature.PREFIX + base64.b64encode(secrets.token_bytes(32)).decode("ascii")


@contextmanager
def receiving(secret: str, say: Callable[[str], None]) -> Iterator[str]:
    """A receiver on a free loopback port; gives its address. `say` is told a line a message."""
    server = ThreadingHTTPServer((HOST, 0), _handler(secret, say))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, name="receiver", daemon=True)
    thread.start()
    try:
        yield f"http://{HOST}:{server.server_address[1]}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(2)


def line(body: dict[str, Any], is_sound: bool) -> str:
    """One message for people."""
    marks = [name for name, is_on in (("drill", body.get("drill")), ("repeat", body.get("possibleRepeat"))) if is_on]
    marks += [] if is_sound else ["WRONG SIGNATURE"]
    end = f"  ({', '.join(marks)})" if marks else ""
    at = str(body.get("timestamp") or "")[11:19]
    return f"{at:8}  {body.get('severity')!s:8}  {body.get('title')}{end}"


@contextmanager
def _destination(database_url: str, settings: Settings, address: str, secret: str) -> Iterator[str]:
    name = f"receive-{os.getpid()}-{secrets.token_hex(2)}"
    config = {"url": SecretStr(address), "secret": SecretStr(secret)}
    chosen = Destination(name, "webhook", config, Policy(group_seconds=0))
    revision = notifying.save_destination(database_url, Sealer.of(settings), chosen, BY)
    try:
        yield name
    finally:
        with suppress(PerseusError):  # somebody changed or deleted it meanwhile: it is theirs
            notifying.delete_destination(database_url, name, revision)


def _handler(secret: str, say: Callable[[str], None]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            """Take one message."""
            length = int(self.headers.get("content-length") or 0)
            raw = self.rfile.read(min(length, BODY_MAX))
            try:
                body = json.loads(raw)
            except ValueError:
                body = None
            if isinstance(body, dict):
                say(line(body, _is_sound(secret, self.headers, raw)))
            self.send_response(204 if isinstance(body, dict) else 400)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """The lines of messages are all there is to see."""

    return Handler


def _is_sound(secret: str, headers: Any, raw: bytes) -> bool:
    """Is it signed with our key, and new?"""
    at = str(headers.get("webhook-timestamp") or "")
    if not at.isdecimal() or abs(time.time() - int(at)) > 300:
        return False
    made = signature.headers(secret, str(headers.get("webhook-id") or ""), int(at), raw)
    return secrets.compare_digest(made["webhook-signature"], str(headers.get("webhook-signature") or ""))
