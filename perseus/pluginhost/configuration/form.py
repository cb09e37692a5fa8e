"""One pydantic model gives a plugin's whole configuration: form, check, variables, example, page of documentation.

The names by which the rest of Perseus asks for it. The web needs `fields_of` and `read_form` alone, with a schema that
the dispatcher has made.
"""

from perseus.pluginhost.configuration.checking import Raw, check, read_form, revealed
from perseus.pluginhost.configuration.formfield import FieldType, FormField, Schema, fields_of, schema_of, secrets_of
from perseus.pluginhost.configuration.variables import (
    Variable,
    example,
    from_environment,
    in_words,
    own,
    prefix,
    table,
    variables,
)

__all__ = [
    "FieldType",
    "FormField",
    "Raw",
    "Schema",
    "Variable",
    "check",
    "example",
    "fields_of",
    "from_environment",
    "in_words",
    "own",
    "prefix",
    "read_form",
    "revealed",
    "schema_of",
    "secrets_of",
    "table",
    "variables",
]
