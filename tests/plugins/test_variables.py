"""Configuration of plugins in the environment: by name, from files, and told by name when it is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import BaseModel, Field, SecretStr, field_validator

from perseus.pluginhost.configuration.form import example, from_environment, own, table, variables

SECRET = "pl4nted-in-the-environment"
URL = "PERSEUS_PLUGIN_PAGER_URL"
PORT = "PERSEUS_PLUGIN_PAGER_PORT"


class Pager(BaseModel):
    url: SecretStr = Field(description="Address | of the pager.")
    port: int = Field(25, ge=1, le=100)
    recipients: tuple[str, ...] = ()
    loud: bool = Field(False, description="Wake people up.")
    tone: str | None = None


def problems(**environ: str) -> list[str]:
    return from_environment("pager", Pager, {f"PERSEUS_PLUGIN_PAGER_{name}": value for name, value in environ.items()})[
        1
    ]


def test_variables_are_read_as_what_the_model_says() -> None:
    environ = {
        URL: SECRET,
        PORT: " 26 ",
        "PERSEUS_PLUGIN_PAGER_RECIPIENTS": "a, b,,",
        "PERSEUS_PLUGIN_PAGER_LOUD": "On",
    }
    raw, found = from_environment("pager", Pager, {**environ, "PATH": "/bin", "PERSEUS_PLUGIN_PAGERS_URL": "x"})
    assert found == []
    assert raw == {"url": SecretStr(SECRET), "port": 26, "recipients": ["a", "b"], "loud": True}
    assert SECRET not in repr(raw)


def test_a_plugin_with_a_hyphen_has_variables_all_the_same() -> None:
    assert from_environment("my-pager", Pager, {"PERSEUS_PLUGIN_MY_PAGER_URL": "x"})[0] == {"url": SecretStr("x")}


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_a_secret_may_come_from_a_file_whose_last_line_ends(tmp_path: Path, end: str) -> None:
    (tmp_path / "url").write_bytes(f" {SECRET} {end}".encode())
    raw, found = from_environment("pager", Pager, {f"{URL}_FILE": str(tmp_path / "url")})
    assert (raw["url"].get_secret_value(), found) == (f" {SECRET} ", [])


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "the file is empty."),
        (b" \n", "the file is empty."),
        (b"\xff", "the file is not UTF-8 text."),
        (b"x" * 65_537, "the file has more than 65536 bytes, which is no value."),
        (None, "there is no such file."),
    ],
)
def test_a_file_that_holds_no_value_is_told_by_the_variables_name(
    tmp_path: Path, content: bytes | None, problem: str
) -> None:
    if content is not None:
        (tmp_path / "url").write_bytes(content)
    assert problems(URL_FILE=str(tmp_path / "url")) == [f"{URL}_FILE: {problem}"]


def test_a_secret_given_as_the_name_of_its_file_is_not_said_again(tmp_path: Path) -> None:
    for value in (f"https://h.example/{SECRET}", str(tmp_path), SECRET * 300, f"{SECRET}\0"):
        (problem,) = problems(URL_FILE=value)
        assert SECRET not in problem
        assert problem.startswith(f"{URL}_FILE: ")


def test_a_file_that_fails_while_it_is_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "url").write_text(SECRET)

    def fail(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", fail)
    assert problems(URL_FILE=str(tmp_path / "url")) == [f"{URL}_FILE: the file cannot be read: Permission denied."]


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        ({}, [f"{URL}: is missing."]),
        ({"URL": ""}, [f"{URL}: is set but empty. Unset it or give it a value."]),
        ({"URL": "\udcff"}, [f"{URL}: is not UTF-8 text."]),
        ({"URL": "x", "URL_FILE": "/x"}, [f"{URL} and {URL}_FILE: both are set. Unset one of them."]),
        ({"URL": "x", "PORT": "2000"}, [f"{PORT}: must be less than or equal to 100."]),
        ({"URL": "x", "LOUD": "aye"}, ["PERSEUS_PLUGIN_PAGER_LOUD: must be true or false."]),
        ({"URL": "x", "PROT": "1"}, [f"PERSEUS_PLUGIN_PAGER_PROT: no such field. Did you mean {PORT}?"]),
        (
            {"URL": "x", "ZZ": "1", "PORT": ""},
            [
                "PERSEUS_PLUGIN_PAGER_ZZ: no such field. There are: "
                "PERSEUS_PLUGIN_PAGER_URL, PERSEUS_PLUGIN_PAGER_PORT, PERSEUS_PLUGIN_PAGER_RECIPIENTS, "
                "PERSEUS_PLUGIN_PAGER_LOUD, PERSEUS_PLUGIN_PAGER_TONE.",
                f"{PORT}: is set but empty. Unset it or give it a value.",
            ],
        ),
    ],
)
def test_everything_that_is_wrong_is_told_at_once_by_name(environ: dict[str, str], told: list[str]) -> None:
    assert problems(**environ) == told


def test_what_the_model_says_of_several_fields_is_told_by_the_plugins_name() -> None:
    class Picky(BaseModel):
        a: str = ""

        @field_validator("a")
        @classmethod
        def _sound(cls, value: str) -> str:
            raise ValueError(f"what is {value}?")

    assert from_environment("picky", Picky, {"PERSEUS_PLUGIN_PICKY_A": "this"})[1] == [
        "PERSEUS_PLUGIN_PICKY_A: what is this?"
    ]


def test_a_plugins_variables_are_not_those_of_one_with_a_longer_name() -> None:
    environ = {"PERSEUS_PLUGIN_LOG_PATH": "a", "PERSEUS_PLUGIN_LOG_JSON_PATH": "b", "PERSEUS_PLUGIN_LOGS_PATH": "c"}
    names = ["log", "log-json", "logs"]
    assert [list(own(name, names, environ).values()) for name in names] == [["a"], ["b"], ["c"]]
    assert own("log", ["log"], environ).keys() == {"PERSEUS_PLUGIN_LOG_PATH", "PERSEUS_PLUGIN_LOG_JSON_PATH"}


def test_the_example_is_what_a_person_would_write() -> None:
    assert example("pager", Pager) == (
        "# Address | of the pager.\n"
        "# Secret: PERSEUS_PLUGIN_PAGER_URL_FILE may name a file that holds it.\n"
        "PERSEUS_PLUGIN_PAGER_URL=\n"
        "#PERSEUS_PLUGIN_PAGER_PORT=25\n"
        "#PERSEUS_PLUGIN_PAGER_RECIPIENTS=\n"
        "# Wake people up.\n"
        "#PERSEUS_PLUGIN_PAGER_LOUD=false\n"
        "#PERSEUS_PLUGIN_PAGER_TONE=\n"
    )


def test_the_table_of_a_page_has_a_row_for_each_variable() -> None:
    rows = table("pager", Pager).splitlines()
    assert len(rows) == 2 + len(variables("pager", Pager))
    assert rows[2] == "| `PERSEUS_PLUGIN_PAGER_URL` | secret | required | Address \\| of the pager. |"
    assert rows[3] == "| `PERSEUS_PLUGIN_PAGER_PORT` | whole number, 1 to 100 | `25` | Port |"
    assert rows[5] == "| `PERSEUS_PLUGIN_PAGER_LOUD` | `true` or `false` | `false` | Wake people up. |"
