"""Check of the key that signs commands: have this process and the ingest processes of the site the same?"""

from __future__ import annotations

import shlex
from collections.abc import Iterable

from perseus.control.hosts import Report, has_another_key
from perseus.doctor.finding import COPY, PUT
from perseus.doctor.patient import Patient
from perseus.doctor.sign import ABSENT, Said, warning
from perseus.network.payload import InstanceStatus

SHOWN = 5


def control_key(patient: Patient) -> Said:
    """By fingerprints. Without any key control is off, and nobody expects it to work."""
    ours, hosts = patient.host.control_key, patient.told.hosts
    if patient.host.control_trouble:
        return warning(patient.host.control_trouble)
    if ours is None:
        return _none_here(patient) if any(one.takes_commands for one in hosts) else ABSENT
    others = [one for one in hosts if has_another_key(one, ours)]
    deaf, standbys = [one for one in patient.told.instances if _takes_none(one)], _standbys(hosts)
    if not others and not deaf and not standbys:
        return None
    who = _listed([*map(_of, deaf), *(f"{_named(one)}, which stands by" for one in standbys)])
    said = (
        f"Another key than here have {named(others)}." if others else "",
        f"No command is taken by {who}: without a key, or with one that cannot be used." if deaf or standbys else "",
    )
    names = [one.hostname for some in (others, deaf, standbys) for one in some]
    return warning(" ".join(filter(None, said)), *_copies(patient, names))


def named(some: Iterable[Report]) -> str:
    """`ing1 (binance), ing2 (idle)`, the first few."""
    return _listed(map(_named, some))


def _none_here(patient: Patient) -> Said:
    told = named(one for one in patient.told.hosts if one.takes_commands)
    seen = f"There is none here, and {told} take commands. Where the pages run without it, all their buttons are off."
    file = patient.host.control_file
    return warning(seen, f"{PUT}-m 600 control.key {shlex.quote(str(file))}") if file else warning(seen)


def _takes_none(one: InstanceStatus) -> bool:
    """Of an ingest process: it names its feed. Programs that joined by themselves take none, and need not."""
    return "feed" in one.fields and not one.fields.get("target")


def _standbys(hosts: Iterable[Report]) -> list[Report]:
    """Those that take no commands: nothing else is announced without a key."""
    return [one for one in hosts if not one.takes_commands]


def _named(one: Report) -> str:
    return f"{one.hostname} ({one.exchange_name or one.role})"


def _of(one: InstanceStatus) -> str:
    return f"{one.exchange_name} on {one.hostname}"


def _copies(patient: Patient, names: Iterable[str]) -> tuple[str, ...]:
    """With which the key of this machine comes to those hosts."""
    file = patient.host.control_file
    some = dict.fromkeys(names) if file is not None else {}
    return tuple(f"{COPY}-p {shlex.quote(str(file))} {shlex.quote(one)}:" for one in list(some)[:SHOWN])


def _listed(some: Iterable[str]) -> str:
    names = list(some)
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
