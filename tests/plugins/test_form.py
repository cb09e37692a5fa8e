"""One model gives the form, the check, the variables, the example and the page of a plugin's configuration."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field, Secret, SecretBytes, SecretStr, create_model, field_validator

from perseus.pluginhost.configuration.form import FieldType, FormField, check, fields_of, read_form, schema_of

SECRET = "pl4nted-in-the-form"


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class Channel(BaseModel):
    """A channel
    of the service."""

    url: SecretStr = Field(description="Address of the webhook.")
    username: str = Field("Perseus", title="Name of the sender", pattern="^[A-Z]")
    port: int = Field(587, ge=1, lt=65_536)
    patience: float | None = Field(None, gt=0)
    tls: bool = True
    colour: Colour = Colour.RED
    level: Literal[1, 2, 3] = 2
    recipients: tuple[str, ...] = ("a@example.org",)
    tags: list[Literal["x", "y"]] = Field(default_factory=list)
    password: SecretStr | None = SecretStr("pl4nted-default")


FIELDS = {field.name: field for field in fields_of(schema_of(Channel))}


def model(kind: Any) -> type[BaseModel]:
    return create_model("Model", field=(kind, ...))


@pytest.mark.parametrize(
    "field",
    [
        FormField("url", "Url", FieldType.SECRET, "Address of the webhook.", required=True),
        FormField("username", "Name of the sender", FieldType.TEXT, default="Perseus", pattern="^[A-Z]"),
        FormField("port", "Port", FieldType.NUMBER, default=587, minimum=1, maximum=65_535, is_whole=True),
        FormField("patience", "Patience", FieldType.NUMBER, minimum=0),
        FormField("tls", "Tls", FieldType.CHECKBOX, default=True),
        FormField("colour", "Colour", FieldType.SELECT, default="red", choices=("red", "blue")),
        FormField("level", "Level", FieldType.SELECT, default=2, choices=(1, 2, 3), is_whole=True),
        FormField("recipients", "Recipients", FieldType.LIST, default=["a@example.org"]),
        FormField("tags", "Tags", FieldType.LIST, choices=("x", "y")),
        FormField("password", "Password", FieldType.SECRET),
    ],
    ids=lambda field: field.name,
)
def test_each_field_of_a_model_is_one_of_the_form(field: FormField) -> None:
    assert FIELDS.pop(field.name) == field


def test_no_field_of_the_model_is_left_out() -> None:
    assert [field.name for field in fields_of(schema_of(Channel))] == list(Channel.model_fields)


def test_the_schema_is_json_marks_secrets_and_never_gives_a_secret_default() -> None:
    schema = schema_of(Channel)
    secret = [name for name, each in schema["properties"].items() if each.get("format") == "password"]
    assert secret == ["url", "password"]
    assert "default" not in schema["properties"]["password"]
    assert "pl4nted" not in str(schema)
    assert "$" not in "".join(schema)
    assert schema["description"] == "A channel\nof the service."


@pytest.mark.parametrize(
    "kind", [Secret[str], SecretBytes, SecretStr | None, Annotated[SecretStr, Field(min_length=3)]]
)
def test_every_type_of_secret_is_known_as_one(kind: Any) -> None:
    assert schema_of(model(kind))["properties"]["field"]["format"] == "password"


@pytest.mark.parametrize(
    ("kind", "problem"),
    [
        (dict[str, str], "field has a type that fits into no form"),
        (Channel, "field has a type that fits into no form"),
        (int | str, "field has a type that fits into no form"),
        (list[SecretStr], "field is a list of secrets"),
        (list[dict[str, str]], "field is a list of more than text"),
    ],
)
def test_a_field_that_no_form_can_hold_is_refused_by_name(kind: Any, problem: str) -> None:
    with pytest.raises(ValueError, match=f"{problem}.*: use text, numbers"):
        schema_of(model(kind))


def test_names_that_the_environment_cannot_tell_apart_are_refused() -> None:
    with pytest.raises(ValueError, match="token_file is taken"):
        schema_of(create_model("Model", token=(str, ""), token_file=(str, "")))
    with pytest.raises(ValueError, match="webHook has capital letters"):
        schema_of(create_model("Model", webHook=(str, "")))


def test_a_form_as_a_browser_sends_it_is_read_by_the_schema_alone() -> None:
    raw = read_form(
        schema_of(Channel),
        {
            "url": SECRET,
            "username": " Bot ",
            "port": "25",
            "patience": "2.5",
            "colour": "blue",
            "level": ["3"],
            "recipients": "a@example.org\r\n\r\n b@example.org ",
            "tags": ["x", "y"],
            "password": "",
            "csrf": "not ours",
        },
    )
    assert raw == {
        "url": SecretStr(SECRET),
        "username": "Bot",
        "port": 25,
        "patience": 2.5,
        "tls": False,
        "colour": "blue",
        "level": 3,
        "recipients": ["a@example.org", "b@example.org"],
        "tags": ["x", "y"],
    }
    assert SECRET not in repr(raw)
    made, problems = check(Channel, raw)
    assert problems == {}
    assert isinstance(made, Channel)
    assert made.url.get_secret_value() == SECRET
    assert SECRET not in repr(made)


def test_an_empty_form_leaves_the_defaults_but_empties_a_list() -> None:
    empty = dict.fromkeys(Channel.model_fields, "")
    assert read_form(schema_of(Channel), {**empty, "tls": "on"}) == {"tls": True, "recipients": []}


@pytest.mark.parametrize(
    ("changes", "problems"),
    [
        ({"url": ""}, {"url": "is missing"}),
        ({"port": "many"}, {"port": "must be a whole number"}),
        ({"port": "9" * 30}, {"port": "must be less than 65536"}),
        ({"patience": "long"}, {"patience": "must be a number"}),
        ({"patience": "0"}, {"patience": "must be greater than 0"}),
        ({"username": "bot"}, {"username": "must match pattern '^[A-Z]'"}),
        ({"colour": "green"}, {"colour": "must be 'red' or 'blue'"}),
        ({"tags": "x\nz"}, {"tags": "entry 2 must be 'x' or 'y'"}),
    ],
)
def test_what_is_wrong_is_told_by_field_in_words_for_people(changes: dict[str, str], problems: dict[str, str]) -> None:
    raw = read_form(schema_of(Channel), {"url": SECRET, **changes})
    assert check(Channel, raw) == (None, problems)


@pytest.mark.parametrize("given", ["nan", "inf", float("-inf")])
def test_a_number_is_finite_whatever_the_model_says(given: Any) -> None:
    assert check(model(float), {"field": given}) == (None, {"field": "must be a number"})


def test_a_name_that_the_model_does_not_have_is_an_error_even_if_its_author_allows_it() -> None:
    loose = create_model("Loose", url=(str, ""), __config__={"extra": "allow"})
    assert check(loose, {"ulr": "x"}) == (None, {"ulr": "is no field. Did you mean url?"})
    assert check(loose, {"url": "x"})[1] == {}


def test_a_field_is_known_by_its_own_name_whatever_alias_it_has() -> None:
    aliased = create_model("Aliased", webhook_url=(int, Field(alias="webhookUrl")))
    assert list(schema_of(aliased)["properties"]) == ["webhook_url"]
    assert check(aliased, {"webhook_url": 3})[1] == {}
    assert check(aliased, {"webhook_url": "x"})[1] == {"webhook_url": "must be a whole number"}


class Careless(BaseModel):
    """A model whose checks say everything."""

    url: SecretStr

    @field_validator("url")
    @classmethod
    def _sound(cls, url: SecretStr) -> SecretStr:
        raise ERRORS[url.get_secret_value().rpartition("/")[2]](url.get_secret_value())


ERRORS: dict[str, type[BaseException]] = {
    "pl4nted-value": ValueError,
    "pl4nted-assertion": AssertionError,
    "pl4nted-key": KeyError,
    "pl4nted-exit": SystemExit,
}


@pytest.mark.parametrize("kind", ERRORS)
@pytest.mark.parametrize("given", [SecretStr, str])
def test_no_check_betrays_a_secret_or_ends_the_process(kind: str, given: Any, caplog: pytest.LogCaptureFixture) -> None:
    made, problems = check(Careless, {"url": given(f"https://h.example/{kind}")})
    assert made is None
    assert len(problems) == 1
    assert "pl4nted" not in str(problems) + caplog.text


def test_a_check_that_fails_in_an_odd_way_is_on_the_log(caplog: pytest.LogCaptureFixture) -> None:
    _, problems = check(Careless, {"url": "https://h.example/pl4nted-key"})
    assert problems == {"": "its own check failed with KeyError"}
    assert caplog.messages == ["The check of Careless raised KeyError, which is neither ValueError nor AssertionError."]
