"""Every setting: name, type, default, meaning. Read once from the environment, strict, told by name when wrong.

`docs/settings.md` is generated from this table.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from perseus.errors import SettingError, whole
from perseus.store.url import StoreURL

PREFIX = "PERSEUS_"
PUBLIC_URL = "PERSEUS_PUBLIC_URL"
#: What configures plugins: checked by who loads them, not here.
PLUGIN_PREFIX = "PERSEUS_PLUGIN_"
SEE_SETTINGS = "See docs/settings.md."


class Settings(BaseSettings):
    """The whole configuration of one process. Seconds are seconds, fractions allowed."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, allow_inf_nan=False, frozen=True, extra="forbid", validate_default=False
    )

    home: Path = Field(
        default=Path(".perseus"), description="Folder for state: embedded store, SQLite file, restart proofs, logs."
    )
    host: str = Field(
        default="127.0.0.1",
        pattern=r"^[0-9A-Za-z.:_-]+$",
        description="Address that the web pages listen on. 0.0.0.0: all of this machine; set PERSEUS_PUBLIC_URL too.",
    )
    port: int = Field(default=8000, ge=1, le=65535, description="Port of the web pages.")
    proxies: int = Field(
        default=0,
        ge=0,
        le=5,
        description="Reverse proxies in front of the pages, whose word (X-Forwarded-For) for the address of a browser "
        "is taken.",
    )
    web_workers: int = Field(default=1, ge=1, le=64, description="gunicorn worker processes of `perseus web`.")
    web_threads: int = Field(default=16, ge=1, le=256, description="Threads in each web worker.")
    redis_url: SecretStr | None = Field(
        default=None,
        description="Data store: `redis://`; of a Redis Cluster `redis+cluster://`, by way of sentinels "
        "`redis+sentinel://`; with TLS `rediss://` and so on. Unset: that of the `perseus up` that runs in this home.",
    )
    database_url: SecretStr | None = Field(
        default=None,
        description="Database: `sqlite:////path.db`, or `postgresql://` for several hosts, always over SSL. "
        "Unset: the SQLite file in the home.",
    )
    heartbeat_seconds: float = Field(
        default=15.0, ge=0.01, le=86_400, description="Time between two renewals of a lease."
    )
    ttl_seconds: float = Field(
        default=45.0,
        ge=0.01,
        le=86_400,
        description="Life of a lease that is not renewed. At least 3 heartbeats.",
    )
    margin_seconds: float = Field(
        default=10.0,
        ge=0.01,
        le=86_400,
        description="A holder stops its work this long before its lease could end. Longer than stop_seconds.",
    )
    stop_seconds: float = Field(
        default=5.0, ge=0.01, le=86_400, description="Time that a stop may take; after it the process is ended."
    )
    retry_seconds: float = Field(
        default=2.5, ge=0.01, le=86_400, description="Wait before a heartbeat that got no answer is tried again."
    )
    store_timeout_seconds: float = Field(
        default=2.0, ge=0.01, le=86_400, description="Longest wait for one answer of the data store."
    )
    store_wait_seconds: float = Field(
        default=60.0,
        ge=0,
        le=86_400,
        description="How long a starting process waits for a store that is down, and an ingest process for one that "
        "refuses writes.",
    )
    settle_seconds: float = Field(
        default=0.0,
        ge=0,
        le=86_400,
        description="Extra wait before an exchange that was not released is claimed. Above 0 it also says that the "
        "store may forget its last writes, see docs/guarantees.md. 10 with replicas.",
    )
    durable_replicas: int = Field(
        default=0,
        ge=0,
        le=5,
        description="Replicas that should acknowledge each claim and heartbeat (WAIT, at most a quarter of "
        "store_timeout_seconds). Fewer: the lease stands, and its card says 'durability degraded'. 0: nobody is asked.",
    )
    activity_max_entries: int = Field(
        default=100_000, ge=100, description="Storm cap of one activity log; the page says when it cut inside 90 days."
    )
    admin_email: str | None = Field(
        default=None, description="Who answers for the ingest processes of this host: mail address."
    )
    admin_name: str | None = Field(default=None, description="The same person's name as the page shows it.")
    public_ip_services: Annotated[tuple[str, ...], NoDecode] = Field(
        default=("https://api.ipify.org", "https://ifconfig.me/ip", "https://icanhazip.com"),
        description="Services asked in turn for this host's public IP, comma separated. Empty: nobody is asked.",
    )
    symbols: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="Symbols that `perseus ingest` takes in, comma separated, as the exchange writes them: `BTCUSDT`, "
        "`BTC-USD`. Unset: those that are watched; with `--simulator` and none watched, all that is traded there.",
    )
    timeframes: Annotated[tuple[str, ...], NoDecode] = Field(
        default=("1m", "5m", "15m", "1h", "4h", "1d"),
        min_length=1,
        description="Timeframes of which it keeps candles, comma separated. Each comes from the exchange itself.",
    )
    record_mb: int = Field(
        default=0,
        ge=0,
        le=100_000,
        description="Space for all that `perseus ingest` says to its exchange and hears, in `recordings/<exchange>` of "
        "the home; the oldest goes first. 0: nothing is recorded.",
    )
    plugins_dir: Path | None = Field(
        default=None, description="Folder of further plugins: a `<name>.py` or a package `<name>/` each."
    )
    safe_mode: bool = Field(default=False, description="Load the bundled plugins only.")
    strict_plugins: bool = Field(
        default=False, description="A plugin that cannot be used ends the process instead of being noted. For CI."
    )
    delivery_seconds: float = Field(
        default=10.0, ge=0.01, le=300, description="Longest time that one delivery to a destination may take."
    )
    destination_lease_seconds: float = Field(
        default=30.0,
        ge=0.5,
        le=3600,
        description="Life of a dispatcher's lease on a destination. Longer than a delivery and its record take.",
    )
    dispatch_memory_mb: int = Field(
        default=512,
        ge=128,
        le=65_536,
        description="Memory (RSS) over which the dispatcher ends itself to be started again.",
    )
    heartbeat_green_seconds: float = Field(
        default=10.0, ge=0.01, le=86_400, description="On the page a heartbeat younger than this is green."
    )
    heartbeat_yellow_seconds: float = Field(
        default=30.0, ge=0.01, le=86_400, description="One younger than this is yellow, an older one red."
    )
    feed_silent_seconds: float = Field(
        default=30.0,
        ge=0.01,
        le=86_400,
        description="The page warns of an active instance whose feed has brought nothing for longer than this.",
    )
    gallery: bool = Field(
        default=False,
        description="Open `/gallery`: every component of the pages in every state, made up. For work on their look.",
    )
    public_url: str | None = Field(
        default=None,
        pattern=r"^https?://[^\s/?#@]+/?$",
        description="Address under which people open the pages, without a path: for links in messages, and the host "
        "name that is answered besides localhost. With https the cookies are for TLS alone.",
    )
    secret_key: SecretStr | None = Field(
        default=None,
        min_length=32,
        description="Key that seals secrets in the database. Unset: the file `secret.key` in the home.",
    )
    control_key: SecretStr | None = Field(
        default=None,
        min_length=32,
        description="Key that signs commands to ingest processes: the same text for the web and every ingest host. "
        "Unset: the file `control.key` in the home, if there is one; `perseus up` makes it.",
    )
    log_level: str = Field(
        default="info", pattern="^(debug|info|warning|error)$", description="Least level that is logged."
    )

    @field_validator("public_ip_services", "symbols", "timeframes", mode="before")
    @classmethod
    def _listed(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @classmethod
    def from_environment(cls) -> Self:
        """Read every `PERSEUS_` variable. Raises SettingError for one that is unknown, empty, malformed or unsafe."""
        given = {name: value for name, value in os.environ.items() if name.startswith(PREFIX)}
        _refuse_unknown(given, cls)
        _refuse_unreadable(given)
        _refuse_path(given.get(PUBLIC_URL, ""))
        try:
            settings = cls()
        except ValidationError as error:
            raise _named(error) from None
        check_timing(settings)
        if settings.redis_url is not None:
            StoreURL.parse(settings.redis_url.get_secret_value())
        return settings


def _refuse_unknown(given: Mapping[str, str], model: type[BaseSettings]) -> None:
    known = [PREFIX + name.upper() for name in model.model_fields]
    for name in given:
        if name not in known:
            import difflib  # only who has mistyped a name needs it

            if name.startswith(PLUGIN_PREFIX) and not difflib.get_close_matches(name, known, 1, 0.95):
                continue
            near = [each for each in known if each.startswith(name)] or difflib.get_close_matches(name, known, 1, 0.85)
            raise SettingError(name, "no such setting", f"Did you mean {near[0]}?" if near else SEE_SETTINGS)


def _refuse_unreadable(given: Mapping[str, str]) -> None:
    for name, value in given.items():
        if name.startswith(PLUGIN_PREFIX):
            continue
        if whole(value) != value:
            raise SettingError(name, "is not UTF-8 text", "Write it again in a UTF-8 terminal.")
        if not value.strip() and name != "PERSEUS_PUBLIC_IP_SERVICES":
            raise SettingError(name, "is set but empty", "Unset it or give it a value.")


def _refuse_path(public_url: str) -> None:
    """Every link of the pages begins at the root of a host."""
    try:
        parts = urlsplit(public_url)
        path, _ = parts.path.rstrip("/"), parts.port
    except ValueError:
        raise SettingError(PUBLIC_URL, "is no address of a host", "Write it as https://perseus.example.net.") from None
    if parts.netloc and path:
        mend = "Give the pages a host name of their own, such as https://perseus.example.net."
        raise SettingError(PUBLIC_URL, f"the pages cannot live below a path, and it has {path!r}", mend)


def _named(error: ValidationError) -> SettingError:
    first = error.errors(include_url=False, include_input=False)[0]
    name = PREFIX + str(first["loc"][0]).upper()
    return SettingError(name, first["msg"][:1].lower() + first["msg"][1:], SEE_SETTINGS)


def check_timing(settings: Settings) -> None:
    """Raise SettingError when the times do not leave room for safe leases; says the rule that is broken."""
    s = settings
    rules = (
        (s.ttl_seconds >= 3 * s.heartbeat_seconds, "TTL_SECONDS", "must be at least 3 x PERSEUS_HEARTBEAT_SECONDS"),
        (
            s.store_timeout_seconds + s.retry_seconds < s.heartbeat_seconds,
            "RETRY_SECONDS",
            "plus PERSEUS_STORE_TIMEOUT_SECONDS must be less than PERSEUS_HEARTBEAT_SECONDS",
        ),
        (s.margin_seconds > s.stop_seconds, "MARGIN_SECONDS", "must be more than PERSEUS_STOP_SECONDS"),
        (
            s.ttl_seconds - s.margin_seconds > 2 * s.heartbeat_seconds,
            "MARGIN_SECONDS",
            "must leave more than 2 x PERSEUS_HEARTBEAT_SECONDS of PERSEUS_TTL_SECONDS",
        ),
        (
            s.heartbeat_yellow_seconds > s.heartbeat_green_seconds,
            "HEARTBEAT_YELLOW_SECONDS",
            "must be more than PERSEUS_HEARTBEAT_GREEN_SECONDS",
        ),
        (
            s.destination_lease_seconds > s.delivery_seconds + 2 * s.store_timeout_seconds,
            "DESTINATION_LEASE_SECONDS",
            "must be more than PERSEUS_DELIVERY_SECONDS plus 2 x PERSEUS_STORE_TIMEOUT_SECONDS",
        ),
    )
    for holds, name, rule in rules:
        if not holds:
            raise SettingError(PREFIX + name, f"{getattr(s, name.lower()):g} is not safe: it {rule}", SEE_SETTINGS)
