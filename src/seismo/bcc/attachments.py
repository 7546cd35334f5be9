"""What one text's programs are attached to, by kind, place and function."""

from __future__ import annotations

from contextlib import ExitStack

from seismo.base.closing import Closing
from seismo.bcc.errors import NotAttached
from seismo.objects.link import Link, detach_all

__all__ = ("Attachments",)


class Attachments(Closing):
    """Links by (kind, place), each with one for each function that is there."""

    def __init__(self) -> None:
        self._links: dict[tuple[str, str], dict[str, Link]] = {}

    def add(self, kind: str, place: str, function: str, link: Link) -> None:
        """Keep a link until it is taken away; one of the same function there is closed."""
        there = self._links.setdefault((kind, place), {})
        if function in there:
            there[function].close()
        there[function] = link

    def remove(self, kind: str, place: str, function: str = "") -> None:
        """Detach a function from a place, or all that are there; NotAttached if none is."""
        there = self._links.get((kind, place), {})
        chosen = [function] if function else list(there)
        if not chosen or any(one not in there for one in chosen):
            raise NotAttached(f"{kind} {place}")
        for one in chosen:
            there.pop(one).close()
        if not there:
            del self._links[kind, place]

    def places(self, *kinds: str) -> int:
        """How many places of these kinds have a program."""
        return sum([kind in kinds for kind, _ in self._links])

    def close(self) -> None:
        """Detach all of it at the same time; a second time does nothing."""
        links = [link for there in self._links.values() for link in there.values()]
        self._links.clear()
        detach_all(links)
        with ExitStack() as closing:
            for link in links:
                closing.callback(link.close)
