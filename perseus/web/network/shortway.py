"""The short way of a poll: what one viewer was answered goes as it is to the next who asks alike.

Most requests are polls of the Network page, and within a second they differ in nothing but who asks. That is looked up
here as `guard` does; then the answer is one that the app gave, from the same reading of the network. Whatever is in
doubt goes through the app, which also says what is wrong.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from flask import Flask
from itsdangerous import BadData
from werkzeug.http import parse_cookie

from perseus.access.person import Person
from perseus.access.roles import Role
from perseus.errors import PerseusError
from perseus.web import security
from perseus.web.network.sharedbody import is_same
from perseus.web.people.access import UNKNOWN, Access
from perseus.web.polled import NOW_HEADER
from perseus.web.site import Now, Site

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

PATH: Final = "/network/live"
#: In the environ of the app: the reading that it is to answer from.
NOW: Final = "perseus.now"
ANSWERS_KEPT: Final = 32
ANSWER_BYTES: Final = 500_000  # of more than this each goes through the app, which keeps bodies by their bytes
COOKIES_KEPT: Final = 4096
COOKIE_LENGTH: Final = 2_000
#: What an answer depends on besides the network, and whether one may see it and act.
ASKED: Final = ("QUERY_STRING", "HTTP_PERSEUS_HOLDS", "HTTP_ACCEPT_ENCODING")

Question = tuple[str, ...]


class Answer(NamedTuple):
    """What the app said, and from what."""

    now: Now
    headers: list[tuple[str, str]]
    body: bytes


class ShortWay:
    """In front of one app, as WSGI has it. Safe from any thread."""

    def __init__(self, app: Flask, about: Site, access: Access) -> None:
        self._app = app.wsgi_app
        self._site = about
        self._access = access
        self._hosts = security.LOOPBACK | access.hosts
        self._key = lru_cache(COOKIES_KEPT)(_reader(app))
        self._lock = threading.Lock()
        self._answers: OrderedDict[Question, Answer] = OrderedDict()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        person = self._viewer(environ) if environ["PATH_INFO"] == PATH else None
        if person is None:
            return self._app(environ, start_response)
        acts = "acts" if person.may(Role.OPERATOR) else ""
        asked = (acts, *(environ.get(name, "") for name in ASKED))
        now = self._site.now()
        kept = self._answers.get(asked)
        if kept is None or not is_same(kept.now, now):
            return self._asking_the_app(environ, start_response, asked, now)
        start_response("200 OK", kept.headers)
        return [kept.body]

    def _viewer(self, environ: WSGIEnvironment) -> Person | None:
        """Whose poll it is; None for nobody who is signed in, and where that cannot be told."""
        if environ["REQUEST_METHOD"] != "GET" or environ.get("HTTP_HX_REQUEST") != "true":
            return None
        if security.hostname(environ.get("HTTP_HOST", "")) not in self._hosts:
            return None
        cookies = environ.get("HTTP_COOKIE", "")
        if len(cookies) > COOKIE_LENGTH:
            return None
        key = self._key(cookies)
        try:
            person = self._access.of_session(key, is_safe=True) if key else None
        except PerseusError as error:
            environ[UNKNOWN] = error
            return None
        return person if person is not None and person.may(Role.VIEWER) else None

    def _asking_the_app(
        self, environ: WSGIEnvironment, start_response: StartResponse, asked: Question, now: Now
    ) -> Iterable[bytes]:
        said: list[tuple[str, list[tuple[str, str]]]] = []

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], object]:
            said.append((status, headers))
            return start_response(status, headers, exc_info)

        answered = self._app({**environ, NOW: now}, start)
        try:
            body = b"".join(answered)
        finally:
            getattr(answered, "close", lambda: None)()
        status, headers = said[-1]
        if status == "200 OK" and len(body) <= ANSWER_BYTES and _is_for_all(headers):
            self._keep(asked, Answer(now, headers, body))
        return [body]

    def _keep(self, asked: Question, answer: Answer) -> None:
        with self._lock:
            self._answers[asked] = answer
            self._answers.move_to_end(asked)
            while len(self._answers) > ANSWERS_KEPT:
                self._answers.popitem(last=False)


def install(app: Flask, about: Site) -> None:
    """Put it in front of the app. Without access every request is refused, by the app."""
    if about.access is not None:
        app.wsgi_app = ShortWay(app, about, about.access)  # type: ignore[method-assign]


def _reader(app: Flask) -> Callable[[str], str | None]:
    """Reads from cookies whose session it is, where this site has signed them. Whether it still holds is asked anew."""
    interface: Any = app.session_interface
    serializer, name = interface.get_signing_serializer(app), app.config["SESSION_COOKIE_NAME"]

    def key(cookies: str) -> str | None:
        try:
            found = serializer.loads(parse_cookie(cookies).get(name, "")).get("_user_id")
        except BadData:
            return None
        return found if isinstance(found, str) else None

    return key


def _is_for_all(headers: list[tuple[str, str]]) -> bool:
    """Was it answered as a poll, and with nothing for one browser alone?"""
    names = {name for name, _ in headers}
    return NOW_HEADER in names and "Set-Cookie" not in names
