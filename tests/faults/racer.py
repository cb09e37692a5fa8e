"""One of two long-lived processes that race for the same exchange: it is told a moment and claims at that moment."""

from __future__ import annotations

import sys
import time

from perseus.network.leasing.claims import Granted, RedisClaims
from perseus.settings import Settings
from perseus.store import connect


def say(line: object) -> None:
    """Answer the test."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    settings = Settings.from_environment()
    assert settings.redis_url is not None
    own = sys.argv[1]
    body = f'{{"instanceId":"{own}"}}'
    with connect(settings.redis_url.get_secret_value(), timeout=2, name=own) as client:
        claims = RedisClaims(client, 4, settings.ttl_seconds, 0)
        client.ping()
        say("ready")
        for line in sys.stdin:
            verb, argument = line.split()
            if verb == "claim":
                while time.monotonic() < float(argument):
                    pass
                answer = claims.acquire(own, own, None, body)
                say(answer.token if isinstance(answer, Granted) else "lost")
            else:
                say(claims.release(own, own, argument, "round over", body))


if __name__ == "__main__":
    main()
