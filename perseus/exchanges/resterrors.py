"""What can come of a request to an exchange, other than its answer."""

from __future__ import annotations

import re
from typing import NamedTuple

from perseus.errors import PerseusError

NO_SYMBOL_CODE = -1121
NO_PRODUCT = re.compile(r"\bproduct_?id\b", re.IGNORECASE)
"""How Binance, and how Coinbase say that there is no such symbol."""


class RestError(PerseusError):
    """Root of these. `path`: what was asked for."""

    def __init__(self, exchange: str, path: str, text: str) -> None:
        super().__init__(text)
        self.exchange = exchange
        self.path = path


class RequestRefused(RestError):
    """Raised when the exchange says that the request is wrong: asked again at once, it would be wrong again."""

    def __init__(self, exchange: str, path: str, status: int, code: int | None, said: str) -> None:
        number = f"HTTP {status}" if code is None else f"HTTP {status}, code {code}"
        super().__init__(exchange, path, f"{exchange} refuses {path}: {said} ({number}).")
        self.status = status
        self.code = code
        self.said = said

    @property
    def is_of_symbol(self) -> bool:
        """Does it say that there is no such symbol?"""
        return self.code == NO_SYMBOL_CODE or (self.status in (400, 404) and NO_PRODUCT.search(self.said) is not None)


class RateLimited(RestError):
    """Raised when the exchange says that this address asks too much. Nobody sends until `until_ms`, exchange time.

    `is_news`: the first of a process that says so; what was under way meanwhile is refused as well.
    """

    def __init__(
        self, exchange: str, path: str, status: int, wait_ms: int, until_ms: int, said: str, is_news: bool = True
    ) -> None:
        super().__init__(
            exchange,
            path,
            f"{exchange} takes no more requests from this address for {max(1, -(-wait_ms // 1000))} s: "
            f"{said} (HTTP {status}). All processes wait.",
        )
        self.status = status
        self.until_ms = until_ms
        self.said = said
        self.is_news = is_news


class Unheard(NamedTuple):
    """A request that was not answered in time. `sent`, `before`: loop time (s) of it, and of the last answer before."""

    sent: float
    before: float


class NoAnswer(RestError):
    """Raised when no usable answer came, however often it was asked: `attempts` times. `last`: why not.

    `unheard`: the last request, where nothing at all came for it in time; None: something did.
    """

    def __init__(self, exchange: str, path: str, attempts: int, last: str, unheard: Unheard | None = None) -> None:
        times = "once" if attempts == 1 else f"{attempts} times"
        super().__init__(exchange, path, f"{exchange} gave no usable answer to {path}, asked {times}: {last}")
        self.attempts = attempts
        self.last = last
        self.unheard = unheard

    @property
    def is_brief(self) -> bool:
        """Was it asked but once, and nothing came in time?"""
        return self.unheard is not None and self.attempts == 1
