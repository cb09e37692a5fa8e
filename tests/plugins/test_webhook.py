"""The bundled plugin `webhook`: the contract of every notifier, and what its receivers rely upon."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
import standardwebhooks
from pydantic import ValidationError

from perseus.notify.texts import samples
from perseus.plugins.webhook import signature
from perseus.plugins.webhook.notifier import Webhook, WebhookConfig
from perseus.testing.ground import Ground

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
FIELDS = {
    *("version", "type", "timestamp", "id", "kind", "severity", "title", "text", "exchange", "exchangeName"),
    *("fromState", "toState", "incident", "facts", "possibleRepeat", "drill", "replay", "events"),
}


class TestWebhook(Ground):
    plugin = "perseus.plugins.webhook"
    plants = (SECRET,)

    def config(self, url: str) -> Mapping[str, Any]:
        return {"url": url, "secret": SECRET}

    def test_the_library_of_the_standard_accepts_the_signature(self) -> None:
        self.sender().send(samples.notifications()[0])
        (request,) = self.service.posts
        judge = standardwebhooks.Webhook(SECRET)
        assert judge.verify(request.body, dict(request.headers))["id"] == request.headers["webhook-id"]

    def test_an_id_that_can_stand_in_no_header_is_told_by_its_digest(self) -> None:
        sender = self.sender()
        for _ in range(2):
            sender.rest()
            sender.send(replace(samples.notifications()[0], id="a.b\r\nX: ä"))
        first, again = self.service.posts
        assert first.headers["webhook-id"] == again.headers["webhook-id"]
        assert first.headers["webhook-id"].startswith("msg_")
        standardwebhooks.Webhook(SECRET).verify(first.body, dict(first.headers))

    def test_the_library_refuses_what_was_changed_on_the_way(self) -> None:
        self.sender().send(samples.notifications()[0])
        (request,) = self.service.posts
        with pytest.raises(standardwebhooks.WebhookVerificationError):
            standardwebhooks.Webhook(SECRET).verify(request.body + b" ", dict(request.headers))


def test_the_signature_is_that_of_the_standard() -> None:
    made = signature.headers(SECRET, "a-1", int(time.time()), b'{"a": 1}')
    assert standardwebhooks.Webhook(SECRET).verify(b'{"a": 1}', made) == {"a": 1}


def test_the_body_has_the_fields_that_its_page_names_and_no_others() -> None:
    for notification in samples.notifications():
        body = Webhook(WebhookConfig(url="https://example.org/")).payload([notification])  # type: ignore[arg-type]
        assert set(body) == FIELDS
        assert json.loads(json.dumps(body))["events"] == [
            {"name": event.name, "exchange": event.exchange.name, **event.fields} for event in notification.events
        ]


@pytest.mark.parametrize("url", ["", "ftp://example.org", "https://", "example.org/hook", "https://[::1"])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(ValidationError):
        WebhookConfig(url=url)  # type: ignore[arg-type]


@pytest.mark.parametrize("secret", ["whsec_", "whsec_c2hvcnQ=", "whsec_no base64!", "plain words"])
def test_what_is_no_key_is_refused(secret: str) -> None:
    with pytest.raises(ValueError, match="must"):
        signature.key_of(secret)
