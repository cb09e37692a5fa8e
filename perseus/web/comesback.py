"""Forms that come back as they were sent where what they save to is away."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from flask import Response

from perseus.errors import PerseusError
from perseus.web import problems, typed
from perseus.web.people.auditing import failed
from perseus.web.typed import Safe

STILL_HERE = "What you typed is still here, but secrets: save it again in a moment."

View = TypeVar("View", bound=Callable[..., Any])


def comes_back(
    draw: Callable[..., Response], safe: Safe = typed.all_but_passwords, *, still_here: str = STILL_HERE
) -> Callable[[View], View]:
    """Answer with the form again, where a view meets a store or database that is away.

    `draw(why, **arguments of the view)` makes it of the request; where that needs what is away too, and where it was
    away before it was known who asks, the answer has what `safe` leaves of the form, to be sent again. `still_here`:
    what `why` ends with.
    """

    def mark(view: View) -> View:
        @wraps(view)
        def kept(**given: Any) -> Any:
            try:
                return view(**given)
            except PerseusError as error:
                problem = problems.of(error)
                if problem is None or problem.status != 503:
                    raise
                try:
                    response = draw(f"{problem.detail} {still_here}", **given)
                except PerseusError:
                    raise error from None
                problems.note(error)
                failed(problem.detail)
                response.status_code = problem.status
                response.headers["Retry-After"] = problems.RETRY_SECONDS
                return response

        setattr(kept, typed.MARK, safe)
        return cast(View, kept)

    return mark
