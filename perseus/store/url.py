"""The address of the data store, PERSEUS_REDIS_URL, taken apart and checked.

    redis://[user:password@]host[:port][/number]              one server
    redis+cluster://[user:password@]host[:port][,...]         a Redis Cluster, by any nodes of it
    redis+sentinel://[user:password@]host[:port][,...]/service[/number]

`rediss` in place of `redis` is TLS. Options stand behind a `?` and are few: an option of the client that this module
does not know could take away the time-outs that a lease relies on.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote

from perseus import hostname
from perseus.errors import SettingError
from perseus.store.layout import Place

SETTING = "PERSEUS_REDIS_URL"
PORT = 6379
SENTINEL_PORT = 26379
TLS = "rediss"
CLUSTER = "+cluster"
SENTINEL = "+sentinel"
REDIS_SCHEMES = ("redis", "rediss", "redis+cluster", "rediss+cluster", "redis+sentinel", "rediss+sentinel")

FORM = "Write redis://[user:password@]host[:port][/number]."
CLUSTER_FORM = "Write redis+cluster://[user:password@]host[:port],host[:port]."
SENTINEL_FORM = "Write redis+sentinel://[user:password@]host[:port],host[:port]/service[/number]."
SEE = "See docs/operate.md."
NO_NUL = "Choose a password without it."
ENCODE = "In a user or password write % and two hexadecimal digits for each of @ : / ? # %."

PARTS = re.compile(r"^([^/?#]*)://([^/?#]*)([^?#]*)(?:\?([^#]*))?(#.*)?$", re.DOTALL)
HOST = re.compile(r"^(?:\[([0-9A-Fa-f:.%]+)\]|([^\[\]:\s]+))(?::([0-9]{1,5}))?$")
SERVICE = re.compile(r"^[A-Za-z0-9._-]+$")
WORD = re.compile(r"^[a-z_]{1,40}$")


def _truth(value: str) -> bool:
    return {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}[value.lower()]


def _one_of(*words: str) -> Callable[[str], str]:
    return lambda value: words[words.index(value)]


TLS_OPTIONS: dict[str, Callable[[str], Any]] = {
    "ssl_ca_certs": str,
    "ssl_certfile": str,
    "ssl_keyfile": str,
    "ssl_password": str,
    "ssl_ciphers": str,
    "ssl_cert_reqs": _one_of("required", "optional", "none"),
    "ssl_check_hostname": _truth,
}
SENTINEL_OPTIONS: dict[str, Callable[[str], Any]] = {
    "sentinel_username": str,
    "sentinel_password": str,
    "sentinel_tls": _truth,
}


@dataclass(frozen=True, slots=True)
class StoreURL:
    """Where the store is and who asks. `places`: hosts and ports, of nodes or, with a `service`, of sentinels.

    `tls`: options for TLS, None without it; `sentinel_tls`: the same for the sentinels. `str` and `repr` say neither
    user nor password.
    """

    is_cluster: bool
    places: tuple[Place, ...]
    number: int = 0
    service: str | None = None
    login: dict[str, str | None] = field(default_factory=dict, repr=False)
    sentinel_login: dict[str, str | None] = field(default_factory=dict, repr=False)
    tls: dict[str, Any] | None = field(default=None, repr=False)
    sentinel_tls: dict[str, Any] | None = field(default=None, repr=False)

    @classmethod
    def parse(cls, url: str) -> StoreURL:
        """Raises SettingError, which repeats nothing that may be secret."""
        scheme, login, hosts, path, options = _taken_apart(url)
        user, _, password = login.partition(":")
        service, number = _behind_the_host(path, scheme)
        tls = {name: value for name, value in options.items() if name in TLS_OPTIONS}
        return cls(
            is_cluster=scheme.endswith(CLUSTER),
            places=_places(hosts, scheme),
            number=number,
            service=service,
            login={"username": unquote(user) or None, "password": unquote(password) or None},
            sentinel_login={name: options.get(f"sentinel_{name}") for name in ("username", "password")},
            tls=tls if scheme.startswith(TLS) else None,
            sentinel_tls=tls if scheme.startswith(TLS) and options.get("sentinel_tls", True) else None,
        )

    def __str__(self) -> str:
        """Hosts, ports and service: fit for messages."""
        hosts = ",".join(f"{host}:{port}" for host, port in self.places)
        return hosts if self.service is None else f"{hosts}/{self.service}"


def _taken_apart(url: str) -> tuple[str, str, str, str, dict[str, Any]]:
    found = PARTS.match(url)
    scheme = (found[1] if found else url.partition(":")[0] if re.match(r"^[a-z+.]+:", url) else "") or "(none)"
    if scheme not in REDIS_SCHEMES:
        raise SettingError(
            SETTING, f"the scheme {scheme!r} is not supported", f"Use one of {', '.join(REDIS_SCHEMES)}."
        )
    assert found is not None
    login, _, hosts = found[2].rpartition("@")
    if found[5] is not None:
        raise SettingError(SETTING, "has a # in it", ENCODE)
    if "\0" in unquote(url):
        raise SettingError(SETTING, "has %00 in it, which no command can be given", NO_NUL)
    return scheme, login, hosts, found[3].strip("/"), _options(scheme, found[4] or "")


def _places(hosts: str, scheme: str) -> tuple[Place, ...]:
    _, _, kind = scheme.partition("+")
    form = {"cluster": CLUSTER_FORM, "sentinel": SENTINEL_FORM}.get(kind, FORM)
    port = SENTINEL_PORT if scheme.endswith(SENTINEL) else PORT
    if not hosts:
        raise SettingError(SETTING, "names no host", form)
    listed = hosts.split(",")
    if len(listed) > 1 and not kind:
        mend = "Name one. A list is for redis+cluster:// and redis+sentinel:// alone."
        raise SettingError(SETTING, "names several hosts", mend)
    return tuple(dict.fromkeys(_place(each, port, form) for each in listed))


def _place(text: str, port: int, form: str) -> Place:
    found = HOST.match(text)
    if found is None or not 0 < int(found[3] or port) < 65_536:
        raise SettingError(SETTING, "is not a URL with a sound port", f"{form} {ENCODE}")
    host = unquote(found[1] or found[2])
    if not hostname.can_be(host):
        raise SettingError(SETTING, hostname.NEVER, hostname.MEND)
    return host, int(found[3] or port)


def _behind_the_host(path: str, scheme: str) -> tuple[str | None, int]:
    """The service of a Sentinel, and the number of the database."""
    service, number = None, path
    if scheme.endswith(SENTINEL):
        service, _, number = path.partition("/")
        if not SERVICE.match(service):
            raise SettingError(SETTING, "names no service that the sentinels could watch", SENTINEL_FORM)
    if number and not (number.isascii() and number.isdigit()):
        what = "service" if service else "host"
        raise SettingError(SETTING, f"the part behind the {what} must be a database number", "Write for example /0.")
    if scheme.endswith(CLUSTER) and number.strip("0"):
        raise SettingError(SETTING, "a Redis Cluster has no databases but number 0", "Leave the number away.")
    return service, int(number or 0)


def _options(scheme: str, query: str) -> dict[str, Any]:
    known = {
        **(TLS_OPTIONS if scheme.startswith(TLS) else {}),
        **(SENTINEL_OPTIONS if scheme.endswith(SENTINEL) else {}),
    }
    options: dict[str, Any] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        if not WORD.match(name):
            raise SettingError(SETTING, "has an option that is not name=value", ENCODE)
        if name not in known:
            raise SettingError(SETTING, f"has the option {name}, which it may not have", _known(name, known))
        try:
            options[name] = known[name](value)
        except (KeyError, ValueError):
            raise SettingError(SETTING, f"{name} has a value that it cannot have", SEE) from None
    _check_files(options)
    return options


def _known(name: str, known: dict[str, Any]) -> str:
    if name in TLS_OPTIONS:
        return "It is about TLS: write rediss in place of redis."
    if name in SENTINEL_OPTIONS:
        return "It is about sentinels: write redis+sentinel://."
    if "timeout" in name or "retry" in name:
        return "PERSEUS_STORE_TIMEOUT_SECONDS bounds each wait, and nothing else may."
    return f"It may have {', '.join(known)}." if known else "Options are for rediss:// and redis+sentinel:// alone."


def _check_files(options: dict[str, Any]) -> None:
    """Read the files of certificates once now, rather than fail at the first connection."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # without the certificates of the system: they take 20 ms
    for name in ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile"):
        if name in options:
            try:
                with open(options[name], "rb"):
                    pass
            except OSError as error:
                raise SettingError(SETTING, f"{name} cannot be read: {error.strerror}", SEE) from None
    try:
        if "ssl_ca_certs" in options:
            context.load_verify_locations(options["ssl_ca_certs"])
    except ssl.SSLError:
        raise SettingError(SETTING, "ssl_ca_certs holds no certificates", "Name a file in PEM form.") from None
    if "ssl_certfile" in options or "ssl_keyfile" in options:
        _check_own_certificate(context, options)


def _check_own_certificate(context: ssl.SSLContext, options: dict[str, Any]) -> None:
    if "ssl_certfile" not in options:
        raise SettingError(SETTING, "has a ssl_keyfile without a ssl_certfile", SEE)
    password = options.get("ssl_password", "")
    try:
        context.load_cert_chain(options["ssl_certfile"], options.get("ssl_keyfile"), password)
    except (ssl.SSLError, ValueError):
        raise SettingError(
            SETTING,
            "ssl_certfile and ssl_keyfile are not a certificate and its key",
            "Name files in PEM form; ssl_password opens the key.",
        ) from None
