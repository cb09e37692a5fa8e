"""A poll of `/network/live` against the bare pipeline of exactly the same reads."""

from __future__ import annotations

from collections.abc import Sequence

from flask.testing import FlaskClient

from bench import store
from bench.figures import Figure
from bench.members import CLOCK, Network
from bench.rounds import Call, compare
from perseus import keys
from perseus.db.known import KnownExchanges
from perseus.network.exchange import Exchange
from perseus.network.view.directory import Directory
from perseus.network.view.reading import LAST_FIELDS
from perseus.network.view.shared import SharedDirectory
from perseus.store import Client
from perseus.store.refusal import attempts
from perseus.web.app import app
from perseus.web.feed.newest import PAGE_EVENTS
from perseus.web.network import held
from perseus.web.site import Site
from tests.web.signedin import access_of, signing_in

EXCHANGES = 50
ROUNDS = 40
HEADERS = {"HX-Request": "true"}
POLLS_COUNTED = 10


def measure(url: str) -> list[Figure]:
    """50 exchanges and 50 events on the page: a young network with 50 events in all, and one whose logs are longer."""
    with store.client_of(url) as client:
        young = _young(url, client)
        return [*young, *_aged(client)]


def _young(url: str, client: Client) -> list[Figure]:
    network = Network(client, EXCHANGES, 1)
    polls = Polls(client, network)
    _check_same_reads(url, polls)
    still = compare(polls.calls, ROUNDS)
    network.beat_all()
    moving = compare(polls.calls, ROUNDS, between=network.beat_some)
    return [
        still.figure("poll, 50 events in all, to the bare pipeline", "poll", "bare", 2),
        still.figure("  of it read and judged", "view", "bare"),
        moving.figure("  with a third of the heartbeats between polls", "poll", "bare"),
        Figure("round trips a poll", round_trips(url, network), 1, ""),
    ]


def _aged(client: Client) -> list[Figure]:
    network = Network(client, EXCHANGES, PAGE_EVENTS + 10)
    moving = compare(Polls(client, network).calls, ROUNDS, between=network.beat_some)
    return [
        moving.figure("poll, logs longer than the page, a third renewed", "poll", "bare", 2),
        moving.figure("  of it read and judged", "view", "bare"),
    ]


class Polls:
    """The three things compared, on one client: the page's part read anew each time, its view, and the bare reads."""

    def __init__(self, client: Client, network: Network) -> None:
        self.directory = Directory(client, lambda: network.exchanges, CLOCK)
        self._client = client
        self._exchanges = network.exchanges
        self._holds = ""
        self._browser = browser(self.directory, network.exchanges)
        self.calls: dict[str, Call] = {"bare": self.bare, "view": self.directory.view, "poll": self.poll}

    def poll(self) -> None:
        """As a browser does, which says what it holds."""
        answer = self._browser.get("/network/live", headers={**HEADERS, held.HEADER: self._holds})
        assert answer.status_code == 200, answer.status
        self._holds = answer.headers[held.HEADER]

    def bare(self) -> None:
        pipeline = self._client.pipeline(transaction=False)
        pipeline.time()
        pipeline.info("server")
        for attempt in attempts(keys.INITIALISED):
            pipeline.execute_command(*attempt)
        pipeline.get(keys.INITIALISED)
        pipeline.hgetall(keys.HOSTS)
        for exchange in self._exchanges:
            pipeline.get(keys.status(exchange.id))
            pipeline.pttl(keys.status(exchange.id))
            pipeline.hmget(keys.last_record(exchange.id), LAST_FIELDS)
            pipeline.xrevrange(keys.activity(exchange.name), count=PAGE_EVENTS + 1)
            pipeline.hget(keys.activity_meta(exchange.name), "cut_before_ms")
        pipeline.execute()


def browser(directory: Directory, exchanges: Sequence[Exchange], shared: SharedDirectory | None = None) -> FlaskClient:
    """A client of the app that shows `directory`, read anew for each poll unless a `shared` one is given."""
    known = KnownExchanges(lambda: tuple(exchanges), CLOCK)
    return signing_in(app(Site(shared or directory, directory, known, access=access_of()))).test_client()


def _check_same_reads(url: str, polls: Polls) -> None:
    bare, poll = store.commands_seen(url, polls.bare), store.commands_seen(url, polls.poll)
    if bare != poll:
        raise RuntimeError("The page reads other things than Polls.bare in bench/poll.py: bring that up to date first.")


def round_trips(url: str, network: Network) -> float:
    """Packets sent to the store for one poll, to all nodes of a Cluster together."""
    with store.client_of(url, "counted") as client:
        polls = Polls(client, network)
        polls.poll()
        with store.packets() as packets:
            for _ in range(POLLS_COUNTED):
                polls.poll()
        return packets.sent / POLLS_COUNTED
