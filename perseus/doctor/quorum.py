"""Checks of the sentinels of a service."""

from __future__ import annotations

from collections.abc import Iterable

from perseus.doctor.patient import Patient
from perseus.doctor.sentinels import QUORUM, REPLICAS, Sides, Watcher
from perseus.doctor.sign import ABSENT, Said, Sign, grave, redis_cli, unknown, warning
from perseus.doctor.timing import sentinel_failover
from perseus.store.layout import Place
from perseus.store.wording import ADVICE, silence

LEAST = 3


def sentinels(patient: Patient) -> Said:
    """Those of the URL that answer. One that refuses us is there: `sentinel-refusal`."""
    known = patient.servers.watchers
    if not known or all(one.refuses is not None for one in known):
        return ABSENT
    silent = [one for one in known if one.silent is not None]
    answering = len(known) - len(silent)
    if silent:
        gone = "; ".join(f"{one.place}: {_silence(one)}" for one in silent)
        seen = f"{answering} of the {len(known)} of PERSEUS_REDIS_URL answer: {gone}."
        return warning(seen)._replace(where=tuple(one.place for one in silent))
    others = max((one.number("num-other-sentinels") or 0 for one in known), default=0) + 1
    if max(others, answering) < LEAST:
        return warning(f"There {'is' if answering == 1 else 'are'} {answering}.")
    if answering < LEAST:
        return warning(f"PERSEUS_REDIS_URL names {answering} of {others}: name all, in case these are down.")
    return None


def _silence(one: Watcher) -> str:
    """Why, and to start it where there is a host that it may run on."""
    said = silence(one.silent or "", None)
    return said if any(f"({advice})" in said for advice in ADVICE.values()) else f"{said} (start it)"


def sentinel_refusal(patient: Patient) -> Said:
    """Those that answer and tell us nothing."""
    known = patient.servers.watchers
    refusing = [one for one in known if one.refuses is not None]
    if not known or not refusing:
        return None if known else ABSENT
    told = "; ".join(dict.fromkeys(str(one.refuses) for one in refusing))
    severity = grave if len(refusing) == len(known) else warning
    where = tuple(one.place for one in refusing)
    return severity(f"{len(refusing)} of the {len(known)} of PERSEUS_REDIS_URL refuse: {told}.")._replace(where=where)


def sentinel_quorum(patient: Patient) -> Said:
    """What they say themselves, and whether they want most of them."""
    known = [one for one in patient.servers.watchers if one.silent is None and one.refuses is None]
    if not known:
        return ABSENT
    failing = [one.no_quorum for one in known if one.no_quorum]
    if failing:
        return grave(f"{len(failing)} of {len(known)} say: {failing[0]}.")
    count = max((one.number("num-other-sentinels") or 0 for one in known), default=0) + 1
    quorum = min((one.number("quorum") or count for one in known), default=count)
    if quorum <= count // 2 and count > 1:
        mend = redis_cli("SENTINEL", "SET", _service(patient), "quorum", count // 2 + 1)
        seen = f"The quorum is {quorum} of {count}: less than half may call the primary down."
        return warning(seen, mend)._replace(where=tuple(one.place for one in known))
    if all(one.no_quorum is None for one in known):
        return _lacking(patient, QUORUM) or unknown("SENTINEL CKQUORUM")
    return None


def replicas_untold(patient: Patient) -> Said:
    """Sentinels alone know where all replicas are: without them none is looked at."""
    return _lacking(patient, REPLICAS) or ABSENT


def _lacking(patient: Patient, name: str) -> Sign | None:
    """That nobody may be asked it, and which right is missing. One that tells is enough."""
    known = [one for one in patient.servers.watchers if one.silent is None and one.refuses is None]
    right = f"+sentinel|{name}"
    lacking = tuple(one.place for one in known if right in one.lacks)
    if not lacking or len(lacking) < len(known):
        return None
    return unknown(f"SENTINEL {name.upper()} {_service(patient)}", f"{right} at the sentinels")._replace(where=lacking)


def sentinel_split(patient: Patient) -> Said:
    """Where each says that the primary is. One that is behind has a command; a stranger is for PERSEUS_REDIS_URL."""
    sides = Sides.of(patient.servers.watchers)
    if sides.primary is None:
        return ABSENT
    if not sides.behind and not sides.strangers:
        return None
    told = [_naming(sides.with_it)]
    if sides.behind:
        told.append(f"{_naming(sides.behind)}, which is behind")
    if sides.strangers:
        told.append(f"{_naming(sides.strangers)}, none of the servers that the others know: it is of another service")
    mend = (redis_cli("SENTINEL", "RESET", _service(patient)),) if sides.behind else ()
    where = tuple(one.place for one in sides.behind or sides.strangers)
    return grave(f"{'; '.join(told)}.", *mend)._replace(where=where)


def _naming(known: Iterable[Watcher]) -> str:
    """Who names which primary."""
    said: dict[Place, list[str]] = {}
    for one in known:
        if one.names:
            said.setdefault(one.names, []).append(one.place)
    return "; ".join(
        f"{', '.join(places)} {'names' if len(places) == 1 else 'name'} {host}:{port}"
        for (host, port), places in said.items()
    )


def sentinel_times(patient: Patient) -> Said:
    """The longest time after which one calls the primary down."""
    known = [one.number("down-after-milliseconds") for one in patient.servers.watchers]
    times = [one for one in known if one is not None]
    return sentinel_failover(patient, max(times), _service(patient)) if times else ABSENT


def _service(patient: Patient) -> str:
    return next((one.primary["name"] for one in patient.servers.watchers if "name" in one.primary), "SERVICE")
