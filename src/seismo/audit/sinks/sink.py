"""`Sink`: where a stream of audit events goes. One protocol for all outputs."""

from __future__ import annotations

from typing import Protocol

from seismo.audit.record.account import Account
from seismo.audit.record.batch import Batch
from seismo.audit.sinks.alert import Alert

__all__ = ("Sink",)


class Sink(Protocol):
    """Takes batches in the order of time. What it cannot write it counts, and goes on.

    `failed` is how many events it could not write (a full disk, a peer that is gone); `failure` is
    the last reason, '' if there is none.
    """

    @property
    def failed(self) -> int: ...

    @property
    def failure(self) -> str: ...

    def write(self, batch: Batch) -> None:
        """Take a batch; the events in it are those that were asked for."""

    def alert(self, alert: Alert) -> None:
        """Take what a rule found, an event of its own, counted as such."""

    def account(self, account: Account, *, is_final: bool) -> None:
        """How things stand: what was produced, delivered, filtered, lost."""

    def flush(self) -> None:
        """Give what is held back to the system; called when nothing comes, and each second."""

    def close(self) -> None:
        """Write what is left, sync as the policy says, and close. A second time does nothing."""
