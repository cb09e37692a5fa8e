"""What each dispatcher says of itself: plugins, kinds, destinations. The read side, which tolerates junk."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from perseus import keys
from perseus.store import Client
from perseus.store.batch import Batch

GONE_AFTER_MS = 15_000


class Part(BaseModel):
    """Root of the parts: names are camelCase there, and what is unknown here is left out."""

    model_config = ConfigDict(extra="ignore", frozen=True, alias_generator=to_camel, populate_by_name=True)


class PluginReport(Part):
    """One plugin as one dispatcher sees it. `state`: of `perseus.pluginhost`; `reason`: why, where it is not loaded."""

    name: str
    state: str
    origin: str = ""
    version: str | None = None
    group: str = ""
    reason: str | None = None
    hooks: tuple[str, ...] = ()
    priority: int | None = None
    api: str | None = None
    grade: str | None = None
    about: str | None = None


class KindReport(Part):
    """One kind of destination. `json_schema`: the JSON schema of its configuration."""

    name: str
    plugin: str = ""
    about: str = ""
    max_batch: int = 1
    can_update: bool = False
    can_probe: bool = False
    can_preview: bool = False
    json_schema: dict[str, Any] = {}


class DestinationReport(Part):
    """One destination. `holds`: this dispatcher sends for it."""

    id: str
    kind: str
    origin: str = "page"
    problem: str | None = None
    holds: bool = False


class Report(Part):
    """One dispatcher. Times: Unix milliseconds of the store."""

    worker: str
    at_ms: int
    host: str = ""
    pid: int | None = None
    version: str | None = None
    started_ms: int | None = None
    rss_bytes: int | None = None
    memory_limit_mb: int | None = None
    safe_mode: bool = False
    plugins: tuple[PluginReport, ...] = ()
    kinds: tuple[KindReport, ...] = ()
    destinations: tuple[DestinationReport, ...] = ()


class Dispatchers(NamedTuple):
    """Those that run, by worker."""

    running: tuple[Report, ...] = ()

    def kinds(self) -> Mapping[str, KindReport]:
        """Every kind that any of them offers, by name."""
        return {kind.name: kind for report in reversed(self.running) for kind in report.kinds}

    def destinations(self) -> Mapping[str, DestinationReport]:
        """Every destination that any of them has, by id; as who sends for it says, where somebody does."""
        told = [one for report in self.running for one in report.destinations]
        return {one.id: one for one in sorted(told, key=lambda one: one.holds)}


def read(client: Client) -> Dispatchers:
    """Those that reported in the last 15 s. Raises StoreUnavailable, StoreRefused."""
    batch = Batch(client)
    batch.add("HGETALL", keys.DISPATCHERS)
    (found,) = batch.run()
    since_ms = batch.now_ms(keys.DISPATCHERS) - GONE_AFTER_MS
    told = [_report(text) for text in found.values()] if isinstance(found, dict) else []
    running = (one for one in told if one is not None and one.at_ms > since_ms)
    return Dispatchers(tuple(sorted(running, key=lambda one: one.worker)))


Known = TypeVar("Known", bound=Part)


def _report(text: str) -> Report | None:
    try:
        raw = json.loads(text)
        sound = {
            "plugins": tuple(_sound(PluginReport, raw.get("plugins"))),
            "kinds": tuple(_sound(KindReport, raw.get("kinds"))),
            "destinations": tuple(_sound(DestinationReport, raw.get("destinations"))),
        }
        return Report.model_validate({**raw, **sound})
    except (ValueError, TypeError, AttributeError, RecursionError):
        return None


def _sound(kind: type[Known], listed: object) -> Iterator[Known]:
    for one in listed if isinstance(listed, Iterable) else ():
        if isinstance(one, dict) and "schema" in one:
            one = {**one, "jsonSchema": one["schema"]}
        try:
            yield kind.model_validate(one)
        except ValidationError:
            continue
