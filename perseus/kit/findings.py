"""What the linter has to say about a line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from perseus.kit.source import Source

#: Rule -> what it holds, as `docs/plugins.md` lists them.
RULES: Mapping[str, str] = {
    "syntax": "The file is Python.",
    "unknown-hook": "Each marked function is named after a hook.",
    "not-marked": "Each function named after a hook is marked with `@perseus.hookimpl`.",
    "unknown-argument": "A hook asks only for the arguments that it is given.",
    "default-value": "No argument of a hook has a default value.",
    "not-plain": "A hook is a plain function: no async, no yield, no wrapper, no `*args`.",
    "no-manifest": "The plugin declares its manifest.",
    "api-range": "The range in the manifest can be read and holds this version of the hooks.",
    "blocking-call": "What answers for a card makes no call that waits.",
    "import-time-io": "Importing the plugin opens nothing, sends nothing and waits for nothing.",
    "told-secret": "No secret goes into a print, a log line or an error.",
    "foreign-import": "A plugin imports no web framework and no database where only notifiers or ingest processes run.",
    "load": "With `--load`: the plugin host takes the plugin in.",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault. `line`: from 1; 0 for the file as a whole. `text`: a sentence for people."""

    path: Path
    line: int
    rule: str
    text: str

    def __str__(self) -> str:
        path = shown(self.path)
        return f"{path}:{self.line}: {self.text} [{self.rule}]" if self.line else f"{path}: {self.text} [{self.rule}]"

    def as_json(self) -> dict[str, str | int]:
        """The same for programs."""
        return {"path": str(self.path), "line": self.line, "rule": self.rule, "text": self.text}


def shown(path: Path) -> str:
    """A path as a person in this folder would write it."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def kept(source: Source, findings: Iterable[Finding]) -> list[Finding]:
    """In the order of lines, without those that their line says to ignore."""
    found = {finding for finding in findings if not source.is_ignored(finding.line, finding.rule)}
    return sorted(found, key=lambda finding: (finding.line, finding.rule, finding.text))
