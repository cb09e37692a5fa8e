"""Certificates for servers of the tests' own, signed by an authority that nobody else knows."""

from __future__ import annotations

import datetime
import ipaddress
from collections.abc import Sequence

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

DAY = datetime.timedelta(days=1)


class Authority:
    """Signs certificates. `pem` is its own, for those who shall trust it."""

    def __init__(self, name: str = "authority of the tests") -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name(name)
        self.pem = self.renewed(DAY)

    def renewed(self, life: datetime.timedelta) -> bytes:
        """Its own certificate, of the same key and name, for another time."""
        made = _builder(self._name, self._name, self._key.public_key(), life)
        made = made.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        return made.sign(self._key, hashes.SHA256()).public_bytes(Encoding.PEM)

    def certificate(
        self, names: Sequence[str], life: datetime.timedelta = DAY, begin: datetime.timedelta = -2 * DAY
    ) -> tuple[bytes, bytes]:
        """A certificate for these host names and IP addresses, and its key, both PEM.

        From `begin` to `life`, each from now on: below zero it has begun, and expired.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        made = _builder(_name(names[0]), self._name, key.public_key(), life, begin)
        made = made.add_extension(x509.SubjectAlternativeName([_alternative(one) for one in names]), critical=False)
        signed = made.sign(self._key, hashes.SHA256()).public_bytes(Encoding.PEM)
        return signed, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    life: datetime.timedelta,
    begin: datetime.timedelta = -2 * DAY,
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + begin)
        .not_valid_after(now + life)
    )
