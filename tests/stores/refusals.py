"""One try to reach a store, and what is said of it."""

from __future__ import annotations

import pytest

from perseus import keys
from perseus.errors import PerseusError
from perseus.store import answers, connect


def refused(url: str, kind: type[PerseusError], said: str, timeout: float = 2) -> PerseusError:
    """The error of a first command, which is of that kind and whose text matches."""
    client = connect(url, timeout=timeout, name="t")
    with client, pytest.raises(kind, match=said) as caught, answers(client):
        client.exists(keys.INITIALISED)
    return caught.value
