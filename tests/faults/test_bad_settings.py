"""Settings that would harm: refused by name, with what to do, before anything is claimed."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from perseus.errors import EXIT_CONFIG, SettingError
from perseus.settings import Settings

Refusal = Callable[..., SettingError]


@pytest.fixture
def refusal(monkeypatch: pytest.MonkeyPatch) -> Refusal:
    """What is said of these variables."""

    def read(**environ: str) -> SettingError:
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(SettingError) as caught:
            Settings.from_environment()
        assert caught.value.exit_code == EXIT_CONFIG
        return caught.value

    return read


def test_a_setting_that_does_not_exist_is_refused_with_the_one_that_was_meant(refusal: Refusal) -> None:
    error = refusal(PERSEUS_HEARTBEAT_SECOND="5")
    assert error.name == "PERSEUS_HEARTBEAT_SECOND"
    assert "Did you mean PERSEUS_HEARTBEAT_SECONDS?" in str(error)


@pytest.mark.parametrize("value", ["", "   "], ids=["empty", "blank"])
def test_a_setting_that_is_set_to_nothing_is_refused(refusal: Refusal, value: str) -> None:
    assert refusal(PERSEUS_REDIS_URL=value).name == "PERSEUS_REDIS_URL"


@pytest.mark.parametrize(
    "url",
    [
        "localhost:6379",
        "http://localhost",
        "redis://",
        "redis://host:port",
        "redis://host:70000",
        "redis://host/name",
        "redis://[::1",
    ],
)
def test_a_store_url_that_leads_nowhere_is_refused_by_the_name_of_its_setting(refusal: Refusal, url: str) -> None:
    assert refusal(PERSEUS_REDIS_URL=url).name == "PERSEUS_REDIS_URL"


def test_no_refusal_repeats_a_password(refusal: Refusal) -> None:
    assert "secret" not in str(refusal(PERSEUS_REDIS_URL="redis://:secret@host:port"))


@pytest.mark.parametrize(
    ("environ", "name"),
    [
        ({"PERSEUS_TTL_SECONDS": "44"}, "PERSEUS_TTL_SECONDS"),
        ({"PERSEUS_RETRY_SECONDS": "13"}, "PERSEUS_RETRY_SECONDS"),
        ({"PERSEUS_MARGIN_SECONDS": "5"}, "PERSEUS_MARGIN_SECONDS"),
        ({"PERSEUS_MARGIN_SECONDS": "15"}, "PERSEUS_MARGIN_SECONDS"),
    ],
    ids=["a TTL below three heartbeats", "retries that overlap", "no time to stop", "no time to renew"],
)
def test_times_that_leave_no_room_for_a_safe_lease_are_refused_with_the_rule(
    refusal: Refusal, environ: dict[str, str], name: str
) -> None:
    error = refusal(**environ)
    assert error.name == name
    assert "not safe" in str(error)


@pytest.mark.parametrize("value", ["fifteen", "0", "-1", "nan", "inf"])
def test_a_time_that_is_none_is_refused(refusal: Refusal, value: str) -> None:
    assert refusal(PERSEUS_TTL_SECONDS=value).name == "PERSEUS_TTL_SECONDS"


def test_without_settings_the_defaults_are_those_of_the_contract() -> None:
    settings = Settings.from_environment()
    assert (settings.heartbeat_seconds, settings.ttl_seconds, settings.margin_seconds) == (15, 45, 10)
    assert (settings.retry_seconds, settings.store_timeout_seconds, settings.settle_seconds) == (2.5, 2, 0)
