"""Where an exchange is reached, and which timeframes it is asked for: its row of the table `exchanges`."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from perseus.errors import EXIT_CONFIG, PerseusError


class NoEndpoint(PerseusError):
    """Raised when the row of an exchange lacks an address."""

    exit_code = EXIT_CONFIG

    def __init__(self, exchange: str, column: str) -> None:
        super().__init__(
            f"The row of {exchange} in the table exchanges has no {column}: nobody knows where it is. Set it there."
        )
        self.exchange = exchange
        self.column = column


class NoSimulator(PerseusError):
    """Raised for what cannot be the address of a simulator."""

    exit_code = EXIT_CONFIG

    def __init__(self, url: str) -> None:
        super().__init__(
            f"--simulator {url} is no address of a simulator. Give the one that `perseus simulate` prints, such as "
            "http://127.0.0.1:8787."
        )
        self.url = url


def simulator_at(url: str) -> str:
    """The same, where it can be asked. Raises NoSimulator."""
    try:
        parts = urlsplit(url)
        is_one = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number
        is_one = False
    if not is_one:
        raise NoSimulator(url)
    return url


@dataclass(frozen=True, slots=True)
class Endpoints:
    """`timeframes`: names of those that the row says are supported."""

    ws_url: str
    rest_url: str
    timeframes: tuple[str, ...]

    @classmethod
    def of(cls, exchange: str, ws_url: str | None, rest_url: str | None, timeframes: tuple[str, ...]) -> Endpoints:
        """What a row says. Raises NoEndpoint."""
        if not ws_url:
            raise NoEndpoint(exchange, "ws_url")
        if not rest_url:
            raise NoEndpoint(exchange, "rest_url")
        return cls(ws_url.rstrip("/"), rest_url.rstrip("/"), timeframes)

    @classmethod
    def simulated(cls, exchange: str, url: str, timeframes: tuple[str, ...]) -> Endpoints:
        """Those of `perseus simulate`, which serves all exchanges at `url`, each below its name."""
        rest_url = f"{url.rstrip('/')}/{exchange}"
        return cls(f"ws{rest_url.removeprefix('http')}", rest_url, timeframes)
