"""docs/hooks.json: the hooks for editors, whole and as the code has them."""

from __future__ import annotations

import json

from perseus.kit import hooklist
from perseus.pluginhost.admission.candidate import HOOKS
from tests.docs import pages


def test_the_list_of_hooks_is_as_the_code_has_them() -> None:
    assert pages.read("hooks.json") == hooklist.as_json()


def test_every_hook_is_listed_with_its_arguments_and_its_contract() -> None:
    listed = {hook["name"]: hook for hook in json.loads(hooklist.as_json())["hooks"]}
    assert {name: tuple(hook["arguments"]) for name, hook in listed.items()} == dict(HOOKS)
    for hook in listed.values():
        assert all(hook[fact] for fact in ("summary", "called", "where", "may_block", "may_raise", "answer"))
