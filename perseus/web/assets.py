"""Static files: exactly those found at start, under an address that changes with their content."""

from __future__ import annotations

import hashlib
import importlib.resources
from dataclasses import dataclass
from pathlib import Path

from flask import Blueprint, Response, abort, request

SUFFIXES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".txt": "text/plain"}
A_YEAR = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class Asset:
    """One file and the first 12 hex digits of its SHA-256."""

    content: bytes
    media_type: str
    version: str

    @classmethod
    def read(cls, path: Path) -> Asset:
        """The file at `path`."""
        content = path.read_bytes()
        return cls(content, SUFFIXES[path.suffix], hashlib.sha256(content).hexdigest()[:12])


class Assets:
    """The files of a folder, read once."""

    def __init__(self, folder: Path) -> None:
        self._found = {
            path.relative_to(folder).as_posix(): Asset.read(path)
            for path in sorted(folder.rglob("*"))
            if path.suffix in SUFFIXES
        }

    def url(self, name: str) -> str:
        """The address of a file; KeyError for a missing one, so that no template can name it."""
        return f"/static/{name}?v={self._found[name].version}"

    def response(self, name: str, version: str | None) -> Response:
        """The file. It may be kept for good when it was asked for by its version, else it is checked each time."""
        asset = self._found.get(name) or abort(404)
        response = Response(asset.content, mimetype=asset.media_type)
        response.set_etag(asset.version)
        response.headers["Cache-Control"] = A_YEAR if version == asset.version else "no-cache"
        response.make_conditional(request)
        return response


def packaged() -> Assets:
    """The static files that came with this installation."""
    return Assets(Path(str(importlib.resources.files("perseus.static"))))


def blueprint(assets: Assets) -> Blueprint:
    """The route that serves them."""
    routes = Blueprint("assets", __name__)

    @routes.get("/static/<path:name>")
    def file(name: str) -> Response:
        return assets.response(name, request.args.get("v"))

    return routes
