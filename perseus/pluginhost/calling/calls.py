"""How hooks are called: one plugin's after the other's, so that each can cost only itself."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future
from functools import partial
from typing import Any, NamedTuple

import pluggy

from perseus.pluginhost.calling.boundary import is_interrupt
from perseus.pluginhost.calling.deadline import begin, result_by, told_while

log = logging.getLogger(__name__)

SLOW_SECONDS = 5.0

Failed = Callable[[str, BaseException], object]
Calls = Iterable[tuple[pluggy.HookImpl, Callable[[], Any]]]


class Answer(NamedTuple):
    """What one plugin returned."""

    plugin: str
    value: Any


def answers(
    name: str, calls: Calls, passes: tuple[type[Exception], ...] = (), failed: Failed | None = None
) -> Iterator[Answer]:
    """The answers that are not None. What a call raises is logged and told to `failed`, unless it is in `passes`."""
    for hook, call in calls:
        try:
            value = call()
        except passes:
            raise
        except BaseException as error:  # what would end the process is one plugin's failure too
            if is_interrupt(error):
                raise
            log.exception("Plugin %s failed in %s.", hook.plugin_name, name)
            if failed is not None:
                failed(hook.plugin_name, error)
        else:
            if value is not None:
                yield Answer(hook.plugin_name, value)


def together(name: str, hooks: Iterable[pluggy.HookImpl], arguments: Mapping[str, object], seconds: float) -> Calls:
    """Begin all at once, each on a thread of its own; one that takes longer than `seconds` is left behind."""
    end = time.monotonic() + seconds
    begun = [(hook, begin(f"plugin:{hook.plugin_name}", partial(call, hook, arguments))) for hook in hooks]
    return [(hook, partial(_result, future, end)) for hook, future in begun]


def call(hook: pluggy.HookImpl, arguments: Mapping[str, object]) -> Any:
    """Call one implementation with the arguments that it asks for; raises what it raises."""
    return hook.function(*(arguments[name] for name in hook.argnames))


def watched(hook: pluggy.HookImpl, arguments: Mapping[str, object], name: str, kind: type[object]) -> Any:
    """As `call`, for one that may take long: it is told every 5 s. Raises TypeError for an answer that is no `kind`."""

    def tell(seconds: float) -> None:
        log.warning("Plugin %s has not come back from %s for %.0f s.", hook.plugin_name, name, seconds)

    with told_while(SLOW_SECONDS, tell):
        answer = call(hook, arguments)
    if answer is not None and not isinstance(answer, kind):
        raise TypeError(f"it returned {answer!r:.80}, which is no {kind.__name__}")
    return answer


def _result(future: Future[Any], end: float) -> Any:
    return result_by(future, max(0.0, end - time.monotonic()))
