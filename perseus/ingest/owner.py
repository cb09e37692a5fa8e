"""What the owner of an ingest process calls: `perseus.join` and `perseus.run`."""

from __future__ import annotations

import atexit
import logging
import time

from perseus import logs
from perseus.errors import PerseusError
from perseus.ingest.feed import FeedMaker
from perseus.ingest.membership import Membership, find_exchange
from perseus.network.instance import Instance
from perseus.settings import Settings

log = logging.getLogger(__name__)


def join(name: str) -> Instance:
    """Claim the exchange `name` and give the instance that holds it, idle and valid. Use it as a context manager.

    Reads the settings from the environment. Waits for a store that is down, and for an exchange that was not
    released. Raises UnknownExchange, SettingError, LeaseRefused (another instance holds it; the error names it),
    NotOnNetwork (no plugin joins), StoreUnavailable, StoreRefused.
    """
    settings = Settings.from_environment()
    exchange = find_exchange(name, settings)
    membership = Membership(settings)

    def close() -> None:
        atexit.unregister(close)
        membership.close(settings.stop_seconds)

    atexit.register(close)  # before the claim: what is registered later is called earlier
    try:
        instance = membership.claim(exchange, time.sleep)
    except BaseException:
        close()
        raise
    instance.when_ended(close)
    return _valid(instance)


def _valid(instance: Instance) -> Instance:
    """After a loss of the whole store the claim counts only once no earlier holder can be at work."""
    try:
        instance.wait_valid()
    except BaseException:
        instance.stop()
        raise
    return instance


def run(name: str, make_feed: FeedMaker) -> int:
    """Serve the exchange `name` with the feed that `make_feed(instance)` gives, until SIGTERM or SIGINT.

    Call it from the main thread. Gives the exit code for `sys.exit`: 0 stopped, 69 held by another, 75 lease lost,
    78 unknown exchange or bad setting, 1 anything else; the reason is on the log.
    """
    from perseus.ingest import process  # the command's side, with its feeds: not needed to join

    try:
        settings = Settings.from_environment()
        logs.configure(settings.log_level)
        return process.serve(find_exchange(name, settings), settings, make_feed)
    except PerseusError as error:
        log.error("%s", error)
        return error.exit_code
