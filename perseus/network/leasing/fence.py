"""Fences: what takes a write only from the newest lease, however late an older one's write arrives.

Nothing can stand between `guard()` and an effect; a process that pauses right there acts late. Its fencing token,
given along with the write, is smaller than the successor's, and the receiver refuses it.

For SQL keep the token beside the row, in a column that no row lacks, and let each UPDATE ask for it::

    UPDATE positions SET amount = :amount, fence = :token WHERE id = :id AND fence <= :token

then `require_written(result.rowcount, token)`. Tokens fit a BIGINT.
"""

from __future__ import annotations

from typing import Any

from perseus import keys
from perseus.errors import PerseusError
from perseus.store import Client, Script


class WriteFenced(PerseusError):
    """Raised when a write came with an older fencing token than one that has been there. Nothing was written."""

    exit_code = 75

    def __init__(self, what: str, token: str, newest: str | None = None) -> None:
        by = f" by {newest}" if newest else ""
        super().__init__(
            f"{what} refuses fencing token {token}: a later lease has written{by}. This process must stop."
        )
        self.what = what
        self.token = token
        self.newest = newest


class RedisFence:
    """Guards single keys of a Redis. The newest token of `key` is in the hash `{key}:fence`, in its slot."""

    def __init__(self, client: Client) -> None:
        self._run = Script(client, "fenced", "perseus.network.leasing")

    def write(self, token: str, command: str, key: str, *arguments: str | int | float) -> Any:
        """Run `command key arguments...` and give its answer, as in `write(instance.token, "SET", "price", "1.5")`.

        `key` has no braces. Raises WriteFenced; errors of the store as `perseus.store.Script`.
        """
        answer, value = self._run((key, keys.fence(key)), (token, command, *arguments))
        if answer == "FENCED":
            raise WriteFenced(key, token, str(value))
        return value


def require_written(row_count: int, token: str) -> None:
    """Raise WriteFenced when a fenced UPDATE changed no row."""
    if row_count == 0:
        raise WriteFenced("The row", token)
