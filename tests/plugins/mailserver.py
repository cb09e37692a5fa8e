"""A real mail server on this machine, with TLS and a login, that refuses what a test wants refused."""

from __future__ import annotations

import asyncio
import datetime
import email
import email.policy
import ipaddress
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.redis_process import free_port

HOST = "127.0.0.1"
USER, PASSWORD = "perseus", "planted-mail-password-5d1"
DEADLINE = datetime.timedelta(days=1)


class Inbox:
    """What arrived. `answers`: by command (`MAIL`, `RCPT`, `DATA`), or by recipient, what is answered instead of OK.

    `goodbye`: seconds until a QUIT is answered.
    """

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.recipients: list[list[str]] = []
        self.answers: dict[str, str] = {}
        self.login: str | None = None
        self.port = 0
        self.goodbye = 0.0

    async def handle_MAIL(self, _server: Any, _session: Any, envelope: Any, address: str, options: list[str]) -> str:
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return self.answers.get("MAIL", "250 OK")

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: list[str]) -> str:
        answer = self.answers.get(address) or self.answers.get("RCPT", "250 OK")
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        if "DATA" in self.answers:
            return self.answers["DATA"]
        parsed = email.message_from_bytes(envelope.content, policy=email.policy.default)
        self.mails.append(parsed)
        self.recipients.append(list(envelope.rcpt_tos))
        return "250 OK"

    async def handle_QUIT(self, _server: Any, _session: Any, _envelope: Any) -> str:
        await asyncio.sleep(self.goodbye)
        return "221 Bye"

    def authenticate(self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, data: object) -> AuthResult:
        """The only login that is taken is the right one."""
        assert isinstance(data, LoginPassword)
        is_right = (data.login, data.password) == (USER.encode(), PASSWORD.encode())
        self.login = data.login.decode()
        return AuthResult(success=is_right, handled=is_right)


@contextmanager
def serving(folder: Path, tls: str = "starttls", *, needs_login: bool = True) -> Iterator[Inbox]:
    """A server whose certificate is `folder/certificate.pem`. `tls`: as in the plugin's configuration."""
    inbox = Inbox()
    context = None if tls == "none" else _context(folder)
    options: dict[str, Any] = {"hostname": HOST, "port": free_port(), "server_hostname": "mail.example.org"}
    if needs_login:
        options |= {"authenticator": inbox.authenticate, "auth_required": True, "auth_require_tls": tls == "starttls"}
    if tls == "starttls":
        options |= {"tls_context": context, "require_starttls": True}
    running = Controller(inbox, ssl_context=context if tls == "tls" else None, **options)
    running.start()
    inbox.port = options["port"]
    try:
        yield inbox
    finally:
        running.stop()


def _context(folder: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate(folder))
    return context


def certificate(folder: Path) -> Path:
    """A certificate for this address with its key, signed by itself."""
    path = folder / "certificate.pem"
    if path.exists():
        return path
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a mail server of a test")])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - DEADLINE)
        .not_valid_after(now + DEADLINE)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(HOST))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path
