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

from docs import authors
from perseus import hookspecs, keys
from perseus.errors import Holder
from perseus.kit import hooklist
from perseus.network.exchange import Exchange
from perseus.network.identity import Identity
from perseus.pluginhost.candidate import HOOKS
from perseus.pluginhost.context import Context, IngestContext
from perseus.pluginhost.manifest import Manifest
from perseus.settings import PREFIX, Settings

DOCS = Path(__file__).parent
MADE = "<!-- made by docs/generate.py: change {source}, then run `python -m docs.generate` -->\n"
SCRIPT = re.compile(r"(<!-- made from perseus/network/lua/(\w+)\.lua -->\n).*?(<!-- end -->)", re.DOTALL)
CALL = re.compile(r"(?<=EVALSHA\n\$40\n)[0-9a-f]{40}")
RULES = ("pattern", "ge", "le", "gt")
TYPES = ((int, "whole number"), (float, "number"), (Path, "path"), (tuple[str, ...], "list"))

SETTINGS_INTRO = """\
# Settings

Every setting is an environment variable, read once when a process starts. A name that begins with `PERSEUS_` and is
not in this table, an empty value and a value of the wrong form are errors: the process says which, and ends with exit
code 78. Times are in seconds; fractions are allowed.

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
HOOKS_INTRO = """\
## A plugin

A module with functions, named in the entry points of its package. A whole one is a folder with two files; `say_it.py`:

```python
from perseus import Manifest, hookimpl


@hookimpl
def perseus_manifest():
    return Manifest(api=">=1,<2")


@hookimpl
def perseus_state_changed(status, to_state):
    print(f"{status.exchange_name} is {to_state} on {status.hostname}")
```

`pyproject.toml`:

```toml
[build-system]
requires = ["setuptools>=77"]
build-backend = "setuptools.build_meta"

[project]
name = "say-it"
version = "1.0"

[project.entry-points."perseus.ingest"]
say_it = "say_it"

[tool.setuptools]
py-modules = ["say_it"]
```

Install it where Perseus is installed, here from that folder beside the checkout, and start an ingest process: it says
each of its states. `pip uninstall say-it` takes it out again.

```sh
.venv/bin/pip install --no-deps --no-build-isolation ../say_it
```

Ingest processes load the group `perseus.ingest`. Each plugin is imported, checked and started by itself. One that
cannot be used is logged with the reason, gets no call, and stops nothing:

| state | means |
|---|---|
| `loaded` | in use |
| `failed` | its import, its manifest or its `perseus_startup` raised an exception |
| `invalid` | it breaks this contract: an unknown hook or argument, no manifest, a name that another plugin has |
| `incompatible` | its manifest wants another version of the hooks |

Plugins are called in the order of their `priority`, the largest first, then of their names; `tryfirst` and `trylast`
go before that. The order of installation plays no part.
"""
HOOKS_ARGUMENTS = """\
## What the arguments hold

All of it is frozen and can be imported from `perseus`. `status` is an `InstanceStatus`, the payload of the status key
with names in snake_case: [redis-protocol.md](redis-protocol.md). `State` is one of idle, starting, warming, active,
stopping, stopped. `settings` holds [settings.md](settings.md), in lower case and without the prefix.
"""
ARGUMENTS = (Manifest, Context, IngestContext, Exchange, Holder, Identity)


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


def hooks() -> str:
    """docs/hooks.md, from the signatures and docstrings of `perseus.hookspecs`."""
    title = MADE.format(source="perseus/hookspecs.py") + "# Hooks\n"
    version = "This is version {}.{} of the hooks.\n".format(*hookspecs.API)
    intro = (title, f"{_doc(hookspecs)}\n", version, HOOKS_INTRO)
    return "\n".join((*intro, *map(_hook, HOOKS), HOOKS_ARGUMENTS, *map(_argument, ARGUMENTS)))


def protocol() -> str:
    """docs/redis-protocol.md: its text as it stands, its Lua and the SHA1 in its bytes as the code has them."""
    return CALL.sub(_digest(_lua("acquire")), SCRIPT.sub(_script, _text("redis-protocol.md")))


#: Page below docs/ -> what makes its text.
PAGES: Mapping[str, Callable[[], str]] = {
    "hooks.json": hooklist.as_json,
    "hooks.md": hooks,
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


def _hook(name: str) -> str:
    hook = getattr(hookspecs, name)
    what, *facts = _doc(hook).split("\n\n")
    if hook.perseus_spec["firstresult"]:
        facts.insert(0, "Asked: one plugin after the other, until one gives an answer other than None.")
    lines = "\n".join(facts).replace("\n", "\n  ")
    points = re.sub(r"^ *([A-Z][a-z]+(?: [a-z]+)?): ", r"- **\1**: ", lines, flags=re.MULTILINE)
    return f"## {name}\n\n```python\n{name}{_plain(inspect.signature(hook))}\n```\n\n{what}\n\n{points}\n"


def _argument(kind: type) -> str:
    return f"### {kind.__name__}\n\n```python\n{kind.__name__}{_plain(inspect.signature(kind))}\n```\n\n{_doc(kind)}\n"


def _doc(thing: object) -> str:
    return inspect.getdoc(thing) or ""


def _plain(signature: inspect.Signature) -> str:
    return str(signature).replace("'", "").removesuffix(" -> None")


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
    source = _lua(part[2])
    return f"{part[1]}SHA1 `{_digest(source)}`\n\n```lua\n{source}```\n{part[3]}"


def _lua(name: str) -> str:
    return importlib.resources.files("perseus.network").joinpath("lua", f"{name}.lua").read_text("utf-8")


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
