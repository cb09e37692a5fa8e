"""Make the pages that say what the code says: `python -m docs.generate`; with `--check` only compare.

One function a page; it gives the whole text. What stands between `<!-- made from ... -->` and `<!-- end -->` on a
page that is written by hand is made anew as well.
"""

from __future__ import annotations

import hashlib
import importlib.resources
import inspect
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from docs import authors, findings, hookpage
from perseus import keys
from perseus.kit import hooklist
from perseus.settings import PREFIX, Settings

DOCS = Path(__file__).parent
MADE = "<!-- made by docs/generate.py: change {source}, then run `python -m docs.generate` -->\n"
SCRIPT = re.compile(r"(<!-- made from perseus/network/(\w+)/lua/(\w+)\.lua -->\n).*?(<!-- end -->)", re.DOTALL)
CALL = re.compile(r"(?<=EVALSHA\n\$40\n)[0-9a-f]{40}")
RULES = ("pattern", "ge", "le", "gt")
TYPES = ((int, "whole number"), (float, "number"), (Path, "path"), (tuple[str, ...], "list"))

SETTINGS_INTRO = """\
# Settings

Every setting is an environment variable, read once when a process starts. A name that begins with `PERSEUS_` and is
not in this table, an empty value (but for `PERSEUS_PUBLIC_IP_SERVICES`) and a value of the wrong form are errors: the
process says which, and ends with exit code 78. Times are in seconds; fractions are allowed.

Names that begin with `PERSEUS_PLUGIN_` configure plugins: `perseus plugins` lists those that the installed ones read.
The process that loads the plugin checks them.
"""
SETTINGS_RULES = """\
## Rules among the times

They leave a holder time to stop before its exchange is free. A process that finds one broken names it and does not
start.

- `PERSEUS_TTL_SECONDS` must be at least 3 x PERSEUS_HEARTBEAT_SECONDS.
- `PERSEUS_RETRY_SECONDS` plus PERSEUS_STORE_TIMEOUT_SECONDS must be less than PERSEUS_HEARTBEAT_SECONDS.
- `PERSEUS_MARGIN_SECONDS` must be more than PERSEUS_STOP_SECONDS.
- `PERSEUS_MARGIN_SECONDS` must leave more than 2 x PERSEUS_HEARTBEAT_SECONDS of PERSEUS_TTL_SECONDS.
- `PERSEUS_HEARTBEAT_YELLOW_SECONDS` must be more than PERSEUS_HEARTBEAT_GREEN_SECONDS.
- `PERSEUS_DESTINATION_LEASE_SECONDS` must be more than PERSEUS_DELIVERY_SECONDS plus 2 x PERSEUS_STORE_TIMEOUT_SECONDS.

Give all processes of one site the same times. Readers take heartbeat and TTL of an instance from its payload; the
watcher waits one `PERSEUS_HEARTBEAT_SECONDS` of its own before it judges anybody.
"""
KEYS_NOTES = """\
`<id>` is the id of the exchange in the database, `<name>` its name in lower case. What stands in each of them, field by
field: [redis-protocol.md](redis-protocol.md). The events: [events.md](events.md).

Perseus never looks for keys with SCAN or KEYS: which exchanges there are comes from the database. It needs no other
key, so a store may be shared with other programs as long as they leave these names alone.
"""


def settings() -> str:
    """docs/settings.md, from the fields of `perseus.settings.Settings`."""
    head = "| setting | type | default | meaning |\n|---|---|---|---|\n"
    rows = "".join(_setting(name, field) for name, field in Settings.model_fields.items())
    return "\n".join((MADE.format(source="perseus/settings.py") + SETTINGS_INTRO, head + rows, SETTINGS_RULES))


def key_catalogue() -> str:
    """docs/keys.md, from the docstring of `perseus.keys`."""
    text = inspect.getdoc(keys)
    title = MADE.format(source="perseus/keys.py") + "# Redis keys\n"
    return "\n".join((title, f"{text}\n", KEYS_NOTES))


def protocol() -> str:
    """docs/redis-protocol.md: its text as it stands, its Lua and the SHA1 in its bytes as the code has them."""
    return CALL.sub(_digest(_lua("leasing", "acquire")), SCRIPT.sub(_script, _text("redis-protocol.md")))


#: Page below docs/ -> what makes its text.
PAGES: Mapping[str, Callable[[], str]] = {
    "doctor.md": findings.doctor,
    "hooks.json": hooklist.as_json,
    "hooks.md": hookpage.hooks,
    "keys.md": key_catalogue,
    "plugins.md": authors.plugins,
    "redis-protocol.md": protocol,
    "settings.md": settings,
}


def differing() -> list[str]:
    """Pages that do not say what the code says."""
    return [name for name, make in PAGES.items() if not (DOCS / name).exists() or _text(name) != make()]


def write() -> None:
    """Make every page anew."""
    for name, make in PAGES.items():
        (DOCS / name).write_text(make(), "utf-8")


def _text(name: str) -> str:
    return (DOCS / name).read_text("utf-8")


def _setting(name: str, field: FieldInfo) -> str:
    return f"| `{PREFIX}{name.upper()}` | {_type(field)} | {_default(field.default)} | {field.description} |\n"


def _type(field: FieldInfo) -> str:
    word = next((word for kind, word in TYPES if field.annotation == kind), "text")
    rules = {name: getattr(rule, name) for rule in field.metadata for name in RULES if hasattr(rule, name)}
    match rules:
        case {"pattern": pattern}:
            return str(pattern).strip("^$()").replace("|", ", ")
        case {"ge": least, "le": most}:
            return f"{word}, {least} to {most}"
        case {"ge": least}:
            return f"{word}, {least} or more"
        case {"gt": bound}:
            return f"{word} above {bound}"
    return word


def _default(value: object) -> str:
    if value is None or value is PydanticUndefined:
        return "none"
    if isinstance(value, tuple):
        return "`" + ",".join(value) + "`"
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


def _script(part: re.Match[str]) -> str:
    source = _lua(part[2], part[3])
    return f"{part[1]}SHA1 `{_digest(source)}`\n\n```lua\n{source}```\n{part[4]}"


def _lua(package: str, name: str) -> str:
    return importlib.resources.files(f"perseus.network.{package}").joinpath("lua", f"{name}.lua").read_text("utf-8")


def _digest(source: str) -> str:
    return hashlib.sha1(source.encode(), usedforsecurity=False).hexdigest()


def main(arguments: list[str]) -> int:
    """Exit code of the command."""
    if arguments == ["--check"]:
        stale = differing()
        if stale:
            sys.stderr.write(f"Not what the code says: {', '.join(stale)}. Run `python -m docs.generate`.\n")
        return 1 if stale else 0
    if arguments:
        sys.stderr.write("Usage: python -m docs.generate [--check]\n")
        return 2
    write()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
