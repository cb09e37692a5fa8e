"""Destinations that the environment configures, and how the database adds to them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, SecretStr

from perseus.errors import SettingError
from perseus.notify import environment
from perseus.notify.configuration import FIRST_RULE, Configuration, Destination, Policy
from perseus.notify.notifier import NotifierKind

SECRET = "https://discord.example/planted-77aa"


class Hook(BaseModel):
    webhook_url: SecretStr
    name: str = "Perseus"


class Lines(BaseModel):
    path: str = "-"
    json_path: str = "-"


class Nested(BaseModel):
    format: str = "x"


def never(_: object) -> Any:
    raise AssertionError("no notifier is made to read a configuration")


KINDS = (
    NotifierKind("discord", never, Hook),
    NotifierKind("log", never, Lines),
    NotifierKind("log_json", never, Nested),
)


def found(absent: Mapping[str, str] | None = None, **variables: str) -> tuple[Destination, ...]:
    environ = {f"PERSEUS_PLUGIN_{name}": value for name, value in variables.items()}
    return environment.destinations(KINDS, {**environ, "PERSEUS_PLUGINS_DIR": "/x", "PATH": ""}, absent)


def test_a_variable_makes_a_destination_named_after_its_kind() -> None:
    (discord,) = found(DISCORD_WEBHOOK_URL=SECRET)
    assert discord == Destination("discord", "discord", {"webhook_url": SecretStr(SECRET)}, origin="environment")
    assert SECRET not in repr(discord)


def test_a_kind_that_needs_nothing_is_a_destination_only_when_something_is_set() -> None:
    assert found() == ()
    assert [one.id for one in found(LOG_PATH="/tmp/x")] == ["log"]
    (switched,) = found(LOG="on")
    assert (switched.config, switched.problem) == ({}, None)


def test_a_switch_that_says_something_else_is_a_problem() -> None:
    (log,) = found(LOG="yes please")
    assert log.problem == "PERSEUS_PLUGIN_LOG can only be 'on': unset it."


def test_what_is_wrong_with_one_is_told_and_leaves_the_others() -> None:
    discord, log = found(DISCORD_NAME="x", LOG_PATH="-")
    assert discord.problem == "PERSEUS_PLUGIN_DISCORD_WEBHOOK_URL: is missing."
    assert log.problem is None


def test_a_secret_may_stand_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "url").write_text(f"{SECRET}\n")
    (discord,) = found(DISCORD_WEBHOOK_URL_FILE=str(tmp_path / "url"))
    assert (discord.secrets(), discord.problem) == ({SECRET}, None)
    (nowhere,) = found(DISCORD_WEBHOOK_URL_FILE=SECRET)
    assert nowhere.problem is not None
    assert "there is no such file" in nowhere.problem
    assert SECRET not in nowhere.problem


def test_a_kind_with_a_dash_has_variables_with_an_underscore() -> None:
    environ = {"PERSEUS_PLUGIN_MY_PAGER_FORMAT": "y"}
    (pager,) = environment.destinations((NotifierKind("my-pager", never, Nested),), environ)
    assert (pager.id, pager.config, pager.problem) == ("my-pager", {"format": "y"}, None)


def test_a_name_of_two_kinds_belongs_to_the_one_that_has_the_field() -> None:
    assert [one.id for one in found(LOG_JSON_PATH="x")] == ["log"]
    assert [one.id for one in found(LOG_JSON_FORMAT="x")] == ["log_json"]
    assert [one.id for one in found(LOG_JSON_FORMAT_FILE="x")] == ["log_json"]
    assert [one.id for one in found(LOG_JSON_OTHER="x")] == ["log_json"]


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("DISCRD_WEBHOOK_URL", "Did you mean PERSEUS_PLUGIN_DISCORD_WEBHOOK_URL?"),
        ("PAGER_KEY", "Kinds that are there: discord, log, log_json. See `perseus plugins`."),
        ("LOGGER_X", "belongs to no kind of destination"),
        ("", "belongs to no kind of destination"),
    ],
)
def test_a_name_of_no_kind_ends_the_start_by_its_name(name: str, says: str) -> None:
    with pytest.raises(SettingError, match=says.replace("?", r"\?")) as raised:
        found(**{name: SECRET})
    assert raised.value.name == f"PERSEUS_PLUGIN_{name}"
    assert raised.value.exit_code == 78
    assert SECRET not in str(raised.value)


def test_the_variables_of_a_plugin_that_is_not_there_say_so_and_end_nothing() -> None:
    pager, log = sorted(found({"pager": "It is failed.", "log": "never used"}, PAGER_KEY=SECRET, LOG_PATH="-"), key=by)
    assert (pager.id, pager.problem, pager.config) == ("pager", "It is failed.", {})
    assert log.problem is None


def test_the_variables_of_plugins_that_are_no_notifiers_are_theirs() -> None:
    environ = {"PERSEUS_PLUGIN_PUBLIC_IP_URL": SECRET, "PERSEUS_PLUGIN_LOG_PATH": "-"}
    some = environment.destinations(KINDS, environ, others=("public-ip", "log"))
    assert [one.id for one in some] == ["log"]
    with pytest.raises(SettingError, match="PERSEUS_PLUGIN_PUBLIC_IP_URL: belongs to no kind"):
        environment.destinations(KINDS, environ, others=("registry",))


def by(destination: Destination) -> bool:
    return destination.problem is None


def test_the_database_adds_policy_and_pause_to_what_the_environment_configures() -> None:
    own = found(DISCORD_WEBHOOK_URL=SECRET)
    policy = Policy(batch=False)
    row = Destination("discord", "discord", {}, policy, is_paused=True, origin="environment", revision=3)
    page = Destination("alerts", "discord", {"webhook_url": SecretStr("x")}, revision=1)
    both = environment.combined(Configuration((page, row), (FIRST_RULE,)), own)
    assert both.rules == (FIRST_RULE,)
    alerts, discord = both.destinations
    assert alerts is page
    assert (discord.config, discord.policy, discord.is_paused, discord.revision) == (own[0].config, policy, True, 3)


def test_an_id_that_is_configured_twice_is_a_problem_that_says_where() -> None:
    page = Destination("discord", "discord", {"webhook_url": SecretStr("x")}, revision=1)
    (one,) = environment.combined(Configuration((page,)), found(DISCORD_WEBHOOK_URL=SECRET)).destinations
    assert one.problem is not None
    assert "configured twice, here and by PERSEUS_PLUGIN_DISCORD_..." in one.problem


def test_a_row_whose_variables_are_gone_is_listed_and_says_so() -> None:
    row = Destination("slack", "slack", {}, origin="environment", revision=1)
    (one,) = environment.combined(Configuration((row,)), ()).destinations
    assert one.problem is not None
    assert "has no PERSEUS_PLUGIN_SLACK_... set" in one.problem


def test_a_problem_of_the_environment_or_of_the_row_is_kept() -> None:
    row = Destination("discord", "discord", {}, origin="environment", revision=1, problem="Its policy cannot be read.")
    (of_row,) = environment.combined(Configuration((row,)), found(DISCORD_WEBHOOK_URL=SECRET)).destinations
    (of_own,) = environment.combined(Configuration((row,)), found(DISCORD_NAME="x")).destinations
    assert of_row.problem == "Its policy cannot be read."
    assert of_own.problem == "PERSEUS_PLUGIN_DISCORD_WEBHOOK_URL: is missing."
