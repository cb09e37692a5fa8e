"""The start of one plugin: its configuration is read and handed over, then it gets ready."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import pluggy
from pydantic import BaseModel

from perseus.pluginhost.admission.candidate import PluginRejected
from perseus.pluginhost.admission.contract import CONFIGURED, NOTIFY
from perseus.pluginhost.admission.manifest import Manifest
from perseus.pluginhost.admission.place import raised_at
from perseus.pluginhost.calling import scrub
from perseus.pluginhost.calling.boundary import said
from perseus.pluginhost.calling.calls import call
from perseus.pluginhost.calling.deadline import TookTooLong, call_within
from perseus.pluginhost.calling.scrub import scrubber
from perseus.pluginhost.context import Context
from perseus.pluginhost.info import PluginState

SECONDS = 5.0
STARTUP = "perseus_startup"

Hooks = Mapping[str, pluggy.HookImpl]
Names = Callable[[], Iterable[str]]


def start(
    plugin: str, manifest: Manifest, hooks: Hooks, context: Context, environ: Mapping[str, str], names: Names
) -> None:
    """Call `perseus_configured` and `perseus_startup`, 5 s each. Raises PluginRejected for one that cannot be used.

    With `perseus_notify` the configuration is that of a destination, which is not read here. `names()`: of all plugins,
    to tell their variables apart.
    """
    if manifest.config is not None and NOTIFY not in hooks:
        config = configuration(plugin, manifest.config, environ, names)
        _call(plugin, CONFIGURED, hooks, {"config": config, "context": context})
    _call(plugin, STARTUP, hooks, {"context": context})


def configuration(plugin: str, model: type[BaseModel], environ: Mapping[str, str], names: Names) -> BaseModel | None:
    """What the environment says of a plugin, checked. Raises PluginRejected with everything that is wrong with it."""
    from perseus.pluginhost.configuration import form  # most processes have no plugin with a configuration

    try:
        raw, problems = form.from_environment(plugin, model, form.own(plugin, names(), environ))
    except Exception as error:  # noqa: BLE001 - the plugin is refused; a traceback could hold a secret
        reason = f"its model of configuration cannot be used: {said(error).removeprefix('ValueError: ')}"
        raise PluginRejected(PluginState.INVALID, reason) from None
    secrets = form.revealed(raw, model)
    if secrets:
        scrub.install()  # the owner's own program, which calls perseus.run, has not set up its log by ours
        scrubber.register(secrets)
    made, faults = form.check(model, raw)
    if problems or made is None:
        raise PluginRejected(PluginState.FAILED, " ".join(problems or faults.values()))
    return made


def _call(plugin: str, name: str, hooks: Hooks, arguments: Mapping[str, object]) -> None:
    hook = hooks.get(name)
    if hook is None:
        return
    try:
        call_within(SECONDS, f"plugin:{plugin}", lambda: call(hook, arguments))
    except TookTooLong as error:
        raise PluginRejected(PluginState.FAILED, f"{name} took longer than {error.seconds:g} s") from None
    except Exception as error:
        where = raised_at(error)
        raise PluginRejected(PluginState.FAILED, f"{where}{name} raised {said(error)}") from error
