"""Does a server let in who names no user and no password? The user of Perseus may not ask for its rules: so knock."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

import redis

from perseus import keys
from perseus.doctor.node import Node
from perseus.store import at

NAME: Final = "perseus-doctor"
LOGIN: Final = re.compile(r"(?<=://)[^/?#]*@")


def served(url: str, nodes: Iterable[Node], timeout: float) -> tuple[str, ...]:
    """Those that answer a stranger about a key of ours. `timeout`: of each answer, in seconds. Never raises."""
    bare = LOGIN.sub("", url, count=1)
    return tuple(node.place for node in nodes if _answers(bare, node.place, timeout))


def _answers(bare: str, place: str, timeout: float) -> bool:
    host, _, port = place.rpartition(":")
    with at(bare, (host, int(port)), timeout=timeout, name=NAME) as client:
        try:
            client.exists(keys.INITIALISED)
        except redis.exceptions.MovedError:
            return True
        except redis.RedisError:
            return False
    return True
