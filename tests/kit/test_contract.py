"""The contract finds what is wrong: for each rule a notifier that breaks it, and one that keeps them all."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from perseus.testing import FakeService, NotifierContract
from perseus.testing.tiers import RULES

HEAD = """
import time
from perseus import Delivered, Manifest, NotifierKind, Permanent, Poison, Retry, Wait, hookimpl
from pydantic import BaseModel, Field, SecretStr

class Config(BaseModel, extra="forbid"):
    url: SecretStr = Field(description="Where to.")

class Base:
    def __init__(self, config):
        self.url = Url(config.url.get_secret_value())

    def send(self, notifications, context):
        answer = context.http.post(str(self.url), json=self.payload(notifications))
        return Delivered(ref=answer.json()["id"])

    def payload(self, notifications):
        return [f"{'repeat ' if each.is_repeat else ''}{each.title}" for each in notifications]

    def update(self, ref, notification, context):
        context.http.patch(f"{self.url}/{ref}", json=self.payload([notification]))

    def probe(self, context):
        context.http.get(str(self.url))
        return "it answers"

class Url(str):
    def __repr__(self):
        return "Url()"
"""
TAIL = """
@hookimpl
def perseus_manifest():
    return Manifest(api=">=1,<2")

@hookimpl
def perseus_register_notifiers():
    return [NotifierKind("tested_kind", Notifier, Config, max_batch=3)]
"""
SOUND = "class Notifier(Base): ...\n"

#: Rule -> a notifier that breaks it.
BROKEN = {
    "loads": SOUND + "import sqlalchemy\n",
    "strict_config": SOUND + "class Config(BaseModel):\n    url: SecretStr = Field(description='Where to.')\n",
    "delivers": """
        class Notifier(Base):
            def send(self, notifications, context):
                super().send(notifications, context)
                return super().send(notifications, context)
        """,
    "secrets": """
        class Notifier(Base):
            def send(self, notifications, context):
                try:
                    return super().send(notifications, context)
                except Retry:
                    raise Retry(f"cannot reach {self.url}")
        """,
    "deadline": """
        class Notifier(Base):
            def send(self, notifications, context):
                time.sleep(3)
        """,
    "failure": """
        class Notifier(Base):
            def send(self, notifications, context):
                try:
                    return super().send(notifications, context)
                except Retry as error:
                    raise Permanent(error.reason)
        """,
    "described": SOUND + "class Config(BaseModel, extra='forbid'):\n    url: SecretStr\n",
    "rate_limit": """
        class Notifier(Base):
            def send(self, notifications, context):
                try:
                    return super().send(notifications, context)
                except Wait:
                    raise Wait(0.5)
        """,
    "refused": """
        class Notifier(Base):
            def send(self, notifications, context):
                try:
                    return super().send(notifications, context)
                except Poison:
                    raise Retry("refused")
        """,
    "gone": """
        class Notifier(Base):
            def send(self, notifications, context):
                try:
                    return super().send(notifications, context)
                except Permanent:
                    raise Poison("gone")
        """,
    "fuzz": """
        class Notifier(Base):
            def payload(self, notifications):
                assert len(notifications[0].title) <= 256
                return super().payload(notifications)
        """,
    "repeat": """
        class Notifier(Base):
            def payload(self, notifications):
                return [each.title for each in notifications]
        """,
    "drill": """
        class Notifier(Base):
            def payload(self, notifications):
                return [each.severity for each in notifications]
        """,
    "probe": """
        class Notifier(Base):
            def probe(self, context):
                context.http.post(str(self.url), json=["just trying"])
                return "it answers"
        """,
    "preview": """
        class Notifier(Base):
            def payload(self, notifications):
                return [*super().payload(notifications), str(time.monotonic_ns())]
        """,
    "half_reply": """
        class Notifier(Base):
            def send(self, notifications, context):
                try:
                    return super().send(notifications, context)
                except Retry:
                    return None
        """,
    "batch": """
        class Notifier(Base):
            def send(self, notifications, context):
                return super().send(notifications[:1], context)
        """,
    "update": """
        class Notifier(Base):
            def update(self, ref, notification, context):
                self.send([notification], context)
        """,
}

Make = Callable[..., Any]

_numbers = count()


class Contract(NotifierContract):
    def config(self, url: str) -> Mapping[str, Any]:
        return {"url": f"{url}/hook"}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


@pytest.fixture
def contract(folder: Path) -> Iterator[Make]:
    """Makes the contract of a notifier whose text is given, with what its author says of it."""
    made = []

    def make(notifier: str, **said: Any) -> Any:
        name = f"tested_plugin_{next(_numbers)}"
        (folder / f"{name}.py").write_text(HEAD + textwrap.dedent(notifier) + TAIL)
        made.append(type("Made", (Contract,), {"plugin": name, **said})())
        made[-1].begin(service)
        return made[-1]

    with FakeService() as service:
        yield make
        for each in made:
            each.end()


def check(made: Any, rule: str) -> None:
    getattr(made, f"test_{rule}")()


def test_there_is_a_broken_notifier_for_every_rule() -> None:
    assert set(BROKEN) == set(RULES)


@pytest.mark.parametrize("rule", RULES)
def test_a_notifier_that_breaks_a_rule_fails_its_check(rule: str, contract: Make) -> None:
    made = contract(BROKEN[rule])
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        check(made, rule)


@pytest.mark.parametrize("rule", RULES)
def test_a_sound_notifier_passes_every_check(rule: str, contract: Make) -> None:
    check(contract(SOUND), rule)


@pytest.mark.parametrize("rule", ["probe", "preview", "update"])
def test_an_ability_that_is_missing_is_told_and_is_no_failure(rule: str, contract: Make) -> None:
    made = contract("class Notifier:\n    def __init__(self, config): ...\n    send = Base.send\n")
    with pytest.raises(pytest.skip.Exception, match="missing: it has no"):
        check(made, rule)


def test_an_author_may_say_why_a_rule_does_not_apply(contract: Make) -> None:
    made = contract(SOUND, exempt={"update": "mail cannot be changed"})
    with pytest.raises(pytest.skip.Exception, match="exempt: mail cannot be changed"):
        check(made, "update")


@pytest.mark.parametrize("rule", ["fuzz", "secrets"])
def test_nobody_is_exempt_from_what_protects_others(rule: str, contract: Make) -> None:
    made = contract(SOUND, exempt={rule: "we are in a hurry"})
    with pytest.raises((AssertionError, pytest.skip.Exception)) as raised:
        made.applies(rule)
    assert f"no notifier is exempt from {rule}" in str(raised.value)


def test_a_service_without_http_is_spared_its_rules(contract: Make) -> None:
    made = contract(SOUND, speaks_http=False)
    with pytest.raises(pytest.skip.Exception, match="exempt: it does not speak HTTP"):
        check(made, "gone")
