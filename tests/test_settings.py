"""Settings: strict, told by name when wrong, and what must not be said is not said."""

from __future__ import annotations

from pathlib import Path

import pytest

from perseus.errors import EXIT_CONFIG, SettingError
from perseus.settings import PREFIX, Settings, check_timing


def read(monkeypatch: pytest.MonkeyPatch, **given: str) -> Settings:
    for name, value in given.items():
        monkeypatch.setenv(PREFIX + name.upper(), value)
    return Settings.from_environment()


def refusal(monkeypatch: pytest.MonkeyPatch, **given: str) -> SettingError:
    with pytest.raises(SettingError) as caught:
        read(monkeypatch, **given)
    return caught.value


def test_without_any_variable_the_defaults_stand_and_are_safe(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = read(monkeypatch)
    assert settings == Settings()
    assert (settings.heartbeat_seconds, settings.ttl_seconds, settings.margin_seconds) == (15, 45, 10)
    assert (settings.home, settings.port, settings.redis_url) == (Path(".perseus"), 8000, None)


def test_variables_of_others_are_nobody_s_business(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PERSEUSX_PORT", "x")
    monkeypatch.setenv("PORT", "x")
    assert read(monkeypatch) == Settings()


def test_what_configures_plugins_is_checked_by_who_loads_them(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read(monkeypatch, plugin_discord_url="x", plugin_log="", plugin_odd="\udcff") == Settings()


def test_a_misspelt_setting_is_not_taken_for_one_of_a_plugin(monkeypatch: pytest.MonkeyPatch) -> None:
    assert refusal(monkeypatch, plugin_dir="/srv/plugins").mend == "Did you mean PERSEUS_PLUGINS_DIR?"


def test_a_value_is_read_as_what_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = read(
        monkeypatch,
        home="/srv/perseus",
        port="8080",
        settle_seconds="2.5",
        log_level="debug",
        admin_email="ann@example.org",
        redis_url="rediss://ann:secret@store.example.org:6380/3",
    )
    assert (settings.home, settings.port, settings.settle_seconds) == (Path("/srv/perseus"), 8080, 2.5)
    assert (settings.log_level, settings.admin_email) == ("debug", "ann@example.org")
    assert settings.redis_url is not None
    assert settings.redis_url.get_secret_value() == "rediss://ann:secret@store.example.org:6380/3"


def test_a_list_is_given_with_commas_and_may_be_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    listed = read(monkeypatch, public_ip_services=" https://a.example , https://b.example,,")
    assert listed.public_ip_services == ("https://a.example", "https://b.example")
    assert read(monkeypatch, public_ip_services="").public_ip_services == ()


@pytest.mark.parametrize(
    ("name", "meant"),
    [("REDIS_ULR", "PERSEUS_REDIS_URL"), ("TTL_SECOND", "PERSEUS_TTL_SECONDS"), ("HOMES", "PERSEUS_HOME")],
)
def test_a_misspelt_name_is_refused_with_the_one_that_was_meant(
    monkeypatch: pytest.MonkeyPatch, name: str, meant: str
) -> None:
    error = refusal(monkeypatch, **{name: "1"})
    assert (error.name, error.problem, error.mend) == (PREFIX + name, "no such setting", f"Did you mean {meant}?")


def test_a_name_like_no_other_is_refused_with_a_place_to_look(monkeypatch: pytest.MonkeyPatch) -> None:
    error = refusal(monkeypatch, zzzzqqqq="1")
    assert (error.name, error.mend) == ("PERSEUS_ZZZZQQQQ", "See docs/settings.md.")


@pytest.mark.parametrize("value", ["", "   "])
def test_a_setting_that_is_set_but_empty_is_refused_and_not_taken_for_its_default(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    error = refusal(monkeypatch, admin_email=value)
    assert str(error) == "PERSEUS_ADMIN_EMAIL: is set but empty. Unset it or give it a value."


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("port", "0"),
        ("port", "65536"),
        ("port", "80a"),
        ("port", "80.5"),
        ("web_workers", "0"),
        ("web_threads", "257"),
        ("heartbeat_seconds", "0"),
        ("heartbeat_seconds", "-15"),
        ("heartbeat_seconds", "fifteen"),
        ("ttl_seconds", "nan"),
        ("ttl_seconds", "inf"),
        ("settle_seconds", "inf"),
        ("store_wait_seconds", "-1"),
        ("settle_seconds", "-0.1"),
        ("activity_max_entries", "99"),
        ("activity_max_entries", "1e5x"),
        ("log_level", "INFO"),
        ("log_level", "verbose"),
    ],
)
def test_a_bad_value_is_refused_by_the_name_of_its_setting(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    error = refusal(monkeypatch, **{name: value})
    assert error.name == PREFIX + name.upper()
    assert error.exit_code == EXIT_CONFIG
    assert "validation error" not in str(error)
    assert "pydantic" not in str(error)


# The rules of timing: each broken alone, just so, and just not.

RULES = [
    ("TTL_SECONDS", {"ttl_seconds": 44.9}, {"ttl_seconds": 45.0}, "must be at least 3 x PERSEUS_HEARTBEAT_SECONDS"),
    (
        "RETRY_SECONDS",
        {"retry_seconds": 13.0},
        {"retry_seconds": 12.9},
        "plus PERSEUS_STORE_TIMEOUT_SECONDS must be less than PERSEUS_HEARTBEAT_SECONDS",
    ),
    ("MARGIN_SECONDS", {"stop_seconds": 10.0}, {"stop_seconds": 9.9}, "must be more than PERSEUS_STOP_SECONDS"),
    (
        "MARGIN_SECONDS",
        {"margin_seconds": 15.0},
        {"margin_seconds": 14.9},
        "must leave more than 2 x PERSEUS_HEARTBEAT_SECONDS of PERSEUS_TTL_SECONDS",
    ),
]


@pytest.mark.parametrize("path", ["/sub/", "/sub", "//sub", "/a/b?c"])
def test_the_pages_are_not_below_a_path(monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    error = refusal(monkeypatch, public_url=f"https://x.example.net{path}")
    assert (error.name, error.exit_code) == ("PERSEUS_PUBLIC_URL", EXIT_CONFIG)
    assert "cannot live below a path" in error.problem
    assert "a host name of their own" in error.mend


@pytest.mark.parametrize(
    "url", ["x.example.net/sub", "https://[x", "https://x:port", "https://x?y", "https://x#y", "https://a:b@x/"]
)
def test_a_public_address_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    assert refusal(monkeypatch, public_url=url).name == "PERSEUS_PUBLIC_URL"


@pytest.mark.parametrize("url", ["https://x.example.net", "http://x.example.net:8080/", "http://[::1]:8000/"])
def test_a_public_address_may_end_in_a_slash(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    assert read(monkeypatch, public_url=url).public_url == url


@pytest.mark.parametrize(("name", "unsafe", "safe", "rule"), RULES)
def test_times_that_leave_no_room_for_a_safe_lease_are_refused_with_the_rule(
    name: str, unsafe: dict[str, float], safe: dict[str, float], rule: str
) -> None:
    check_timing(Settings(**safe))
    with pytest.raises(SettingError) as caught:
        check_timing(Settings(**unsafe))
    assert caught.value.name == PREFIX + name
    assert rule in str(caught.value)


def test_times_from_the_environment_are_checked_against_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    error = refusal(monkeypatch, heartbeat_seconds="20")
    assert str(error).startswith("PERSEUS_TTL_SECONDS: 45 is not safe: it must be at least 3 x")


# The address of the store.


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("http://store.example.org", "the scheme 'http' is not supported"),
        ("store.example.org:6379", "the scheme 'store.example.org' is not supported"),
        ("//store.example.org", "the scheme '(none)' is not supported"),
        ("redis://", "names no host"),
        ("redis:///0", "names no host"),
        ("redis://store.example.org:port/0", "is not a URL with a sound port"),
        ("redis://store.example.org:99999/0", "is not a URL with a sound port"),
        ("redis://[::1/0", "is not a URL with a sound port"),
        ("redis://store.example.org/zero", "the part behind the host must be a database number"),
        ("redis+cluster://store.example.org/1", "a Redis Cluster has no databases but number 0"),
        ("redis://one.example.org,two.example.org", "names several hosts"),
        ("redis+cluster://one.example.org,", "is not a URL with a sound port"),
        ("redis+cluster://", "names no host"),
        ("redis+sentinel://store.example.org", "names no service that the sentinels could watch"),
        ("redis+sentinel://store.example.org/a b", "names no service that the sentinels could watch"),
        ("redis+sentinel://one.example.org,/perseus", "is not a URL with a sound port"),
        ("redis+sentinel:///perseus", "names no host"),
        ("redis+sentinel://store.example.org/perseus/x", "the part behind the service must be a database number"),
        ("redis://store.example.org/0#1", "has a # in it"),
        ("redis://ann:1%002@store.example.org/0", "has %00 in it, which no command can be given"),
        (
            "rediss+sentinel://store.example.org/main?sentinel_password=1%002",
            "has %00 in it, which no command can be given",
        ),
        ("redis://ann:12?3@store.example.org/0", "has an option that is not name=value"),
        ("redis://store.example.org?db=3", "has the option db, which it may not have"),
        ("redis://store.example.org?socket_timeout=60", "has the option socket_timeout, which it may not have"),
        ("redis://store.example.org?ssl_ca_certs=ca.pem", "has the option ssl_ca_certs, which it may not have"),
        ("rediss://store.example.org?sentinel_password=x", "has the option sentinel_password, which it may not have"),
        ("rediss://store.example.org?ssl_check_hostname=maybe", "ssl_check_hostname has a value that it cannot have"),
        ("rediss://store.example.org?ssl_cert_reqs=some", "ssl_cert_reqs has a value that it cannot have"),
        (
            "rediss://store.example.org?ssl_ca_certs=/no/such.pem",
            "ssl_ca_certs cannot be read: No such file or directory",
        ),
        (f"rediss://store.example.org?ssl_ca_certs={__file__}", "ssl_ca_certs holds no certificates"),
        (f"rediss://store.example.org?ssl_keyfile={__file__}", "has a ssl_keyfile without a ssl_certfile"),
        (
            f"rediss://store.example.org?ssl_certfile={__file__}",
            "ssl_certfile and ssl_keyfile are not a certificate and its key",
        ),
    ],
)
def test_an_address_of_the_store_that_cannot_be_is_refused(
    monkeypatch: pytest.MonkeyPatch, url: str, problem: str
) -> None:
    error = refusal(monkeypatch, redis_url=url)
    assert (error.name, error.problem) == ("PERSEUS_REDIS_URL", problem)


@pytest.mark.parametrize(
    "url",
    [
        "redis://localhost",
        "redis://localhost/",
        "rediss://u:p@10.0.0.1:6380/15",
        "redis://[::1]:6379/0",
        "redis+cluster://localhost:7000",
        "rediss+cluster://u:p@one.example.org:10000,two.example.org,[::1]:10001",
        "rediss+cluster://u:p@store.example.org:10000/0?ssl_check_hostname=false",
        "redis+sentinel://localhost/perseus",
        "rediss+sentinel://u:p@[::1]:26379,store.example.org/perseus.main-1/3?sentinel_password=x&sentinel_tls=no",
    ],
)
def test_an_address_of_the_store_that_can_be_is_taken(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    assert read(monkeypatch, redis_url=url).redis_url is not None


# What must not be said.

SECRET = "hunter2-of-the-store"


@pytest.mark.parametrize("name", ["redis_url", "database_url"])
def test_a_password_is_in_no_text_of_the_settings(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    settings = read(monkeypatch, **{name: f"redis://ann:{SECRET}@store.example.org/0"})
    assert SECRET not in f"{settings} {settings!r} {settings.model_dump()} {settings.model_dump_json()}"


@pytest.mark.parametrize(
    "url",
    [
        f"http://ann:{SECRET}@store",
        f"redis://ann:{SECRET}@store:port",
        f"redis://ann:{SECRET}@store/zero",
        f"redis://ann:{SECRET}@store?{SECRET}=1",
        f"redis://ann:1?{SECRET}@store",
        f"redis://ann:1#{SECRET}@store",
        f"rediss+sentinel://ann:{SECRET}@store/a?sentinel_password={SECRET}&ssl_ca_certs=none",
        f"rediss+sentinel://ann:{SECRET}@store/a?sentinel_tls={SECRET}",
    ],
)
def test_a_refused_address_is_not_repeated_with_its_password(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    error = refusal(monkeypatch, redis_url=url)
    assert SECRET not in f"{error} {error!r} {vars(error)}"
    assert error.__cause__ is None


def test_settings_cannot_be_changed_once_read() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Settings().port = 9  # type: ignore[misc]


def test_a_setting_that_code_misspells_is_refused_too() -> None:
    with pytest.raises(ValueError, match="forbidden"):
        Settings(prot=9)  # type: ignore[call-arg]


@pytest.mark.parametrize("name", Settings.model_fields)
def test_each_setting_says_what_it_is_for(name: str) -> None:
    description = Settings.model_fields[name].description or ""
    assert description.endswith((".", "seconds."))
    assert len(description) > 20
