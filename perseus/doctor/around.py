"""Checks of what is around the store: the site's mark, its database, plugins, dispatchers, this host."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from perseus.doctor.finding import CHMOD
from perseus.doctor.patient import Patient
from perseus.doctor.sign import ABSENT, Said, Sign, grave, warning
from perseus.pluginhost.info import UNUSABLE

MIB = 1024 * 1024
DISK_GRAVE, DISK_WARNING = 100 * MIB, 1024 * MIB
SHOWN = 5
LINES = 8
NOT_KEPT = "not kept"
TEXT_LIMIT = 300


def store_mark(patient: Patient) -> Said:
    """The mark that tells a new store from an emptied one."""
    if patient.told.has_mark is None:
        return ABSENT
    return None if patient.told.has_mark else grave("perseus:initialised is not there.", "perseus init")


def stand_in(patient: Patient) -> Said:
    """`perseus up` says so of a store of its own that nothing outlives."""
    if not patient.told.has_mark or patient.told.mark != NOT_KEPT:
        return ABSENT
    return warning("`perseus up` found no redis-server.")


def plain_text(patient: Patient) -> Said:
    """A store on this machine needs no TLS. Sentinels say who the primary is, so they need it as well."""
    if patient.is_near:
        return ABSENT
    return None if patient.address.is_tls else warning("PERSEUS_REDIS_URL speaks plain text to another machine.")


def tls_unchecked(patient: Patient) -> Said:
    """By the options of the URL."""
    if patient.is_near or not patient.address.is_tls:
        return ABSENT
    found = patient.address.unchecked
    return warning(f"PERSEUS_REDIS_URL says {' and '.join(found)}.") if found else None


def open_store(patient: Patient) -> Said:
    """It answered, so it asked for no password; or it answers those who give none, beside the user of Perseus."""
    if patient.is_near or patient.servers.silent is not None:
        return ABSENT
    if patient.strangers:
        return warning("It answers a client that names no user and no password.")._replace(where=patient.strangers)
    return None if patient.address.has_password else warning("PERSEUS_REDIS_URL names no password, and none was asked.")


def database_silent(patient: Patient) -> Said:
    """As its driver says."""
    found = patient.database
    return _at(patient, grave(f"{found.trouble.rstrip('.')}.")) if found.is_silent else None


def database_refused(patient: Patient) -> Said:
    """As a start says: the user, its password, the certificate, a rule of the server."""
    found = patient.database
    if found.is_silent:
        return ABSENT
    if not found.is_refused:
        return None
    return _at(patient, grave(f"{found.trouble[:1].upper()}{found.trouble[1:]}. {found.mend}"))


def database_read_only(patient: Patient) -> Said:
    """As it says itself, before anybody has tried."""
    if patient.database.is_away:
        return ABSENT
    return _at(patient, grave(f"{patient.database.read_only}.")) if patient.database.read_only else None


def database_schema(patient: Patient) -> Said:
    """As the check at start says."""
    found = patient.database
    if found.is_away:
        return ABSENT
    if not found.trouble:
        return None
    more = f" And {len(found.commands) - LINES} lines more." if len(found.commands) > LINES else ""
    seen = f"{found.trouble.rstrip('.')}. {found.mend}".rstrip()
    return _at(patient, grave(f"{seen}{more}", *found.commands[:LINES]))


def no_exchanges(patient: Patient) -> Said:
    """Active ones."""
    if patient.database.trouble:
        return ABSENT
    if patient.database.exchanges:
        return None
    if patient.database.all_off:
        return _at(patient, warning(f"{patient.database.all_off}.", patient.database.switch_on))
    return _at(patient, warning("The table exchanges has no row.", "perseus init"))


def secret_key(patient: Patient) -> Said:
    """As who opens secrets says."""
    found = patient.host
    if not found.secret_key:
        return None
    mend = (f"{CHMOD}600 {shlex.quote(str(found.key_open))}",) if found.key_open else ()
    seen, _, _ = found.secret_key.partition(" Run: chmod")
    return grave(seen, *mend)


def home(patient: Patient) -> Said:
    """By the rights of the user that runs this."""
    return None if patient.host.may_write else grave("The user that runs this may not write to PERSEUS_HOME.")


def disk_space(patient: Patient) -> Said:
    """Under the home."""
    free, size = patient.host.free, patient.host.size
    if free is None or size is None:
        return ABSENT
    seen = f"{free / MIB:,.0f} of {size / MIB:,.0f} MiB are free."
    if free < DISK_GRAVE:
        return grave(seen)
    return warning(seen) if free < DISK_WARNING else None


def plugin_failed(patient: Patient) -> Said:
    """Those of this process, and those of dispatchers as they report them."""
    bad = sorted(set(_unusable(patient)))
    if not bad:
        return None
    more = f" And {len(bad) - SHOWN} more." if len(bad) > SHOWN else ""
    return grave(f"{' '.join(bad[:SHOWN])}{more}", "perseus plugins")


def no_dispatcher(patient: Patient) -> Said:
    """Destinations of the environment are known from dispatchers alone, so these do not count."""
    if patient.told.dispatchers is None or not patient.database.destinations:
        return ABSENT
    if patient.told.dispatchers:
        return None
    count = patient.database.destinations
    return grave(f"{count} {'destination waits' if count == 1 else 'destinations wait'}.", "perseus dispatch")


def _at(patient: Patient, sign: Sign) -> Sign:
    """Which database it is."""
    return sign._replace(where=(patient.database.place,) if patient.database.place else ())


def _unusable(patient: Patient) -> Iterator[str]:
    for info in patient.plugins:
        if info.state in UNUSABLE:
            yield _plain(f"{info.name} is {info.verdict}")
    for report in patient.told.dispatchers or ():
        for told in report.plugins:
            if told.state in UNUSABLE:
                why = f"{told.state}: {told.reason}" if told.reason else told.state
                yield _plain(f"{told.name} is {why.rstrip('.')}.")


def _plain(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= TEXT_LIMIT else f"{line[:TEXT_LIMIT]}…"
