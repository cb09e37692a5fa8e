"""Secrets are planted wherever a destination takes them; then everything that anybody could read is searched."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast
from urllib.error import HTTPError

import pytest

from perseus.store import Client
from tests.commands.running import Command, Site, eventually
from tests.endtoend.conftest import held
from tests.endtoend.receiver import Receiver

PAGES = (
    "/plugins",
    "/plugins/destinations/webhook",
    "/plugins/destinations/discord",
    "/plugins/destinations/slack",
    "/plugins/destinations/email",
    "/alerts",
    "/network",
    "/api/plugins",
    "/api/destinations",
    "/api/destinations/webhook",
    "/api/destinations/webhook/history",
    "/api/destinations/discord/history",
)
WEBHOOK_TOKEN = "pl4nted-webhook-path"
WEBHOOK_SECRET = "whsec_cGw0bnRlZC13ZWJob29rLXNpZ25pbmcta2V5"
DISCORD_TOKEN = "pl4nted-discord-token_in-the-url"
SLACK_TOKEN = "pl4ntedSlackTokenInTheUrl"
MAIL_PASSWORD = "pl4nted mail 'pass\"word"
SECRETS = (WEBHOOK_TOKEN, WEBHOOK_SECRET, DISCORD_TOKEN, SLACK_TOKEN, MAIL_PASSWORD, "pl4nted")


@pytest.fixture
def planted(site: Site, receiver: Receiver, tmp_path: Path) -> Site:
    """Every bundled destination that takes a secret, one of them from a file; all write debug lines."""
    (tmp_path / "discord").write_text(f"{receiver.url}/api/webhooks/1/{DISCORD_TOKEN}\n")
    site.settings |= {
        "PERSEUS_LOG_LEVEL": "debug",
        "PERSEUS_PLUGIN_WEBHOOK_URL": f"{receiver.url}/{WEBHOOK_TOKEN}",
        "PERSEUS_PLUGIN_WEBHOOK_SECRET": WEBHOOK_SECRET,
        "PERSEUS_PLUGIN_DISCORD_URL_FILE": str(tmp_path / "discord"),
        "PERSEUS_PLUGIN_SLACK_URL": f"{receiver.url}/services/T0/B0/{SLACK_TOKEN}",
        "PERSEUS_PLUGIN_CARELESS": "on",
        "PERSEUS_PLUGIN_EMAIL_HOST": "127.0.0.1",
        "PERSEUS_PLUGIN_EMAIL_PORT": "9",
        "PERSEUS_PLUGIN_EMAIL_SENDER": "perseus@example.org",
        "PERSEUS_PLUGIN_EMAIL_RECIPIENTS": "ada@example.org",
        "PERSEUS_PLUGIN_EMAIL_USER": "perseus",
        "PERSEUS_PLUGIN_EMAIL_PASSWORD": MAIL_PASSWORD,
    }
    return site


@pytest.mark.parametrize("status", [200, 400, 404, 500])
def test_no_secret_is_in_a_log_a_page_an_answer_the_store_or_the_database(
    planted: Site,
    status: int,
    receiver: Receiver,
    write_event: Callable[[int], str],
    store_client: Client,
    plugin: Callable[[str, str], None],
) -> None:
    """The services give back what they were sent, headers and all, as some do when they complain."""
    receiver.status, receiver.echo = status, True
    plugin("careless", CARELESS)
    with planted.start("dispatch") as dispatch, planted.start("web") as web:
        held(store_client, "webhook", "discord", "slack", "email")
        write_event(0)
        eventually(lambda: {request.path.strip("/").split("/")[0] for request in receiver.requests} >= NAMED)
        eventually(lambda: all(_attempts(store_client, name) for name in ("webhook", "discord", "slack", "email")))
        readable = dict(_readable(planted, dispatch, web, store_client))
    for where, text in readable.items():
        for secret in SECRETS:
            assert secret not in text, f"{secret} stands in {where}"
    assert len(readable["log of dispatch"]) > 100


NAMED = {WEBHOOK_TOKEN, "api", "services"}
CARELESS = """\
@hookimpl
def perseus_notify(event, context):
    raise RuntimeError("pl4nted " + repr(context) + str(vars(context) if hasattr(context, "__dict__") else ""))
""".replace("pl4nted ", "")


def _attempts(client: Client, destination: str) -> bool:
    entries = cast("list[tuple[str, dict[str, str]]]", client.xrange(f"{{perseus:dest:{destination}}}:history"))
    return any(fields.get("what") == "attempt" for _, fields in entries)


def _readable(site: Site, dispatch: Command, web: Command, client: Client) -> Iterator[tuple[str, str]]:
    for page in PAGES:
        yield page, eventually(lambda page=page: _page(site, page))
    yield "log of dispatch", dispatch.said
    yield "log of web", web.said
    for key in client.scan_iter(count=1000):
        yield f"key {key}", str(_value(client, key))
    for path in site.home.rglob("*"):
        if path.is_file() and path.name != "secret.key":
            yield str(path), path.read_bytes().decode("latin-1")


def _page(site: Site, path: str) -> str:
    try:
        with site.open(path) as answer:
            return str(answer.read().decode())
    except HTTPError as error:
        return f"{error.code} {error.read().decode()}"
    except OSError:
        return ""


def _value(client: Client, key: str) -> Any:
    read: dict[str, Callable[[], Any]] = {
        "string": lambda: client.get(key),
        "hash": lambda: client.hgetall(key),
        "list": lambda: client.lrange(key, 0, -1),
        "stream": lambda: client.xrange(key),
    }
    return read[str(client.type(key))]()
