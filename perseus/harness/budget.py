"""The weight of a trial: asked of the budget that all processes share, or only looked up there."""

from __future__ import annotations

from typing import Protocol

from perseus.errors import PerseusError, StoreUnavailable
from perseus.exchanges.budget.ledger import Ledger, Priority
from perseus.exchanges.dialect import Dialect
from perseus.exchanges.wire.request import ON_SOCKETS
from perseus.exchanges.wire.transport import Answer


class Frozen(PerseusError):
    """Raised when the exchange has told all processes at this address to wait."""

    def __init__(self, seconds: float, why: str) -> None:
        super().__init__(f"All requests wait for {seconds:.0f} s more ({why}). Try again then.")


class Budget(Protocol):
    """Asked before anything is sent."""

    says: str

    async def request(self, weight: int) -> None:
        """Return when a request of this weight may be sent. Raises Frozen, and the store's errors."""

    async def connect(self) -> None:
        """The same for a WebSocket."""

    async def answered(self, answer: Answer) -> None:
        """What the exchange said about its limits. Raises the store's errors."""

    async def freeze(self, until_ms: int, why: str) -> str:
        """No process sends until then (exchange time); gives '', or why nobody was told. Raises the store's errors."""

    async def now_ms(self) -> int | None:
        """Exchange time by the book; None where there is none. Raises the store's errors."""


class Unknown:
    """Where no store can be asked: the trial weighs little, and nobody else may be at work here."""

    def __init__(self, why: str) -> None:
        self.says = why

    async def request(self, weight: int) -> None:
        return

    async def connect(self) -> None:
        return

    async def answered(self, answer: Answer) -> None:
        return

    async def freeze(self, until_ms: int, why: str) -> str:
        return self.says

    async def now_ms(self) -> int | None:
        return None


class _Shared:
    """What has a book: a penalty is written there, charged or not, for a second one is a ban."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    async def freeze(self, until_ms: int, why: str) -> str:
        await self._ledger.freeze(until_ms, why)
        return ""

    async def now_ms(self) -> int | None:
        return (await self._ledger.state()).now_ms


class LookedUp(_Shared):
    """Charges nothing: sends nothing while all are to wait, or where a limit is used up."""

    says = "the shared budget was looked up, not charged: --write charges it"

    async def request(self, weight: int) -> None:
        state = await self._ledger.state()
        if state.frozen_until_ms is not None:
            raise Frozen((state.frozen_until_ms - state.now_ms) / 1000, state.why)
        for usage in state.usages:
            if usage.limit.kind not in ON_SOCKETS and usage.used + weight > usage.cap:
                left = usage.limit.interval_ms / 1000
                raise Frozen(left, f"{usage.used} of {usage.cap} {usage.limit.kind} in {left:g} s are used")

    async def connect(self) -> None:
        await self.request(0)

    async def answered(self, answer: Answer) -> None:
        return


class Charged(_Shared):
    """Charges it, as ingest processes do."""

    says = "charged to the shared budget"

    def __init__(self, ledger: Ledger, dialect: Dialect) -> None:
        super().__init__(ledger)
        self._dialect = dialect

    async def request(self, weight: int) -> None:
        await self._ledger.reserve(weight, Priority.ADMIN)

    async def connect(self) -> None:
        await self._ledger.reserve_connect(Priority.ADMIN)

    async def answered(self, answer: Answer) -> None:
        for spent in self._dialect.spent(answer.headers):
            await self._ledger.correct(spent.used, spent.interval_ms, spent.kind)


def why_silent(error: PerseusError) -> str:
    """That the store could not be asked, in short."""
    why = f"the store at {error.where} is silent" if isinstance(error, StoreUnavailable) else "no store is set"
    return f"{why}, so nobody knows what other processes have used"
