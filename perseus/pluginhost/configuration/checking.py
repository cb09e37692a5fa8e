"""What people gave as configuration, read by the fields of its form and checked by its model.

Raw configuration maps names of fields to plain values; those of secrets are SecretStr wherever this module makes them.
"""

from __future__ import annotations

import difflib
import logging
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, SecretBytes, SecretStr, ValidationError

from perseus.pluginhost.calling.boundary import contained, said
from perseus.pluginhost.calling.scrub import Scrubber
from perseus.pluginhost.configuration.formfield import FieldType, FormField, fields_of, secrets_of

log = logging.getLogger(__name__)

Raw = dict[str, Any]

SWITCH = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}

#: What is told in words of our own; for the rest pydantic's are good enough.
WORDS = {
    "missing": "is missing",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_parsing": "must be a number",
    "finite_number": "must be a number",
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
}


def read_form(schema: Mapping[str, Any], values: Mapping[str, str | Sequence[str]]) -> Raw:
    """Raw configuration of what a browser sent: by field name, its value or values. Other names are left alone.

    Empty means 'as by default'; so an empty secret is not in the result, and whoever stores it keeps the one he has. A
    list whose default is not empty can be emptied. What is no number stays text: `check` then says so.
    """
    raw: Raw = {}
    for field in fields_of(schema):
        given = values.get(field.name, ())
        parts = [given] if isinstance(given, str) else list(given)
        if field.type is FieldType.LIST:
            _put_list(raw, field, [line.strip() for part in parts for line in part.splitlines()])
        elif field.type is FieldType.CHECKBOX:
            raw[field.name] = bool(parts)
        elif parts and parts[-1].strip():
            raw[field.name] = value_of(field, parts[-1])
    return raw


def _put_list(raw: Raw, field: FormField, lines: Sequence[str]) -> None:
    entries = [_entry(field, line) for line in lines if line]
    if entries or field.default:
        raw[field.name] = entries


def value_of(field: FormField, text: str) -> Any:
    """What the text in one field, or one variable, stands for."""
    if field.type is FieldType.SECRET:
        return SecretStr(text)
    if field.type is FieldType.LIST:
        return [_entry(field, part.strip()) for part in text.split(",") if part.strip()]
    return _entry(field, text.strip())


def _entry(field: FormField, text: str) -> Any:
    if field.choices:
        return next((choice for choice in field.choices if str(choice) == text), text)
    if field.type is FieldType.CHECKBOX:
        return SWITCH.get(text.lower(), text)
    if field.is_whole and re.fullmatch(r"[+-]?[0-9]{1,18}", text):
        return int(text)
    if (
        field.type is FieldType.NUMBER
        and not field.is_whole
        and re.fullmatch(r"[+-]?[0-9]{1,300}(\.[0-9]{1,30})?", text)
    ):
        return float(text)
    return text


def check(model: type[BaseModel], raw: Mapping[str, Any]) -> tuple[BaseModel | None, dict[str, str]]:
    """An instance of the model, or what is wrong, by field: 'must be a whole number'. The key '' is for the whole.

    A name that the model does not have is an error whatever the model says. No text holds the value of a secret.
    """
    plain = {name: _revealed(value) for name, value in raw.items()}
    unknown = {name: f"is no field{_near(name, model)}" for name in plain if name not in model.model_fields}
    try:
        with contained():
            made = model.model_validate(
                {name: value for name, value in plain.items() if name not in unknown}, by_alias=False, by_name=True
            )
    except ValidationError as error:
        problems = {**unknown, **_problems(error)}
    except Exception as error:  # noqa: BLE001 - a check of the author's own; what it says may be a secret
        kind = said(error).partition(":")[0]
        log.error("The check of %s raised %s, which is neither ValueError nor AssertionError.", model.__name__, kind)
        problems = {**unknown, "": f"its own check failed with {kind}"}
    else:
        problems = {**unknown, **{name: WORDS["finite_number"] for name, value in made if _is_infinite(value)}}
        if not problems:
            return made, {}
    return None, _without_secrets(problems, model, plain)


def revealed(raw: Mapping[str, Any], model: type[BaseModel]) -> frozenset[str]:
    """The secrets in raw configuration as they are, for scrubbing."""
    return frozenset(str(_revealed(raw[name])) for name in secrets_of(model) if raw.get(name))


def _problems(error: ValidationError) -> dict[str, str]:
    problems: dict[str, str] = {}
    for each in error.errors(include_url=False, include_input=False, include_context=False):
        name, *inner = [*each["loc"], ""][:2]
        place = f"entry {inner[0] + 1} " if inner and isinstance(inner[0], int) else ""
        problems.setdefault(str(name), f"{place}{_words(each['type'], each['msg'])}")
    return problems


def _words(kind: str, message: str) -> str:
    if kind in ("value_error", "assertion_error"):
        return message.partition(", ")[2] or message
    return WORDS.get(kind) or re.sub(r"^[A-Z][A-Za-z ]*? should ", "must ", message)


def _without_secrets(problems: Mapping[str, str], model: type[BaseModel], plain: Mapping[str, Any]) -> dict[str, str]:
    known = Scrubber(is_quiet=True)
    known.register(str(plain[name]) for name in secrets_of(model) if plain.get(name))
    return {name: known.scrub(text) for name, text in problems.items()}


def _revealed(value: Any) -> Any:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return value.get_secret_value().decode() if isinstance(value, SecretBytes) else value


def _is_infinite(value: object) -> bool:
    return isinstance(value, float) and not math.isfinite(value)


def _near(name: str, model: type[BaseModel]) -> str:
    near = difflib.get_close_matches(name, model.model_fields, 1)
    return f". Did you mean {near[0]}?" if near else f": there are {', '.join(model.model_fields) or 'none'}"
