"""The bundled notifiers hold the contract; their grades are those that stand beside them."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from email.message import EmailMessage
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlsplit

import pytest

from perseus.pluginhost.admission import discovery, grade
from perseus.pluginhost.admission.grade import Tier
from perseus.pluginhost.admission.groups import NOTIFIERS
from perseus.testing import NotifierContract
from tests.plugins import mailserver

KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

#: Plugin -> the tier that it has to keep.
TIERS = {"discord": Tier.GOLD, "email": Tier.GOLD, "log": Tier.GOLD, "slack": Tier.GOLD, "webhook": Tier.GOLD}


class TestDiscord(NotifierContract):
    plugin = "perseus.plugins.discord"

    def config(self, url: str) -> Mapping[str, Any]:
        parts = urlsplit(url)
        return {"url": f"{parts.scheme}://{parts.netloc}/api/webhooks/4711{parts.path}"}

    def told(self) -> str:
        return super().told().replace("\\", "")

    def check_message(self, message: Any) -> None:
        embeds = message["embeds"]
        texts = [text for embed in embeds for text in self._texts(embed)]
        assert len(embeds) <= 10
        assert sum(len(text) for text in texts) <= 6_000
        assert message["allowed_mentions"] == {"parse": []}

    def _texts(self, embed: Any) -> Sequence[str]:
        fields = [text for field in embed["fields"] for text in (field["name"], field["value"])]
        return [embed["title"], embed.get("description", ""), embed["footer"]["text"], *fields]


class TestEmail(NotifierContract):
    plugin = "perseus.plugins.email"
    speaks_http = False
    plants = (mailserver.PASSWORD,)
    exempt: ClassVar[Mapping[str, str]] = {"update": "a mail that is sent cannot be changed"}

    @pytest.fixture(autouse=True)
    def _server(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        monkeypatch.setenv("SSL_CERT_FILE", str(mailserver.certificate(tmp_path)))
        self._read: list[Any] = []
        with mailserver.serving(tmp_path) as self.inbox:
            yield

    def config(self, url: str) -> Mapping[str, Any]:
        port = urlsplit(url).port
        return {
            "host": mailserver.HOST,
            "port": self.inbox.port if port == urlsplit(self.service.url).port else port,
            "sender": "perseus@example.org",
            "recipients": ["ada@example.org"],
            "user": mailserver.USER,
            "password": mailserver.PASSWORD,
        }

    def sent(self) -> Sequence[Any]:
        for mail, recipients in list(zip(self.inbox.mails, self.inbox.recipients, strict=True))[len(self._read) :]:
            bodies = {"text": self._body(mail, "plain"), "html": self._body(mail, "html")}
            self._read.append({"to": recipients, "subject": mail["Subject"], **bodies})
        return self._read

    def told(self) -> str:
        return "\n".join([*map(str, self.sent()[-1].values()), self.inbox.mails[-1].as_string()])

    def _body(self, mail: EmailMessage, kind: str) -> str:
        part = mail.get_body((kind,))
        assert part is not None
        return str(part.get_content()).replace("\r\n", "\n")


class TestLog(NotifierContract):
    plugin = "perseus.plugins.log"
    speaks_http = False
    exempt: ClassVar[Mapping[str, str]] = {
        "deadline": "a file of this machine does not keep anybody waiting",
        "failure": "a file of this machine is there or is to be mended",
        "batch": "each notification is a line of its own",
        "update": "a line that is written stays as it is",
    }

    @pytest.fixture(autouse=True)
    def _file(self, tmp_path: Path) -> None:
        self.file = tmp_path / "notifications.jsonl"

    def config(self, url: str) -> Mapping[str, Any]:
        return {"path": str(self.file)}

    def sent(self) -> Sequence[Any]:
        lines = self.file.read_text("utf-8").split("\n")[:-1] if self.file.exists() else []
        return [[json.loads(line)] for line in lines]

    def told(self) -> str:
        return json.dumps(self.sent()[-1], ensure_ascii=False)


class TestSlack(NotifierContract):
    plugin = "perseus.plugins.slack"
    exempt: ClassVar[Mapping[str, str]] = {
        "update": "an incoming webhook gives its message no name to change it by",
        "probe": "an incoming webhook answers to nothing but a message",
    }

    def config(self, url: str) -> Mapping[str, Any]:
        parts = urlsplit(url)
        return {"url": f"{parts.scheme}://{parts.netloc}/services/T1/B1{parts.path}"}

    def check_message(self, message: Any) -> None:
        assert sum(len(part["blocks"]) for part in message["attachments"]) <= 50


class TestWebhook(NotifierContract):
    plugin = "perseus.plugins.webhook"
    plants = (KEY,)
    exempt: ClassVar[Mapping[str, str]] = {
        "update": "a receiver tells by the id what belongs together; nothing of it is changed",
        "probe": "an address that takes POST says nothing to anything else",
    }

    def config(self, url: str) -> Mapping[str, Any]:
        return {"url": f"{url}/hook", "secret": KEY}


CONTRACTS = [kind for kind in NotifierContract.__subclasses__() if kind.__module__ == __name__]


def test_every_bundled_notifier_is_under_contract() -> None:
    bundled = {found.name for found in discovery.bundled(NOTIFIERS)}
    assert {kind.plugin.rpartition(".")[2] for kind in CONTRACTS} == set(TIERS) == bundled


@pytest.mark.parametrize("name", TIERS)
def test_a_bundled_notifier_has_the_grade_that_it_has_to_keep(name: str) -> None:
    found = grade.read(importlib.import_module(f"perseus.plugins.{name}"))
    assert found is not None, "its source has changed: run pytest tests/kit/test_bundled.py --perseus-grade"
    assert found.tier is TIERS[name]


def test_the_grades_are_what_the_contract_finds_now() -> None:
    """In a process of its own: this one was not started to grade."""
    checks = [f"{__file__}::{contract.__name__}" for contract in CONTRACTS]
    run = [sys.executable, "-m", "pytest", "-q", "--perseus-grade=check", *checks]
    ended = subprocess.run(run, cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=300)
    assert ended.returncode == 0, ended.stdout[-3000:]
