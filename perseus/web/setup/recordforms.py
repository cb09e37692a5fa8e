"""The form of a connection record: what it shows, and what it sends."""

from __future__ import annotations

from dataclasses import dataclass

from flask import request

from perseus.access import variables
from perseus.db.userexchanges import Access, Offered, Record
from perseus.network.exchange import Exchange
from perseus.web import words
from perseus.web.setup.known import warning
from perseus.web.typed import Given

LABEL_MOST = 100
FIELDS = ("display_name", "key", "secret", "further")


class NotTaken(ValueError):
    """Raised for a form that cannot be saved. `errors`: by field, a sentence without what was given."""

    def __init__(self, errors: dict[str, str]) -> None:
        super().__init__("; ".join(f"{name}: {text}" for name, text in errors.items()))
        self.errors = errors


@dataclass(frozen=True, slots=True)
class RecordForm:
    """As the template draws it. `errors`: by field, '' for none; `warning`: from where the exchange may not be used."""

    name: str
    called: str
    warning: str
    display_name: str
    key: str
    secret: str
    further: str
    errors: dict[str, str]
    then: str


def empty(offered: Offered, then: str) -> RecordForm:
    """For a new record. Without names of variables: market data needs none."""
    label = words.plain(offered.exchange.display_name, LABEL_MOST)
    return _form(offered, label, "", "", "", {}, then)


def of(offered: Offered, record: Record) -> RecordForm:
    """Filled with a record."""
    access = record.access
    further = "\n".join(access.further)
    return _form(offered, access.display_name, access.key or "", access.secret or "", further, {}, "")


def again(offered: Offered, errors: dict[str, str], then: str) -> RecordForm:
    """As it was sent. A field that was refused is empty: it may hold a secret."""
    given = {name: "" if name in errors else _lines(request.form.get(name, "")) for name in FIELDS}
    return _form(offered, given["display_name"], given["key"], given["secret"], given["further"], errors, then)


def _lines(text: str) -> str:
    return "\n".join(words.plain(line, 1_000) for line in text[:10_000].splitlines())


def unsaved(offered: Offered, then: str) -> RecordForm:
    """The same where it could not be saved."""
    try:
        sent(offered.exchange)
    except NotTaken as error:
        return again(offered, dict.fromkeys(error.errors, ""), then)
    return again(offered, {}, then)


def safe(given: Given) -> Given:
    """What of a form that was sent may be shown: what can be no secret."""
    doubtful = {name for name in FIELDS if not _is_plain(name, "\n".join(given.get(name, ())))}
    return {name: values for name, values in given.items() if name not in doubtful}


def _is_plain(name: str, text: str) -> bool:
    try:
        if name == "display_name":
            variables.label(text)
        else:
            variables.names(text)
    except ValueError:
        return False
    return True


def sent(exchange: Exchange) -> Access:
    """What the form says. Raises NotTaken."""
    errors: dict[str, str] = {}
    label = " ".join(request.form.get("display_name", "").split()) or exchange.display_name
    if len(label) > LABEL_MOST or not label.isprintable():
        errors["display_name"] = f"give a name of at most {LABEL_MOST} characters"
    else:
        try:
            variables.label(label)
        except ValueError as error:
            errors["display_name"] = str(error)
    key, secret = (_name(field, errors) for field in ("key", "secret"))
    if secret and not key and "key" not in errors:
        errors["key"] = "a secret goes with a key: give the name of its variable too"
    further: tuple[str, ...] = ()
    try:
        further = variables.names(request.form.get("further", ""))
    except ValueError as error:
        errors["further"] = str(error)
    if errors:
        raise NotTaken(errors)
    return Access(label, key, secret, further)


def _name(field: str, errors: dict[str, str]) -> str | None:
    text = request.form.get(field, "").strip()
    try:
        return variables.name(text) if text else None
    except ValueError as error:
        errors[field] = str(error)
        return None


def _form(
    offered: Offered, label: str, key: str, secret: str, further: str, errors: dict[str, str], then: str
) -> RecordForm:
    exchange = offered.exchange
    called = words.plain(exchange.display_name, LABEL_MOST)
    shown = {name: errors.get(name, "") for name in FIELDS}
    return RecordForm(
        exchange.name, called, warning(called, offered.restrictions), label, key, secret, further, shown, then
    )
