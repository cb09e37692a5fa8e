"""The data store: how Perseus connects to Redis, runs its scripts, and what it makes of silence.

One server, a Redis Cluster, or what a Redis Sentinel watches: `Client` is all three, and hardly anything else needs
to know which.
"""

from perseus.store.answers import answers, is_no_answer, wait_until_up
from perseus.store.client import Client, at, connect, is_cluster, milliseconds, now_ms, where, where_url
from perseus.store.script import Script

__all__ = [
    "Client",
    "Script",
    "answers",
    "at",
    "connect",
    "is_cluster",
    "is_no_answer",
    "milliseconds",
    "now_ms",
    "wait_until_up",
    "where",
    "where_url",
]
