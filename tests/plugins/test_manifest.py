"""Which versions of the hooks a plugin says it works with."""

from __future__ import annotations

import pytest

from perseus.pluginhost.admission.manifest import Manifest


@pytest.mark.parametrize(
    ("text", "api", "fits"),
    [
        (">=1,<2", (1, 0), True),
        (">=1,<2", (1, 7), True),
        (">=1,<2", (2, 0), False),
        (">=1.2", (1, 1), False),
        ("==1.0", (1, 0), True),
        (" > 0.9 , <= 1.0 ", (1, 0), True),
        (">1", (1, 0), False),
    ],
)
def test_a_range_holds_the_versions_between_its_bounds(text: str, api: tuple[int, int], fits: bool) -> None:
    assert Manifest(api=text).accepts(api) is fits


@pytest.mark.parametrize("text", ["", "1", "~=1.0", ">=1;<2", ">=one"])
def test_a_range_that_cannot_be_read_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match=">=1,<2"):
        Manifest(api=text)
