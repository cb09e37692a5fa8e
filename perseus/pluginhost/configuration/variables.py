"""A plugin's configuration in the environment: `PERSEUS_PLUGIN_<NAME>_<FIELD>`, or `..._<FIELD>_FILE` for its file."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from perseus.errors import whole
from perseus.pluginhost.configuration.checking import Raw, check, value_of
from perseus.pluginhost.configuration.formfield import FieldType, FormField, fields_of, schema_of
from perseus.settings import PLUGIN_PREFIX

FILE = "_FILE"
FILE_MAX = 65_536


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable; with `_FILE` behind its name it gives the path of a file that holds the value."""

    name: str
    field: FormField

    @property
    def sample(self) -> str:
        """What may stand there: the default as text; nothing for a secret and for what has no default."""
        given = self.field.default
        if given is None:
            return ""
        if isinstance(given, bool):
            return str(given).lower()
        return ",".join(map(str, given)) if isinstance(given, list) else str(given)


def prefix(name: str) -> str:
    """What the variables of a plugin or kind begin with."""
    return f"{PLUGIN_PREFIX}{name.upper().replace('-', '_')}_"


def variables(name: str, model: type[BaseModel]) -> tuple[Variable, ...]:
    """Those that configure a plugin or kind. Raises ValueError as `schema_of`."""
    return tuple(Variable(prefix(name) + field.name.upper(), field) for field in fields_of(schema_of(model)))


def own(name: str, names: Iterable[str], environ: Mapping[str, str]) -> dict[str, str]:
    """The variables of one plugin: those with its prefix that do not have the longer one of another of `names`."""
    longer = [prefix(other) for other in names if prefix(other).startswith(prefix(name)) and other != name]
    return {
        variable: value
        for variable, value in environ.items()
        if variable.startswith(prefix(name)) and not any(variable.startswith(each) for each in longer)
    }


def from_environment(name: str, model: type[BaseModel], environ: Mapping[str, str]) -> tuple[Raw, list[str]]:
    """Raw configuration from the variables with this plugin's prefix, and what is wrong, in sentences with their names.

    A file gives its text without the line's end. No sentence holds a value, or a path, which may be a value by mistake.
    """
    known = variables(name, model)
    raw: Raw = {}
    problems = list(_strangers(name, known, environ))
    for variable in known:
        try:
            text = _text(variable.name, environ)
        except ValueError as error:
            problems.append(str(error))
        else:
            if text is not None:
                raw[variable.field.name] = value_of(variable.field, text)
    if problems:
        return raw, problems
    return raw, [_sentence(name, field, text) for field, text in check(model, raw)[1].items()]


def example(name: str, model: type[BaseModel]) -> str:
    """The text of an `.env` file: what is required, then the rest as comments with its defaults."""
    found = sorted(variables(name, model), key=lambda variable: not variable.field.required)
    return "\n".join(line for variable in found for line in _lines(variable)) + "\n"


def table(name: str, model: type[BaseModel]) -> str:
    """The variables as a Markdown table, for a page of documentation."""
    rows = [
        f"| `{variable.name}` | {in_words(variable.field)} | {_shown(variable)} | {_meaning(variable.field)} |"
        for variable in variables(name, model)
    ]
    return "\n".join(["| variable | type | default | meaning |", "|---|---|---|---|", *rows]) + "\n"


def _strangers(name: str, known: Iterable[Variable], environ: Mapping[str, str]) -> Iterator[str]:
    head = prefix(name)
    plain = [variable.name.removeprefix(head) for variable in known]
    both = [*plain, *(each + FILE for each in plain)]
    for given in sorted(each.removeprefix(head) for each in environ if each.startswith(head)):
        if given not in both:
            near = difflib.get_close_matches(given, both, 1)
            there = ", ".join(head + each for each in plain) or "none"
            mend = f"Did you mean {head}{near[0]}?" if near else f"There are: {there}."
            yield f"{head}{given}: no such field. {mend}"


def _text(name: str, environ: Mapping[str, str]) -> str | None:
    """The value of one variable, from the environment or a file. Raises ValueError with a sentence."""
    value, path = environ.get(name), environ.get(name + FILE)
    if value is not None and path is not None:
        raise ValueError(f"{name} and {name}{FILE}: both are set. Unset one of them.")
    if path is not None:
        value, name = _content(name + FILE, path), name + FILE
        if not value.strip():
            raise ValueError(f"{name}: the file is empty.")
    if value is None:
        return None
    if not value.strip():
        raise ValueError(f"{name}: is set but empty. Unset it or give it a value.")
    if whole(value) != value:
        raise ValueError(f"{name}: is not UTF-8 text.")
    return value


def _content(name: str, path: str) -> str:
    try:
        if not Path(path).is_file():
            raise ValueError(f"{name}: there is no such file.")
        with Path(path).open("rb") as file:
            content = file.read(FILE_MAX + 1)
    except OSError as error:
        raise ValueError(f"{name}: the file cannot be read: {os.strerror(error.errno or 0)}.") from None
    if len(content) > FILE_MAX:
        raise ValueError(f"{name}: the file has more than {FILE_MAX} bytes, which is no value.")
    try:
        return content.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        raise ValueError(f"{name}: the file is not UTF-8 text.") from None


def _sentence(name: str, field: str, text: str) -> str:
    where = prefix(name) + field.upper() if field else prefix(name).rstrip("_")
    return f"{where}: {text}" + ("" if text.endswith((".", "?", "!")) else ".")


def _lines(variable: Variable) -> Iterator[str]:
    field = variable.field
    about = [field.help] if field.help else []
    if field.type is FieldType.SECRET:
        about.append(f"Secret: {variable.name}{FILE} may name a file that holds it.")
    yield from (f"# {line}" for text in about for line in text.splitlines())
    yield f"{'' if field.required else '#'}{variable.name}={variable.sample}"


def in_words(field: FormField) -> str:
    """What kind of value a variable takes, with values as Markdown code."""
    if field.choices and field.type is FieldType.SELECT:
        return ", ".join(f"`{choice}`" for choice in field.choices)
    words: dict[FieldType, Any] = {
        FieldType.CHECKBOX: "`true` or `false`",
        FieldType.NUMBER: "whole number" if field.is_whole else "number",
        FieldType.LIST: "list, with commas",
        FieldType.SECRET: "secret",
    }
    low, high = field.minimum, field.maximum
    bounds = f", {low:g} to {high:g}" if low is not None and high is not None else ""
    return f"{words.get(field.type, 'text')}{bounds}"


def _shown(variable: Variable) -> str:
    if variable.field.required:
        return "required"
    return f"`{variable.sample}`" if variable.sample else "none"


def _meaning(field: FormField) -> str:
    return " ".join(field.help.split()).replace("|", "\\|") or field.label
