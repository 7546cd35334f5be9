"""What a sink raises when it cannot begin; what goes wrong later is counted, never raised."""

from __future__ import annotations

import os

from seismo.base.errors import BpfError

__all__ = ("SinkError", "reason_of")


class SinkError(BpfError):
    """An output that cannot be opened: `output` names it, `why` is the system's answer."""

    def __init__(self, output: str, why: str, hint: str = "") -> None:
        super().__init__(f"output {output}: {why}" + (f"\nhint: {hint}" if hint else ""))
        self.output = output
        self.why = why
        self.hint = hint


def reason_of(error: Exception) -> str:
    """The system's words for a failure, as they stand in `Sink.failure`."""
    if isinstance(error, OSError) and error.errno:
        return os.strerror(error.errno)
    return str(error)
