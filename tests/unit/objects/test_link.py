"""What a link owns is closed in its order, and whatever happens."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from seismo.kernel.fd import Fd
from seismo.kernel.live import LiveKernel
from seismo.objects.link import Link, detach_all, join_links

KERNEL = LiveKernel()


class Noted:
    """Writes down when it is closed, and may fail to."""

    def __init__(self, name: str, log: list[str], fails: bool = False) -> None:
        self.name = name
        self._log = log
        self._fails = fails

    def close(self) -> None:
        self._log.append(self.name)
        if self._fails:
            raise OSError(self.name)


def an_fd(name: str) -> Fd:
    return Fd(KERNEL, os.open("/dev/null", os.O_RDONLY), "link", name)


def test_detaching_leaves_the_rest() -> None:
    log: list[str] = []
    first, second, event = an_fd("first"), an_fd("second"), an_fd("event")
    link = Link((first, second), (event, Noted("probe", log)))
    assert link.fds == (first, second, event)
    detach_all([link])
    assert [one.is_open for one in link.fds] == [False, False, True]
    assert log == []
    link.close()
    assert not event.is_open
    assert log == ["probe"]


def test_the_rest_is_closed_in_order_even_if_one_fails() -> None:
    log: list[str] = []
    link = Link((an_fd("link"),), (Noted("event", log, fails=True), Noted("probe", log)))
    with pytest.raises(OSError, match="event"):
        link.close()
    assert log == ["event", "probe"]
    assert not link.attached[0].is_open


def test_joined_links_are_one() -> None:
    log: list[str] = []
    one, two = an_fd("one"), an_fd("two")
    link = join_links([Link((one,), (Noted("a", log),)), Link((two,), (Noted("b", log),))])
    assert link.attached == (one, two)
    link.close()
    assert log == ["a", "b"]


def test_a_part_that_fails_closes_the_others() -> None:
    made: list[Link] = []

    def links() -> Iterator[Link]:
        for name in ("one", "two"):
            made.append(Link((an_fd(name),)))
            yield made[-1]
        raise OSError("three")

    with pytest.raises(OSError, match="three"):
        join_links(links())
    assert [link.attached[0].is_open for link in made] == [False, False]


def test_a_link_to_nothing() -> None:
    link = Link()
    assert link.fds == ()
    assert link.missed(KERNEL) == 0
    detach_all([link])
    link.close()
