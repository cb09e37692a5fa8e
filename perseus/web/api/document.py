"""`/api/openapi.json`: the JSON API as an OpenAPI 3.1 document, made from the table in `operations`."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from flask import Blueprint, Response, jsonify

from perseus.version import VERSION
from perseus.web.api.operations import OPERATIONS, Operation, Parameter
from perseus.web.api.schemas import COMPONENTS, Schema, ref
from perseus.web.parameters import query
from perseus.web.problems import MEDIA_TYPE

ABOUT = "Who serves which exchange, what happened, and who was told of it. Everything here is read; nothing is changed."
PROBLEMS = {
    400: "A parameter is wrong; `field` names it.",
    401: "No token, or not a valid one.",
    403: "The owner of the token may not do this.",
    404: "It does not exist.",
    421: "Asked under a host name that is not served.",
    500: "Our mistake; it is in the log.",
    503: "The data store or the database does not answer. Nothing follows for any exchange: ask again.",
}

routes = Blueprint("apidoc", __name__, url_prefix="/api")


@routes.get("/openapi.json")
def openapi() -> Response:
    """The document."""
    query(())
    return jsonify(document())


@cache
def document() -> dict[str, Any]:
    """All of the table. Only read it: every caller gets the same one."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "Perseus Network", "version": VERSION, "description": ABOUT},
        "security": [{"token": []}],
        "paths": {one.address: {"get": _operation(one)} for one in OPERATIONS},
        "components": {
            "schemas": dict(COMPONENTS),
            "responses": {str(status): _problem(about) for status, about in PROBLEMS.items()},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(one: Operation) -> dict[str, Any]:
    said = {"operationId": one.name, "summary": one.about, "responses": _responses(one)}
    return said | ({"parameters": [_parameter(each) for each in one.parameters]} if one.parameters else {})


def _responses(one: Operation) -> dict[str, Any]:
    sound = {"200": {"description": one.about, "content": _content("application/json", one.answer)}}
    return sound | {str(status): {"$ref": f"#/components/responses/{status}"} for status in _statuses(one)}


def _statuses(one: Operation) -> Iterator[int]:
    unlikely = ({404} if not one.may_miss else set()) | ({503} if not one.asks else set())
    return (status for status in PROBLEMS if status not in unlikely)


def _parameter(one: Parameter) -> dict[str, Any]:
    return {
        "name": one.name,
        "in": one.place,
        "required": one.place == "path",
        "description": one.about,
        "schema": dict(one.schema),
    }


def _problem(about: str) -> dict[str, Any]:
    return {"description": about, "content": _content(MEDIA_TYPE, ref("Problem"))}


def _content(media_type: str, schema: Schema) -> dict[str, Any]:
    return {media_type: {"schema": dict(schema)}}
