"""`Tee`: one stream to several sinks; `Chosen`: a sink that gets some types of events only."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from seismo.audit.record.account import Account
from seismo.audit.record.batch import Batch
from seismo.audit.sinks.alert import Alert
from seismo.audit.sinks.sink import Sink

__all__ = ("Chosen", "Tee")


class Tee:
    """Each sink gets all; `failed` is the sum of theirs, `failure` the first that there is."""

    def __init__(self, sinks: Sequence[Sink]) -> None:
        self.sinks = tuple(sinks)

    @property
    def failed(self) -> int:
        return sum([sink.failed for sink in self.sinks])

    @property
    def failure(self) -> str:
        return next((sink.failure for sink in self.sinks if sink.failure), "")

    def write(self, batch: Batch) -> None:
        for sink in self.sinks:
            sink.write(batch)

    def alert(self, alert: Alert) -> None:
        for sink in self.sinks:
            sink.alert(alert)

    def account(self, account: Account, *, is_final: bool) -> None:
        for sink in self.sinks:
            sink.account(account, is_final=is_final)

    def flush(self) -> None:
        for sink in self.sinks:
            sink.flush()

    def close(self) -> None:
        """Close all, also behind one that raises (nobody reads standard output any more)."""
        first: list[Exception] = []
        for sink in self.sinks:
            try:
                sink.close()
            except OSError as error:
                first.append(error)
        if first:
            raise first[0]


class Chosen:
    """Events of `types` (numbers) only; alerts and accounts pass."""

    def __init__(self, sink: Sink, types: Collection[int]) -> None:
        self._sink = sink
        self._types = frozenset(types)

    @property
    def failed(self) -> int:
        return self._sink.failed

    @property
    def failure(self) -> str:
        return self._sink.failure

    def write(self, batch: Batch) -> None:
        chosen = batch.select(self._types)
        if len(chosen):
            self._sink.write(chosen)

    def alert(self, alert: Alert) -> None:
        self._sink.alert(alert)

    def account(self, account: Account, *, is_final: bool) -> None:
        self._sink.account(account, is_final=is_final)

    def flush(self) -> None:
        self._sink.flush()

    def close(self) -> None:
        self._sink.close()
