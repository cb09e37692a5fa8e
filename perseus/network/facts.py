"""What an instance says of itself: the changing facts behind its payload, safe from any thread."""

from __future__ import annotations

import threading
from collections.abc import Mapping

from perseus.clock import StoreClock, iso
from perseus.network.exchange import Exchange
from perseus.network.identity import Identity
from perseus.network.lease import Timing
from perseus.network.payload import InstanceStatus
from perseus.network.states import State
from perseus.version import VERSION


class Facts:
    """All times are the store's. `token` is given once the lease is granted."""

    def __init__(
        self,
        exchange: Exchange,
        identity: Identity,
        instance_id: str,
        pid: int,
        timing: Timing,
        store_clock: StoreClock,
    ) -> None:
        self._lock = threading.Lock()
        self._clock = store_clock
        now = iso(store_clock.now_ms())
        self._status = InstanceStatus(
            fencing_token="0",
            exchange_id=exchange.id,
            exchange_name=exchange.name,
            instance_id=instance_id,
            connection_state=State.IDLE,
            hostname=identity.hostname,
            ip_address=identity.ip_address,
            pid=pid,
            version=VERSION,
            admin_email=identity.admin_email,
            admin_display_name=identity.admin_name,
            symbol_count=0,
            registered_at=now,
            last_heartbeat=now,
            last_state_change=now,
            heartbeat_seconds=timing.heartbeat,
            ttl_seconds=timing.ttl,
        )
        self._last_message_ms: int | None = None
        self.rtt_ms: float | None = None

    @property
    def state(self) -> State:
        """The state it is in now."""
        return self._status.connection_state

    def status(self) -> InstanceStatus:
        """The payload as it would be written now."""
        with self._lock:
            heard = self._last_message_ms
            return self._status.model_copy(
                update={
                    "last_heartbeat": iso(self._clock.now_ms()),
                    "last_message_at": None if heard is None else iso(heard),
                    "clock_skew_ms": self._clock.skew_ms,
                    "store_rtt_ms": self.rtt_ms,
                }
            )

    def body_without_token(self) -> str:
        """The JSON of a claim: the store draws the token and puts it first."""
        return self.status().model_dump_json(by_alias=True, exclude={"fencing_token", "fields"})

    def granted(self, token: str) -> None:
        """The lease is ours under this fencing token."""
        self._update(fencing_token=token)

    def enter(self, state: State, at_ms: int) -> None:
        """The instance is in `state` since `at_ms`."""
        since = iso(at_ms)
        self._update(connection_state=state, last_state_change=since)
        if state is State.ACTIVE:
            self._update(connected_at=since)

    def heard(self) -> bool:
        """A message came; cheap. Gives whether it was the first."""
        is_first = self._last_message_ms is None
        self._last_message_ms = self._clock.now_ms()
        return is_first

    def failed(self, text: str) -> None:
        """An error happened; the newest is kept."""
        self._update(last_error=_sound(text), last_error_at=iso(self._clock.now_ms()))

    def set_symbols(self, count: int) -> None:
        """How many symbols the feed carries."""
        self._update(symbol_count=count)

    def set_ip(self, ip_address: str | None) -> None:
        """The host's public IP."""
        self._update(ip_address=ip_address)

    def set_fields(self, fields: Mapping[str, str | int | float | None]) -> None:
        """Further facts by camelCase name; earlier ones of other names stay."""
        sound = {name: _sound(value) if isinstance(value, str) else value for name, value in fields.items()}
        with self._lock:
            self._replace(fields={**self._status.fields, **sound})

    def _update(self, **values: object) -> None:
        with self._lock:
            self._replace(**values)

    def _replace(self, **values: object) -> None:
        """Raises ValueError for what no payload can hold: here, and not in the heartbeat that would write it."""
        self._status = InstanceStatus.model_validate({**self._status.model_dump(), **values})


def _sound(text: str) -> str:
    """`text` with `?` for what no JSON can hold: halves of characters, as undecodable file names have them."""
    return text.encode("utf-8", "replace").decode("utf-8")
