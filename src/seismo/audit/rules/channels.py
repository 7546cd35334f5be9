"""Where alerts go: the channels of the rules, or the outputs of the run; and `RuleSink`, which puts
rules into a run as one more sink.

>>> sink = RuleSink(Aggregator(rules.rules), Channels(rules, around, outputs=[("main", sink)]))
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from seismo.audit.record.account import Account
from seismo.audit.record.batch import Batch
from seismo.audit.record.event import AuditEvent
from seismo.audit.rules.aggregator import Aggregator
from seismo.audit.rules.kernel_counts import CountReader
from seismo.audit.rules.model import Channel, Rules
from seismo.audit.sinks.alert import Alert
from seismo.audit.sinks.open import Surroundings, open_sink
from seismo.audit.sinks.output_file import OutputFile
from seismo.audit.sinks.settings import Rotation, SinkSettings, Sync
from seismo.audit.sinks.sink import Sink
from seismo.audit.sinks.text import TextSink

__all__ = ("AlertFormat", "Channels", "RuleSink")

_GRACE_NS = 1_000_000_000


class AlertFormat:
    """A channel of type `file`: the texts of alerts."""

    def heading(self) -> str:
        return ""

    def line(self, event: AuditEvent) -> str:
        """Channels get no events."""
        return ""

    def alert(self, alert: Alert) -> str:
        return alert.text()

    def account(self, account: Account, *, is_final: bool) -> str:
        return ""

    def gap(self, failed: int, reason: str) -> str:
        return f"({failed} alerts could not be written: {reason})"


class Channels:
    """The channels of rules, opened: SinkError for one that cannot be. They are closed by us.

    `outputs` are the run's own sinks with their names: what a rule without a channel is told to,
    all of them, and what a rule may name. They are not closed by us.
    """

    def __init__(
        self, rules: Rules, around: Surroundings, *, outputs: Sequence[tuple[str, Sink]] = ()
    ) -> None:
        self._outputs = [sink for _, sink in outputs]
        self._opened: list[Sink] = []
        self._named: dict[str, Sink] = {name: sink for name, sink in outputs if name}
        self._channel_of = {rule.name: rule.output.channel for rule in rules.rules}
        try:
            for channel in rules.channels:
                sink = _open(channel, around)
                self._opened.append(sink)
                self._named[channel.id] = sink
        except BaseException:
            self.close()
            raise

    @property
    def failed(self) -> int:
        """How many alerts could not be written to the channels."""
        return sum([sink.failed for sink in self._opened])

    @property
    def failure(self) -> str:
        """The last reason of the first channel that has one."""
        return next((sink.failure for sink in self._opened if sink.failure), "")

    def tell(self, alerts: Iterable[Alert]) -> None:
        """Hand each alert to its rule's channel."""
        for alert in alerts:
            channel = self._channel_of.get(alert.rule, "")
            sinks = [self._named[channel]] if channel in self._named else self._outputs
            for sink in sinks:
                sink.alert(alert)

    def flush(self) -> None:
        """Flush the channels."""
        for sink in self._opened:
            sink.flush()

    def close(self) -> None:
        """Close the channels."""
        for sink in self._opened:
            sink.close()


class RuleSink:
    """Takes a stream's batches, and tells what rules find in it.

    It stands in front of the outputs that its alerts go to: it is closed before them, and then
    tells of the windows that have not ended.
    """

    def __init__(self, aggregator: Aggregator, channels: Channels) -> None:
        self.aggregator = aggregator
        self._channels = channels
        self._is_closed = False

    @property
    def failed(self) -> int:
        return self._channels.failed

    @property
    def failure(self) -> str:
        return self._channels.failure

    @property
    def missed(self) -> dict[str, str]:
        """By the rules' names, what they could not count."""
        counts = self.aggregator.counts().items()
        return {name: text for name, one in counts if (text := one.missed())}

    def write(self, batch: Batch) -> None:
        self._channels.tell(self.aggregator.take(batch))

    def alert(self, alert: Alert) -> None:
        """Alerts of others are no events for rules."""

    def account(self, account: Account, *, is_final: bool) -> None:
        """Rules are about events."""

    def take_counts(self, reader: CountReader, now_ns: int, *, is_final: bool = False) -> None:
        """Take what the kernel has counted for rules by `now_ns`; at the end all there is."""
        self._channels.tell(reader.hand_over(self.aggregator, now_ns, is_final=is_final))

    def advance(self, reached_ns: int) -> None:
        """Tell of windows that have ended: what is older than `reached_ns` has been written here,
        but for what may come a second too late."""
        self._channels.tell(self.aggregator.advance(reached_ns - _GRACE_NS))

    def flush(self) -> None:
        self._channels.flush()

    def close(self) -> None:
        if not self._is_closed:
            self._is_closed = True
            self._channels.tell(self.aggregator.finish())
            self._channels.close()


def _open(channel: Channel, around: Surroundings) -> Sink:
    if channel.type == "file":
        output = OutputFile(channel.path, rotation=Rotation(), sync=Sync.CLOSE)
        return TextSink(AlertFormat(), output)
    return open_sink(SinkSettings(type=channel.type, path=channel.path), around)
