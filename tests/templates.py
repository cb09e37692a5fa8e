"""Templates of the pages, compiled once for all apps of a session: nearly every test of the web makes an app."""

from __future__ import annotations

from types import CodeType

from flask import Flask
from jinja2 import BytecodeCache, Environment
from jinja2.bccache import Bucket


class Compiled(BytecodeCache):
    """What templates were compiled to, by their text and by how the app types commands, which is compiled in."""

    def __init__(self) -> None:
        self._codes: dict[str, CodeType] = {}

    def get_bucket(self, environment: Environment, name: str, filename: str | None, source: str) -> Bucket:
        typed = environment.filters.get("typed")
        compiled_in = f"{getattr(typed, '__self__', None)!r} {environment.autoescape!r} {environment.trim_blocks}"
        key = self.get_cache_key(f"{name} {compiled_in}", filename)
        bucket = Bucket(environment, f"{key} {self.get_source_checksum(source)}", self.get_source_checksum(source))
        self.load_bytecode(bucket)
        return bucket

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._codes.get(bucket.key)

    def dump_bytecode(self, bucket: Bucket) -> None:
        assert bucket.code is not None
        self._codes[bucket.key] = bucket.code


def compile_once() -> None:
    """Have every app that is made in this process from now on share them."""
    Flask.jinja_options = {**Flask.jinja_options, "bytecode_cache": Compiled()}
