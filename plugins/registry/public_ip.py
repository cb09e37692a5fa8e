"""Under which address the internet sees this host, by asking services that echo it."""

from __future__ import annotations

import ipaddress
import logging
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial

from perseus.errors import SettingError
from perseus.pluginhost.calling.deadline import call_within
from perseus.version import VERSION

log = logging.getLogger(__name__)

ANSWER_MAX_BYTES = 64

Fetch = Callable[[str, float], str]
Found = Callable[[str | None], object]


def check(services: Sequence[str]) -> None:
    """Raise SettingError for a service that is no web address."""
    for service in services:
        if not service.startswith(("https://", "http://")):
            raise SettingError(
                "PERSEUS_PUBLIC_IP_SERVICES", f"{service!r} is no web address", "Write https://..., comma separated."
            )


def fetch(url: str, seconds: float) -> str:
    """The body of a web page, cut at 64 bytes. Raises OSError; `seconds` bounds each wait, not the whole."""
    import http.client  # a heavy import for one request in the life of a process
    import urllib.error
    import urllib.request

    request = urllib.request.Request(url, headers={"User-Agent": f"perseus-network/{VERSION}"})
    try:
        with urllib.request.urlopen(request, timeout=seconds) as answer:
            body: bytes = answer.read(ANSWER_MAX_BYTES)
    except urllib.error.HTTPError as error:
        error.close()
        raise OSError(f"it answers {error.code}") from None
    except http.client.HTTPException as error:
        raise OSError(f"no sound answer: {error!r}") from None
    return body.decode("ascii", "replace")


class PublicIp:
    """Looks the address up once in the life of the process, however often it joins."""

    def __init__(self, fetch: Fetch = fetch) -> None:
        self.services: Sequence[str] = ()
        self._fetch = fetch
        self._lock = threading.Lock()
        self._is_known = False
        self._address: str | None = None

    def find(self, ask: Callable[[], str | None], found: Found) -> threading.Thread:
        """Have `ask()` answer on a thread of its own, and give `found` the address, None where nobody says it."""
        thread = threading.Thread(target=self._find, args=(ask, found), name="public-ip", daemon=True)
        thread.start()
        return thread

    def _find(self, ask: Callable[[], str | None], found: Found) -> None:
        with self._lock:
            if not self._is_known:
                self._address = ask()
                self._is_known = True
        found(self._address)

    def look_up(self, timeout: float) -> str | None:
        """The first valid answer of the services, None when there is none within `timeout` seconds in all.

        Each is given an equal share of what is left, so that one that hangs leaves time for the next.
        """
        end = time.monotonic() + timeout
        for asked, service in enumerate(self.services):
            share = max(0.0, end - time.monotonic()) / (len(self.services) - asked)
            try:
                text = call_within(share, "public-ip-service", partial(self._fetch, service, share))
                return str(ipaddress.ip_address(text.strip()))
            except (OSError, ValueError) as error:
                log.debug("%s did not say this host's public IP: %s", service, error)
        if self.services:
            log.info("public IP unknown: none of %d services answered", len(self.services))
        return None
