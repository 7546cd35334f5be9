"""What every test gets: the check for open descriptors, and golden cases with `--update`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from golden_cases import pytest_addoption, pytest_generate_tests
from seismo.kernel.fd import open_fds

__all__ = ("no_fd_left_open", "pytest_addoption", "pytest_generate_tests")


@pytest.fixture(autouse=True)
def no_fd_left_open() -> Iterator[None]:
    """A test that leaves an `Fd` open fails, and the next one does not pay for it."""
    before = set(open_fds())
    yield
    left = [fd for fd in open_fds() if fd not in before]
    report = [repr(fd) for fd in left]
    for fd in left:
        fd.close()
    assert not report
