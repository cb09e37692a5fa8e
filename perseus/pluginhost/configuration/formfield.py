"""A model of configuration as the fields of a form. The schema alone is enough: the web never sees the model."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, Secret, SecretBytes, SecretStr

Schema = dict[str, Any]

SIMPLE = ("string", "integer", "number", "boolean")
KINDS_OF_FIELDS = "text, numbers, yes or no, choices, lists of text, secrets (SecretStr)"


class FieldType(StrEnum):
    """What a field looks like. A list has one entry a line."""

    TEXT = "text"
    NUMBER = "number"
    CHECKBOX = "checkbox"
    SELECT = "select"
    LIST = "list"
    SECRET = "secret"


@dataclass(frozen=True, slots=True)
class FormField:
    """One field. `label` and `help` are for people. `default`: what holds when nothing is given; never of a secret.

    `choices`: of a select, and of the entries of a list. `minimum`, `maximum`: of a number; `is_whole`: without
    fractions. `pattern`: a regular expression that the text has to match somewhere.
    """

    name: str
    label: str
    type: FieldType
    help: str = ""
    required: bool = False
    default: Any = None
    choices: tuple[Any, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    pattern: str | None = None
    is_whole: bool = False


def schema_of(model: type[BaseModel]) -> Schema:
    """JSON schema of a model, flat: no references, secrets with `"format": "password"` and without default.

    Raises ValueError for a model with a field that no form and no variable can hold; the text says which and why.
    """
    raw = model.model_json_schema(by_alias=False)
    definitions = raw.get("$defs", {})
    properties = {name: _property(model, name, each, definitions) for name, each in raw.get("properties", {}).items()}
    for name in properties:
        if name.endswith("_file") and name.removesuffix("_file") in properties:
            raise ValueError(f"field {name} is taken: it names the file that holds {name.removesuffix('_file')}")
        if name != name.lower():
            raise ValueError(f"field {name} has capital letters: variables of the environment cannot tell them apart")
    about = inspect.cleandoc(raw.get("description", ""))
    return {
        "type": "object",
        "title": raw.get("title", model.__name__),
        **({"description": about} if about else {}),
        "properties": properties,
        "required": [name for name in raw.get("required", []) if name in properties],
        "additionalProperties": False,
    }


def fields_of(schema: Mapping[str, Any]) -> tuple[FormField, ...]:
    """The fields of a form, in the order of the model, from what `schema_of` gave."""
    required = schema.get("required", ())
    return tuple(_field(name, each, name in required) for name, each in schema.get("properties", {}).items())


def secrets_of(model: type[BaseModel]) -> frozenset[str]:
    """Names of the fields whose values are secrets."""
    return frozenset(name for name, field in model.model_fields.items() if _is_secret(field.annotation))


def _property(model: type[BaseModel], name: str, given: Schema, definitions: Mapping[str, Schema]) -> Schema:
    found = _plain(given, definitions)
    if name in secrets_of(model):
        _refuse_unless(found.get("type") == "string", name, "is a secret that is no text")
        return {**_without(found, "default", "examples"), "format": "password", "writeOnly": True}
    items = found.get("items")
    if found.get("type") == "array" and isinstance(items, dict):
        found = {**found, "items": _plain(items, definitions)}
        _refuse_unless(found["items"].get("type") in SIMPLE, name, "is a list of more than text")
        _refuse_unless(found["items"].get("format") != "password", name, "is a list of secrets")
    else:
        _refuse_unless(found.get("type") in SIMPLE, name, "has a type that fits into no form and no variable")
    return found


def _plain(given: Schema, definitions: Mapping[str, Schema]) -> Schema:
    """One property with references followed and 'or nothing' left out."""
    if "$ref" in given:
        given = {**definitions[given["$ref"].rpartition("/")[2]], **_without(given, "$ref")}
    options = [each for each in given.get("anyOf", ()) if each.get("type") != "null"]
    if len(options) == 1:
        given = _plain({**options[0], **_without(given, "anyOf")}, definitions)
    if "const" in given:
        given = {**_without(given, "const"), "enum": [given["const"]]}
    if "enum" in given and "type" not in given:
        given = {**given, "type": "string"}
    return given


def _field(name: str, given: Mapping[str, Any], is_required: bool) -> FormField:
    of_entries = given.get("items", {}) if given.get("type") == "array" else given
    whole = of_entries.get("type") == "integer"
    return FormField(
        name=name,
        label=_label(name, given.get("title")),
        type=_type(given),
        help=inspect.cleandoc(given.get("description", "")),
        required=is_required,
        default=given.get("default"),
        choices=tuple(of_entries.get("enum", ())),
        minimum=_bound(given, "minimum", "exclusiveMinimum", 1 if whole else 0),
        maximum=_bound(given, "maximum", "exclusiveMaximum", -1 if whole else 0),
        pattern=of_entries.get("pattern"),
        is_whole=whole,
    )


def _type(given: Mapping[str, Any]) -> FieldType:
    match given:
        case {"format": "password"}:
            return FieldType.SECRET
        case {"enum": _}:
            return FieldType.SELECT
        case {"type": "array"}:
            return FieldType.LIST
        case {"type": "boolean"}:
            return FieldType.CHECKBOX
        case {"type": "integer" | "number"}:
            return FieldType.NUMBER
    return FieldType.TEXT


def _label(name: str, title: str | None) -> str:
    """The title that the author gave, else the field's name in words; pydantic's own title is none of these."""
    made = name.replace("_", " ").title()
    return title if title and title != made else name.replace("_", " ").capitalize()


def _bound(given: Mapping[str, Any], name: str, exclusive: str, step: int) -> float | None:
    if name in given:
        return float(given[name])
    return float(given[exclusive]) + step if exclusive in given else None


def _is_secret(annotation: Any) -> bool:
    if isinstance(annotation, type):
        return issubclass(annotation, SecretStr | SecretBytes | Secret)
    return any(_is_secret(each) for each in _arguments(annotation))


def _arguments(annotation: Any) -> Iterator[Any]:
    origin = getattr(annotation, "__origin__", None)
    if isinstance(origin, type) and issubclass(origin, Secret):
        yield origin
    if not (isinstance(origin, type) and issubclass(origin, list | tuple | set | frozenset | dict)):
        yield from getattr(annotation, "__args__", ())


def _without(given: Schema, *names: str) -> Schema:
    return {name: value for name, value in given.items() if name not in names}


def _refuse_unless(fits: bool, name: str, problem: str) -> None:
    if not fits:
        raise ValueError(f"field {name} {problem}: use {KINDS_OF_FIELDS}")
