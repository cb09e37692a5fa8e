"""docs/hooks.md: the contract of hooks, from the signatures and docstrings of `perseus.hookspecs`."""

from __future__ import annotations

import inspect
import re

from perseus import hookspecs
from perseus.errors import Holder
from perseus.network.exchange import Exchange
from perseus.network.identity import Identity
from perseus.notify.delivery import Delivery
from perseus.notify.notification import Notification
from perseus.notify.notifier import Limit, NotifierKind
from perseus.notify.outcomes import Delivered
from perseus.pluginhost.admission.candidate import HOOKS
from perseus.pluginhost.admission.groups import CALLED, GENERAL, GROUPS
from perseus.pluginhost.admission.manifest import Manifest
from perseus.pluginhost.context import Context, IngestContext, NotifyContext
from perseus.pluginhost.extensions import CardAction, Fragment, NavLink

MADE = "<!-- made by docs/generate.py: change perseus/hookspecs.py, then run `python -m docs.generate` -->\n"

INTRO = """\
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

How a notifier is written, tested and graded: [plugins.md](plugins.md).

## Where plugins are found

| place | which |
|---|---|
| bundled | those in `perseus.plugins`; always there |
| installed | entry points of the group in question, as above |
| `PERSEUS_PLUGINS_DIR` | a folder with a `<name>.py` or a package `<name>/` each; not those that begin with `_` |

A process loads the plugins of its group alone. An installed plugin names its groups; one that belongs to several has
an entry point in each. A bundled one and one of the folder belong to each group in which any of their hooks is
called, as their text says: a process imports nothing that it would not call. Modules of the folder import each other
with a dot, `from .words import NAME`.

No two plugins may bear one name, nor names that differ only in capitals, `-` and `_`. The bundled one is used then,
else none; the reason names where each was found. Plugins are called in the order of their `priority`, the largest
first, then of their names; `tryfirst` and `trylast` go before that. The order of installation plays no part.
"""
GROUPS_INTRO = """\
## Groups
"""
STATES = """\
## What becomes of a plugin

Each is imported, checked, configured and started by itself, with 5 s for each step, on a thread of its own. One that
cannot be used is logged with the reason, gets no call, and stops nothing. `perseus plugins` lists all of them, and so
does the page.

| state | means |
|---|---|
| `loaded` | in use |
| `failed` | its import, manifest or start raised or took too long, or its configuration is wrong |
| `invalid` | it breaks this contract: an unknown hook or argument, no manifest, a name or kind of another |
| `incompatible` | its manifest wants another version of the hooks |
| `disabled` | it is switched off on the page, or left out by `PERSEUS_SAFE_MODE`, which loads the bundled ones only |

A reason names the line: `line 12: perseus_notfy is not a hook. Did you mean perseus_notify?` With
`PERSEUS_STRICT_PLUGINS` a plugin that is failed, invalid or incompatible ends its process at the start with exit code
78 and all the reasons; CI is the place for that. Plugins run inside the process: one that holds Python's interpreter
lock for ever in a C library, or crashes it, takes its process with it. Notifiers run in the dispatcher alone, which
is started again.

## Configuration of a plugin

`Manifest(config=...)` names a pydantic model. A plugin with `perseus_notify` is a destination, and the model is that
destination's: the dispatcher reads it, from the page or the environment, and each call has it as `context.config`.
Any other plugin is given its own with `perseus_configured`, from the environment alone:

| variable | gives |
|---|---|
| `PERSEUS_PLUGIN_<PLUGIN>_<FIELD>` | the value; lists with commas |
| `PERSEUS_PLUGIN_<PLUGIN>_<FIELD>_FILE` | the path of a file that holds it; the end of its last line does not count |

A name that the model does not have is an error, whatever the model says. Fields are text, numbers, yes or no,
choices, lists of text, and secrets (`SecretStr`), named in small letters. A `-` in the plugin's name is a `_` in the
variable's.
"""
ARGUMENTS_INTRO = """\
## What the arguments hold

All of it is frozen and can be imported from `perseus`. `status` is an `InstanceStatus`, the payload of the status key
with names in snake_case: [redis-protocol.md](redis-protocol.md). `State` is one of idle, starting, warming, active,
stopping, stopped. `settings` holds [settings.md](settings.md), in lower case and without the prefix.
"""
ARGUMENTS = (
    Manifest,
    Context,
    IngestContext,
    NotifyContext,
    Exchange,
    Holder,
    Identity,
    Notification,
    NotifierKind,
    Limit,
    Delivered,
    Delivery,
    Fragment,
    CardAction,
    NavLink,
)


def hooks() -> str:
    """The whole page."""
    version = "This is version {}.{} of the hooks.\n".format(*hookspecs.API)
    intro = (f"{MADE}# Hooks\n", f"{_doc(hookspecs)}\n", version, INTRO, f"{GROUPS_INTRO}\n{_groups()}", STATES)
    return "\n".join((*intro, *map(_hook, HOOKS), ARGUMENTS_INTRO, *map(_argument, ARGUMENTS)))


def _groups() -> str:
    rows = [f"| `{group}` | {where} | {_listed(CALLED[group])} |\n" for group, where in GROUPS.items()]
    rows.append(f"| every group | each process that loads the plugin | {_listed(sorted(GENERAL))} |\n")
    return "| group | loaded by | hooks that are called there |\n|---|---|---|\n" + "".join(rows)


def _listed(names: tuple[str, ...] | list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


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
