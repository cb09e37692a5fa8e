"""The hooks as data, for editors and other programs: `docs/hooks.json`."""

from __future__ import annotations

import inspect
import json
import re
from typing import Any

from perseus import hookspecs
from perseus.pluginhost.admission.candidate import HOOKS

FACT = re.compile(r"^(Called|Where|May block|May raise|Returns): (.*?)(?=^\w[\w ]*: |\Z)", re.MULTILINE | re.DOTALL)


def as_json() -> str:
    """The text of `docs/hooks.json`."""
    listed = {"api": "{}.{}".format(*hookspecs.API), "hooks": [_hook(name) for name in HOOKS]}
    return json.dumps(listed, indent=2) + "\n"


def _hook(name: str) -> dict[str, Any]:
    hook = getattr(hookspecs, name)
    summary, _, facts = (inspect.getdoc(hook) or "").partition("\n\n")
    signature = inspect.signature(hook)
    return {
        "name": name,
        "arguments": {argument: str(each.annotation) for argument, each in signature.parameters.items()},
        "returns": str(signature.return_annotation),
        "firstresult": bool(hook.perseus_spec["firstresult"]),
        "summary": _line(summary),
        **{
            found[1].lower().replace(" ", "_"): _line(found[2])
            for found in FACT.finditer(facts)
            if found[1] != "Returns"
        },
        "answer": next((_line(found[2]) for found in FACT.finditer(facts) if found[1] == "Returns"), ""),
    }


def _line(text: str) -> str:
    return " ".join(text.split())
