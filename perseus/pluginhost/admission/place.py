"""Where in a plugin's files something is: `line 12: `, with the file before it when it is not the plugin's first."""

from __future__ import annotations

import inspect
import itertools
import linecache
import traceback
from pathlib import Path

from perseus.pluginhost.calling.boundary import Breakout

HOST = str(Path(__file__).parent.parent)
IMPORTS = ("importlib", "metadata")


def defined_at(function: object, plugin: object) -> str:
    """Where a function begins; empty when nobody knows."""
    code = getattr(inspect.unwrap(function), "__code__", None) if callable(function) else None
    if code is None:
        return ""
    lines = range(code.co_firstlineno, code.co_firstlineno + 20)  # the first may be that of a decorator
    starts = [n for n in lines if linecache.getline(code.co_filename, n).lstrip().startswith(("def ", "async def "))]
    return _told(code.co_filename, (starts or lines)[0], getattr(plugin, "__file__", None) or code.co_filename)


def raised_at(error: BaseException) -> str:
    """Where an exception came from: the deepest line of the plugin's own files; empty when nobody knows."""
    error = error.raised if isinstance(error, Breakout) else error
    if isinstance(error, SyntaxError) and error.lineno:
        return _told(error.filename or "", error.lineno, error.filename or "")
    frames = traceback.extract_tb(error.__traceback__)
    threads = [at for at, frame in enumerate(frames) if frame.name == "run" and frame.filename.startswith(HOST)]
    inner = frames[threads[0] + 1 :] if threads else frames
    own = list(itertools.dropwhile(_is_ours, inner))
    if not own:
        return ""
    first = own[0].filename
    folder = str(Path(first).parent) if Path(first).name == "__init__.py" else first
    last = [frame for frame in own if frame.filename.startswith(folder)][-1]
    return _told(last.filename, last.lineno or 0, first)


def _is_ours(frame: traceback.FrameSummary) -> bool:
    """Does the way to the plugin lead through here: the host, or what imports modules?"""
    return frame.filename.startswith(("<", HOST)) or Path(frame.filename).parent.name in IMPORTS


def _told(filename: str, line: int, first: str) -> str:
    file = "" if filename == first else f"{Path(filename).name} "
    return f"{file}line {line}: " if line else ""
