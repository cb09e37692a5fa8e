"""What an instance says of itself: the changing facts behind its payload, safe from any thread."""

from __future__ import annotations

import ipaddress
import logging
import threading
from collections.abc import Mapping

from perseus.clock import StoreClock, iso
from perseus.errors import whole
from perseus.network import statusfield
from perseus.network.exchange import Exchange
from perseus.network.holdoff import HoldOff
from perseus.network.identity import Identity
from perseus.network.leasing.durability import Durability
from perseus.network.leasing.lease import Timing
from perseus.network.payload import InstanceStatus
from perseus.network.states import State
from perseus.network.statusfield import COUNT_MAX, EXACT_MAX, Value
from perseus.version import VERSION

log = logging.getLogger(__name__)

#: The store's clock is known as closely: the heartbeat that ends a hold-off must not tell of it any more.
CLOCK_MS = 100
# The owner's, those of plugins, and two of the ingest process itself.
ALL_FIELDS_MAX = 2 * COUNT_MAX + 2


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
        self._held_until_ms = 0
        self.rtt_ms: float | None = None

    @property
    def state(self) -> State:
        """The state it is in now."""
        return self._status.connection_state

    def status(self) -> InstanceStatus:
        """The payload as it would be written now."""
        with self._lock:
            heard, now_ms = self._last_message_ms, self._clock.now_ms()
            is_over = self._held_until_ms - CLOCK_MS <= now_ms
            return self._status.model_copy(
                update={
                    "last_heartbeat": iso(now_ms),
                    "held_off": None if is_over else self._status.held_off,
                    "last_message_at": None if heard is None else iso(heard),
                    "clock_skew_ms": self._clock.skew_ms,
                    "store_rtt_ms": self.rtt_ms,
                }
            )

    def body_without_token(self) -> str:
        """The JSON of a claim: the store draws the token and puts it first."""
        told = self.status()
        empty = set() if told.fields else {"fields"}
        return told.model_dump_json(by_alias=True, exclude={"fencing_token", "held_off", *empty})

    def granted(self, token: str) -> None:
        """The lease is ours under this fencing token."""
        self._update(fencing_token=token)

    def held_off(self, until_ms: int, reason: str) -> None:
        """The lease is ours, and not valid until then."""
        self._held_until_ms = until_ms
        self._update(held_off=HoldOff(until=iso(until_ms), reason=reason).model_dump())

    def durable(self, told: Durability | None) -> None:
        """What replicas acknowledged of the last write; logged when it turns short, and when that is over."""
        before, name = self._status.durability, self._status.exchange_name
        if told == before:
            return
        self._update(durability=told)
        was_degraded, is_degraded = (each is not None and each.is_degraded for each in (before, told))
        if is_degraded and not was_degraded:
            log.warning("%s: durability degraded: the lease stands, but %s. A failover now may lose it.", name, told)
        elif was_degraded and not is_degraded:
            log.warning("%s: the lease is durable again: %s.", name, told)

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
        self._update(last_error=text, last_error_at=iso(self._clock.now_ms()))

    def set_symbols(self, count: int) -> None:
        """How many symbols the feed carries. Raises ValueError for anything but a number from 0."""
        if isinstance(count, bool) or not isinstance(count, int) or not 0 <= count <= EXACT_MAX:
            raise ValueError(f"{count!r:.40} is no number of symbols")
        self._update(symbol_count=count)

    def set_ip(self, ip_address: str | None) -> None:
        """The host's public IP. Raises ValueError for what is none."""
        if ip_address is not None:
            ipaddress.ip_address(ip_address)
        self._update(ip_address=ip_address)

    def set_fields(self, fields: Mapping[str, Value]) -> None:
        """Further facts by camelCase name; earlier ones of other names stay. What cannot stand there is left out."""
        kept, dropped = statusfield.sound(fields)
        kept = {name: whole(value) if isinstance(value, str) else value for name, value in kept.items()}
        with self._lock:
            all_fields = {**self._status.fields, **kept}
            dropped += list(all_fields)[ALL_FIELDS_MAX:]
            self._replace(fields={name: all_fields[name] for name in list(all_fields)[:ALL_FIELDS_MAX]})
        if dropped:
            log.warning("Fields that a card cannot show are left out, see docs/ingest.md: %s.", ", ".join(dropped))

    def _update(self, **values: object) -> None:
        with self._lock:
            self._replace(**values)

    def _replace(self, **values: object) -> None:
        """Raises ValueError for what no payload can hold: here, and not in the heartbeat that would write it."""
        self._status = InstanceStatus.model_validate({**self._status.model_dump(), **values})
