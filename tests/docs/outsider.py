"""The participant of docs/redis-protocol.md, made from that page alone: its Lua, its Python, nothing of Perseus."""

from __future__ import annotations

import builtins
from typing import Any

from tests.docs import pages

SCRIPTS = {
    "acquire": "### 6.1 acquire",
    "renew": "### 6.2 renew",
    "release": "### 6.3 release",
    "append": "### 6.4 append",
    "revoke": "### 6.5 revoke",
}
TIMES = {"HEARTBEAT": 0.4, "TTL": 1.6, "MARGIN": 0.5, "RETRY": 0.1}


def lua() -> dict[str, str]:
    """The five scripts as the page gives them."""
    page = pages.read("redis-protocol.md")
    return {name: pages.blocks(pages.section(page, heading), "lua")[0] for name, heading in SCRIPTS.items()}


class Outsider:
    """The page's program, run block by block; `names` is its namespace. Its times are shortened, its URL is given."""

    def __init__(self, url: str) -> None:
        page = pages.section(pages.read("redis-protocol.md"), "## 13. A whole participant")
        constants, program, self.life, self.end = pages.blocks(page, "python")
        self.names: dict[str, Any] = {"__builtins__": {**vars(builtins), "__import__": _import}, "LUA": lua()}
        self.run(constants)
        self.names |= TIMES | {"URL": url}
        self.run(program)

    def run(self, block: str) -> None:
        """Execute one block of the page."""
        exec(compile(block, "redis-protocol.md", "exec"), self.names)

    def __getattr__(self, name: str) -> Any:
        return self.names[name]

    def close(self) -> None:
        self.names["store"].close()


def _import(name: str, *rest: Any) -> Any:
    if name.partition(".")[0] == "perseus":
        raise ImportError("the page must do without Perseus")
    return builtins.__import__(name, *rest)
