"""Forms of a schema: what was given, what is wrong with it, and never the value of a secret."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import SecretStr

from perseus.pluginhost.configuration.form import FieldType, FormField, fields_of
from perseus.web import words

LONG = "long"
FORGET = "forget-"


@dataclass(frozen=True, slots=True)
class Choice:
    """One choice of a select."""

    value: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Field:
    """One field as the template draws it. `type`: of FieldType, or `long` for text of several lines.

    `value`: text; of a secret always ''. `is_kept`: a secret that is stored. `step`: of a number. `error`: '' for none.
    """

    name: str
    label: str
    type: str
    help: str
    is_required: bool
    value: str
    is_on: bool
    choices: tuple[Choice, ...]
    minimum: str
    maximum: str
    step: str
    is_kept: bool
    error: str


def fields(
    schema: Mapping[str, Any], given: Mapping[str, Any], errors: Mapping[str, str], long: Collection[str] = ()
) -> tuple[Field, ...]:
    """The fields of a schema, filled with `given`, else with what holds by default. `long`: names of long texts."""
    return tuple(_field(field, given, errors.get(field.name, ""), field.name in long) for field in fields_of(schema))


def general(schema: Mapping[str, Any], errors: Mapping[str, str]) -> tuple[str, ...]:
    """What is wrong with the whole, or with something that is no field of this form."""
    known = {field.name for field in fields_of(schema)}
    return tuple(f"{name}: {text}" if name else text for name, text in errors.items() if name not in known)


def _field(field: FormField, given: Mapping[str, Any], error: str, is_long: bool) -> Field:
    is_secret = field.type is FieldType.SECRET
    value = given.get(field.name, field.default)
    if isinstance(value, SecretStr):
        value = None
    return Field(
        name=field.name,
        label=words.plain(field.label, 100),
        type=LONG if is_long else field.type.value,
        help=words.plain(field.help, 600),
        is_required=field.required,
        value="" if is_secret else _text(value),
        is_on=value is True,
        choices=tuple(Choice(str(one), one == value) for one in field.choices) if not is_secret else (),
        minimum=_bound(field.minimum),
        maximum=_bound(field.maximum),
        step="1" if field.is_whole else "any",
        is_kept=is_secret and field.name in given,
        error=words.plain(error, 500),
    )


def _text(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return ""
    if isinstance(value, list | tuple):
        return "\n".join(_text(one) for one in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _bound(value: float | None) -> str:
    return "" if value is None else f"{value:g}"
