"""Which release of Linux runs the tests: for what only some of them have."""

from __future__ import annotations

import os

import pytest

__all__ = ("is_since", "only_on", "skip_before")

_RELEASE = tuple(map(int, os.uname().release.split("-")[0].split(".")[:2]))


def is_since(major: int, minor: int) -> bool:
    """Whether this kernel is of that version or later."""
    return (major, minor) <= _RELEASE


def skip_before(major: int, minor: int) -> None:
    """Skip the test on older kernels."""
    if not is_since(major, minor):
        pytest.skip(f"since Linux {major}.{minor}")


def only_on(major: int, minor: int) -> pytest.MarkDecorator:
    """Skips the test on other kernels, whose rules differ."""
    reason = f"the rules are those of Linux {major}.{minor}"
    return pytest.mark.skipif((major, minor) != _RELEASE, reason=reason)
