"""Rules for a plugin as a whole: its manifest, and what it may import where it runs."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from pathlib import Path

from perseus import hookspecs
from perseus.kit.findings import Finding
from perseus.kit.source import Source
from perseus.pluginhost.admission.manifest import Manifest

MANIFEST = "perseus_manifest"
MANIFESTS = ("perseus.Manifest", "perseus.pluginhost.admission.manifest.Manifest")
FOREIGN = ("flask", "werkzeug", "sqlalchemy", "gunicorn", "perseus.web", "perseus.db")
WEB_HOOKS = ("perseus_register_blueprints", "perseus_nav_links", "perseus_card_fragments", "perseus_card_actions")


def findings(source: Source) -> Iterator[Finding]:
    """The ranges of one module's manifests, and its imports."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and source.dotted(node.func) in MANIFESTS:
            yield from _range(source, node)
    hooks = {hook.hook for hook in source.implementations()}
    if hooks and not hooks.intersection(WEB_HOOKS):
        yield from _imports(source)


def missing(sources: Sequence[Source], root: Path) -> Iterator[Finding]:
    """Whether any module of the plugin has a manifest; told at the first hook, else at `root`."""
    hooks = [(source, hook) for source in sources for hook in source.implementations()]
    if any(hook.hook == MANIFEST for _, hook in hooks):
        return
    if any(isinstance(node, ast.alias) and node.name == MANIFEST for one in sources for node in ast.walk(one.tree)):
        return
    where, line = (hooks[0][0].path, hooks[0][1].node.lineno) if hooks else (root, 0)
    yield Finding(where, line, "no-manifest", "there is no perseus_manifest: return perseus.Manifest(api='>=1,<2')")


def _range(source: Source, call: ast.Call) -> Iterator[Finding]:
    given = next((keyword.value for keyword in call.keywords if keyword.arg == "api"), None)
    api = given or (call.args[0] if call.args else None)
    if api is None:
        yield Finding(source.path, call.lineno, "api-range", "the manifest names no api: write api='>=1,<2'")
    elif isinstance(api, ast.Constant):
        problem = _problem(api.value)
        if problem:
            yield Finding(source.path, api.lineno, "api-range", problem)


def _problem(api: object) -> str | None:
    version = "{}.{}".format(*hookspecs.API)
    if not isinstance(api, str):
        return f"api {api!r} is no text: write it like '>=1,<2'"
    try:
        fits = Manifest(api=api).accepts(hookspecs.API)
    except ValueError as error:
        return str(error)
    return None if fits else f"api {api!r} leaves out version {version} of the hooks, which is the one that is here"


def _imports(source: Source) -> Iterator[Finding]:
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.Import | ast.ImportFrom):
            continue
        for name in _modules(node):
            if any(name == each or name.startswith(f"{each}.") for each in FOREIGN):
                text = f"{name} is imported: dispatcher and ingest processes run without it, and so must the plugin"
                yield Finding(source.path, node.lineno, "foreign-import", text)


def _modules(node: ast.Import | ast.ImportFrom) -> list[str]:
    if isinstance(node, ast.Import):
        return [name.name for name in node.names]
    return [] if node.level else [node.module or ""]
