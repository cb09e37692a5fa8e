"""PostgreSQL is spoken to over SSL alone, and what is wrong with that is said in words, on real servers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from perseus import db
from perseus.db import urls
from perseus.db.engine import engine
from perseus.errors import EXIT_CONFIG
from tests.certificates import Authority
from tests.commands.running import eventually
from tests.databases import SHARED, schema, with_user
from tests.postgres import PASSWORD, USER, PostgresProcess


@pytest.fixture(scope="module")
def in_clear() -> Iterator[PostgresProcess]:
    """A server that speaks no SSL, and would let anybody in without."""
    server = PostgresProcess(ssl=False)
    try:
        with_user(server.start()).create(SHARED, schema())
        yield server
    finally:
        server.remove()


def refused(url: str) -> db.DatabaseRefused:
    with pytest.raises(db.DatabaseRefused) as error:
        db.check(url)
    assert error.value.exit_code == EXIT_CONFIG
    assert PASSWORD not in str(error.value)
    assert "\n" not in str(error.value)
    return error.value


def test_what_goes_over_the_wire_is_encrypted(postgres_database: str) -> None:
    with engine(postgres_database).connect() as connection:
        asked = "SELECT ssl, version FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
        ssl, version = connection.exec_driver_sql(asked).one()
    assert ssl
    assert version in ("TLSv1.2", "TLSv1.3")


def test_a_server_without_ssl_is_refused(in_clear: PostgresProcess) -> None:
    error = refused(in_clear.url(SHARED))
    assert error.reason == "it speaks no SSL, and PostgreSQL is only used over SSL"
    assert "ssl = on" in error.mend


@pytest.mark.parametrize("name", ["PGSSLMODE", "PGREQUIRESSL", "PGGSSENCMODE"])
def test_no_variable_of_libpq_turns_ssl_off(
    in_clear: PostgresProcess, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, {"PGSSLMODE": "disable", "PGREQUIRESSL": "0", "PGGSSENCMODE": "prefer"}[name])
    refused(in_clear.url(SHARED))


def test_no_service_file_turns_ssl_off(
    in_clear: PostgresProcess, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "services").write_text("[plain]\nsslmode=disable\n")
    monkeypatch.setenv("PGSERVICEFILE", str(tmp_path / "services"))
    refused(in_clear.url(SHARED, service="plain"))


def test_a_connection_that_came_in_clear_all_the_same_is_closed_again(
    in_clear: PostgresProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(urls, "SSL_MODES", ("disable",))
    with pytest.raises(db.DatabaseUnavailable, match="the connection is not encrypted"):
        db.check(in_clear.url(SHARED, application_name="in clear"))
    with in_clear.admin() as admin:
        left = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'in clear'"
        eventually(lambda: admin.execute(left).fetchone() == (0,))


def test_a_certificate_of_the_authority_that_is_named_is_taken(postgres_server: PostgresProcess) -> None:
    db.check(postgres_server.url(SHARED, sslmode="verify-full", sslrootcert=str(postgres_server.ca)))


@pytest.mark.parametrize("mode", ["verify-ca", "verify-full"])
def test_a_certificate_of_another_authority_is_refused(
    postgres_server: PostgresProcess, tmp_path: Path, mode: str
) -> None:
    other = tmp_path / "other.pem"
    other.write_bytes(Authority("another").pem)
    error = refused(postgres_server.url(SHARED, sslmode=mode, sslrootcert=str(other)))
    assert error.reason == "its certificate is of no authority that is trusted"
    assert "sslrootcert=" in error.mend


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_an_authority_that_cannot_be_read_is_told(
    postgres_server: PostgresProcess, tmp_path: Path, content: str | None
) -> None:
    if content is not None:
        (tmp_path / "ca.pem").write_text(content)
    error = refused(postgres_server.url(SHARED, sslmode="verify-full", sslrootcert=str(tmp_path / "ca.pem")))
    assert "sslrootcert" in str(error)


def test_verify_full_needs_the_name_of_the_certificate(postgres_server: PostgresProcess) -> None:
    asked = {"sslrootcert": str(postgres_server.ca), "hostaddr": "127.0.0.1", "host": "db.example.net"}
    error = refused(postgres_server.url(SHARED, sslmode="verify-full", **asked))
    assert error.reason == "its certificate is for another host"
    db.check(postgres_server.url(SHARED, sslmode="verify-ca", **asked))


def test_a_plain_connection_is_not_let_in_by_the_server_of_the_tests(postgres_server: PostgresProcess) -> None:
    place = {"host": "127.0.0.1", "port": postgres_server.port, "dbname": SHARED}
    with pytest.raises(psycopg.OperationalError, match="no encryption"):
        psycopg.connect(**place, user=USER, password=PASSWORD, sslmode="disable")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"password": "wrong"}, "it does not let this user in. Check user and password"),
        ({"username": "nobody"}, "it does not let this user in. Check user and password"),
        ({"database": "none"}, "there is no database of this name. Create it"),
    ],
)
def test_who_is_not_let_in_is_told_why(postgres_server: PostgresProcess, change: dict[str, str], said: str) -> None:
    url = urls.sqlalchemy.make_url(postgres_server.url(SHARED)).set(**change)
    assert said in str(refused(url.render_as_string(hide_password=False)))


def test_a_user_who_may_not_connect_is_told_so(postgres_server: PostgresProcess) -> None:
    url = postgres_server.create("closed", "REVOKE CONNECT ON DATABASE closed FROM PUBLIC")
    assert refused(url).mend.startswith("GRANT CONNECT")
    assert USER not in str(refused(url)), "the message goes to logs that others read"


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("passwd=hunter2", "its URL has an option that is none: passwd. Take it out"),
        ("service=nope", "no service file has the service of its URL. Take service out"),
        ("keepalives=hunter2", "a value that it cannot have: keepalives. Correct it in PERSEUS_DATABASE_URL"),
        ("target_session_attrs=hunter2", "a value that it cannot have: target_session_attrs. Correct it"),
        ("ssl_min_protocol_version=hunter2", "a value that it cannot have: ssl_min_protocol_version. Correct it"),
        ("connect_timeout=hunter2", "a value that it cannot have: connect_timeout. Correct it"),
        ("port=99999", "a value that it cannot have: port. Correct it"),
    ],
)
def test_an_option_of_the_url_that_cannot_be_is_told_by_its_name(
    postgres_server: PostgresProcess, option: str, said: str
) -> None:
    error = refused(f"{postgres_server.url(SHARED)}?{option}")
    assert said in str(error)
    assert "hunter2" not in str(error)
