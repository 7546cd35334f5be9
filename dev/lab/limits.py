"""A pytest plugin for guests: a test that takes too long fails with its traceback, alone.

>>> pytest -p lab.limits --test-limit 120
"""

from __future__ import annotations

import signal
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType

import pytest

__all__ = (
    "pytest_addoption",
    "pytest_runtest_call",
    "pytest_runtest_setup",
    "pytest_runtest_teardown",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds `--test-limit SECONDS`, which holds for set-up, test and tear-down each."""
    parser.addoption("--test-limit", type=int, default=0, metavar="SECONDS")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, object, object]:
    """Limits the fixtures."""
    with _limited(item.config):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Limits the test."""
    with _limited(item.config):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, object, object]:
    """Limits the clean-up of the fixtures."""
    with _limited(item.config):
        return (yield)


@contextmanager
def _limited(config: pytest.Config) -> Generator[None, None, None]:
    """Fails from a signal, because a test that hangs in a system call sees nothing else."""
    seconds: int = config.getoption("--test-limit")

    def give_up(signum: int, frame: FrameType | None) -> None:
        pytest.fail(f"still running after {seconds} s (--test-limit)")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
