"""The sentinels of a service, each as it sees it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from redis.exceptions import AuthenticationError, NoPermissionError, ResponseError

from perseus.store.belief import UNTOLD, Told, believed
from perseus.store.layout import Place
from perseus.store.sentinel import Sentinel

REPLICAS: Final = "replicas"
QUORUM: Final = "ckquorum"
OTHERS: Final = "sentinels"
ASKED: Final = (REPLICAS, QUORUM, OTHERS)
NO_QUORUM: Final = "NOQUORUM"
LOGIN: Final = "the password is wrong or missing; it is sentinel_password, with sentinel_username if they have users"
NO_SERVICE: Final = "they watch no service {}, the name behind the last / of PERSEUS_REDIS_URL"


@dataclass(frozen=True, slots=True)
class Watcher:
    """One sentinel. `silent`: why it does not answer, `refuses`: why it answers and tells us nothing; one at most.

    `primary`: what it says of the primary, by name, as text.
    `replicas`, `others`: where it says that they are, and other sentinels. `no_quorum`: why a failover could not be
    decided now, '' when it could, None when it does not tell. `lacks`: the rights that our user lacks there.
    """

    place: str
    silent: str | None = None
    primary: Mapping[str, str] = field(default_factory=dict)
    replicas: tuple[Place, ...] = ()
    no_quorum: str | None = ""
    refuses: str | None = None
    others: tuple[Place, ...] = ()
    lacks: tuple[str, ...] = ()

    @property
    def names(self) -> Place | None:
        """Where it says that the primary is."""
        host, port = self.primary.get("ip", ""), self.primary.get("port", "")
        return (host, int(port)) if host and port.isdigit() else None

    @property
    def tells(self) -> bool:
        """Does it answer, and say of the primary?"""
        return self.silent is None and self.refuses is None

    def number(self, name: str) -> int | None:
        """One field of what it says, as a number."""
        said = self.primary.get(name, "")
        return int(said) if said.isdigit() else None


@dataclass(frozen=True, slots=True)
class Sides:
    """Sentinels by what they name: `primary`, which clients go to; one that is `behind`; one that they do not know.

    `strangers` are of another service, for their primary is none of the servers that those know `with_it`.
    """

    primary: Place | None
    with_it: tuple[Watcher, ...] = ()
    behind: tuple[Watcher, ...] = ()
    strangers: tuple[Watcher, ...] = ()

    @classmethod
    def of(cls, known: Sequence[Watcher]) -> Sides:
        """As a client that starts now takes it: see `perseus.store.belief`."""
        telling = [one for one in known if one.tells and one.names]
        told = [Told(one.names, _epoch(one)) for one in telling if one.names]
        stands = believed(None, told, len(known))
        if stands is None:
            return cls(None)
        with_it = tuple(one for one in telling if one.names == stands.place)
        ours = {place for one in with_it for place in one.replicas}
        others = [one for one in telling if one not in with_it]
        behind = tuple(one for one in others if one.names in ours or stands.place in one.replicas)
        return cls(stands.place, with_it, behind, tuple(one for one in others if one not in behind))


def _epoch(one: Watcher) -> int:
    found = one.number("config-epoch")
    return UNTOLD if found is None else found


def watchers(client: Sentinel) -> tuple[Watcher, ...]:
    """Ask each of those that PERSEUS_REDIS_URL names. Never raises for one that does not answer."""
    service = client.finder.service
    primaries = client.at_each("SENTINEL", "MASTER", service)
    answering = any(not isinstance(one, Exception) for one in primaries.values())
    more = {name: client.at_each("SENTINEL", name.upper(), service) for name in ASKED} if answering else {}
    return tuple(
        _untold(place, service, told)
        if isinstance(told, Exception)
        else _told(place, told, {name: answers[place] for name, answers in more.items()})
        for place, told in primaries.items()
    )


def _told(place: Place, primary: Any, more: Mapping[str, Any]) -> Watcher:
    return Watcher(
        _written(place),
        None,
        _table(primary),
        tuple(_places(more[REPLICAS])),
        _no_quorum(more[QUORUM]),
        others=tuple(_places(more[OTHERS])),
        lacks=tuple(f"+sentinel|{name}" for name, one in more.items() if isinstance(one, NoPermissionError)),
    )


def _no_quorum(answer: object) -> str | None:
    if isinstance(answer, Exception):
        return _said(answer) if NO_QUORUM in str(answer) else None
    return ""


def _untold(place: Place, service: str, error: Exception) -> Watcher:
    if isinstance(error, AuthenticationError):
        return Watcher(_written(place), refuses=LOGIN)
    if not isinstance(error, ResponseError):
        return Watcher(_written(place), silent=_said(error))
    said = _said(error)
    return Watcher(_written(place), refuses=NO_SERVICE.format(service) if "No such master" in said else said)


def _places(listed: Any) -> Iterator[Place]:
    for one in listed if isinstance(listed, list) else ():
        told = _table(one)
        if told.get("ip") and told.get("port", "").isdigit():
            yield told["ip"], int(told["port"])


def _table(told: Any) -> dict[str, str]:
    """Names and values, which an older protocol sends as one list."""
    pairs = told.items() if isinstance(told, dict) else zip(told[::2], told[1::2], strict=False)
    return {str(name): str(value) for name, value in pairs}


def _said(answer: object) -> str:
    return (str(answer) or type(answer).__name__).rstrip(".") if isinstance(answer, Exception) else ""


def _written(place: Place) -> str:
    return f"{place[0]}:{place[1]}"
