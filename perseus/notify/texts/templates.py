"""Titles and texts by the destination's own templates: Jinja2, narrowed to what can neither reach out nor run away.

What is refused is refused when the template is saved (`check_template`). What breaks in spite of that costs no message:
the built-in text is sent, with a fact that says so.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateError, TemplateSyntaxError, nodes
from jinja2.runtime import LoopContext
from jinja2.sandbox import SandboxedEnvironment

from perseus.errors import whole
from perseus.notify.configuration import Policy
from perseus.notify.notification import Notification
from perseus.notify.texts import eventfacts, templatefilters
from perseus.notify.texts.templatevariables import NAMES, variables

TITLE_MAX = 300
TEXT_MAX = 4_000
LOOPS_NESTED = 2
# What expressions of a template can raise, and what the compilers say of one that is nested too deep.
BREAKS = (
    TemplateError,
    ArithmeticError,
    AttributeError,
    LookupError,
    MemoryError,
    RecursionError,
    SyntaxError,
    TypeError,
    ValueError,
)
FORBIDDEN = {
    nodes.Call: "calls are not possible; use a filter, as in {{ title | upper }}",
    nodes.Macro: "macros are not possible",
    nodes.CallBlock: "macros are not possible",
    nodes.FilterBlock: "filter blocks are not possible; use {{ title | upper }}",
    nodes.Assign: "{% set %} is not possible",
    nodes.AssignBlock: "{% set %} is not possible",
    nodes.Import: "other templates cannot be used",
    nodes.FromImport: "other templates cannot be used",
    nodes.Include: "other templates cannot be used",
    nodes.Extends: "other templates cannot be used",
    nodes.Block: "blocks are not possible",
    nodes.With: "{% with %} is not possible",
    nodes.EvalContextModifier: "escaping is the notifier's",
    nodes.Pow: "powers are not possible",
    nodes.Mul: "multiplication is not possible",
    nodes.Mod: "% is not possible",
}  # fmt: skip


class Narrow(SandboxedEnvironment):
    """Attributes are entries of mappings, and those of `loop`; nothing else has any."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        if isinstance(obj, Mapping):
            return obj[attribute] if attribute in obj else self._without(attribute)
        if isinstance(obj, LoopContext) and attribute in ("index", "index0", "first", "last", "length"):
            return super().getattr(obj, attribute)
        return self._without(attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        if isinstance(obj, str) or not isinstance(argument, str):
            return super().getitem(obj, argument)
        return self.getattr(obj, argument)

    def _without(self, attribute: str) -> Any:
        return self.undefined(hint=f"there is no {eventfacts.line(attribute, 60)!r}")


def _environment() -> Narrow:
    environment = Narrow(undefined=StrictUndefined, autoescape=False, keep_trailing_newline=False)
    environment.globals.clear()
    environment.filters = dict(templatefilters.FILTERS)
    return environment


ENVIRONMENT = _environment()


class TooLong(TemplateError):
    """Raised when a template gives more text than a message may have."""


def check_template(text: str) -> str | None:
    """What is wrong with a template, with its line, for who saves it; None when every sample can be told by it."""
    # Late: samples are needed where templates are saved, not where they are sent.
    from perseus.notify.texts.samples import notifications

    try:
        template = _compiled(text)
        for sample in notifications():
            _output(template, sample, TEXT_MAX)
    except BREAKS as error:
        return problem(error)
    return None


def rendered(notification: Notification, policy: Policy) -> Notification:
    """The message as the destination's templates say it. What breaks leaves the built-in text, and a fact."""
    facts = notification.facts
    title, broken = _rendered(policy.title_template, notification, TITLE_MAX)
    text, also_broken = _rendered(policy.text_template, notification, TEXT_MAX)
    if broken or also_broken:
        facts = (*facts, ("Template", f"{broken or also_broken}: this is the built-in text"))
    return replace(
        notification,
        title=eventfacts.line(title) if title else notification.title,
        text=notification.text if text is None else text,
        facts=facts,
    )


def problem(error: BaseException) -> str:
    """What broke, with its line where that is known."""
    if isinstance(error, RecursionError | MemoryError):
        return "it is nested too deep"
    if isinstance(error, TemplateSyntaxError):
        return eventfacts.line(f"line {error.lineno}: {error.message}")
    text = str(error) if isinstance(error, TemplateError) else f"{type(error).__name__}: {error}"
    place = _line_of(error)
    return eventfacts.line(f"line {place}: {text}" if place else text)


def _rendered(text: str | None, notification: Notification, limit: int) -> tuple[str | None, str | None]:
    """The output and no problem, or none and the problem; neither where there is no template."""
    if not text:
        return None, None
    try:
        return _output(_compiled(text), notification, limit), None
    except BREAKS as error:
        return None, problem(error)


def _output(template: Template, notification: Notification, limit: int) -> str:
    made: list[str] = []
    left = limit
    for part in template.generate(variables(notification)):
        left -= len(part)
        if left < 0:
            raise TooLong(f"it gives more than {limit:,} characters")
        made.append(part)
    return whole("".join(made)).strip()


@lru_cache(maxsize=256)
def _compiled(text: str) -> Template:
    tree = ENVIRONMENT.parse(text)
    _check(tree)
    for loop in tree.find_all(nodes.For):
        loop.iter = nodes.Filter(loop.iter, templatefilters.ROUNDS, [], [], None, None, lineno=loop.lineno)
    return ENVIRONMENT.from_string(tree)


def _check(tree: nodes.Template) -> None:
    for node in _all(tree):
        for kind, why in FORBIDDEN.items():
            if isinstance(node, kind):
                raise TemplateSyntaxError(why, node.lineno)
        if isinstance(node, nodes.Filter) and node.name not in templatefilters.FILTERS:
            raise TemplateSyntaxError(f"there is no filter {node.name!r}{_meant(node.name, OFFERED)}", node.lineno)
        if isinstance(node, nodes.Name) and node.ctx == "load" and node.name not in NAMES | _loop_names(tree):
            raise TemplateSyntaxError(f"{node.name!r} is not known{_meant(node.name, NAMES)}", node.lineno)
        if isinstance(node, nodes.Getattr) and node.attr.startswith("_"):
            raise TemplateSyntaxError(f"there is no {node.attr!r}", node.lineno)
        if isinstance(node, nodes.For):
            _check_loop(node)


def _check_loop(loop: nodes.For) -> None:
    if loop.recursive:
        raise TemplateSyntaxError("recursive loops are not possible", loop.lineno)
    if _depth(loop) > LOOPS_NESTED:
        raise TemplateSyntaxError(f"loops can be nested {LOOPS_NESTED} deep", loop.lineno)


def _depth(node: nodes.Node) -> int:
    deepest = max((_depth(child) for child in node.iter_child_nodes()), default=0)
    return deepest + isinstance(node, nodes.For)


def _all(node: nodes.Node) -> Iterator[nodes.Node]:
    yield node
    for child in node.iter_child_nodes():
        yield from _all(child)


def _loop_names(tree: nodes.Template) -> frozenset[str]:
    stored = {name.name for name in tree.find_all(nodes.Name) if name.ctx == "store"}
    return frozenset(stored | ({"loop"} if stored else set()))


OFFERED = frozenset(templatefilters.FILTERS) - {templatefilters.ROUNDS}


def _meant(name: str, known: frozenset[str]) -> str:
    near = difflib.get_close_matches(name, sorted(known), n=1)
    return f"; did you mean {near[0]!r}?" if near else f"; there are: {', '.join(sorted(known))}"


def _line_of(error: BaseException) -> int | None:
    """The line of the template: Jinja2 writes it into the traceback."""
    trace, found = error.__traceback__, None
    while trace is not None:
        if trace.tb_frame.f_code.co_filename in ("<template>", "<unknown>"):
            found = trace.tb_lineno
        trace = trace.tb_next
    return found
