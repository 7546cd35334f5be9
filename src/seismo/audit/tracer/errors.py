"""What tracing can raise, apart from what the kernel refuses."""

from __future__ import annotations

from seismo.base.errors import BpfError, NotSupported

__all__ = ("NotInCache", "NotPermitted", "NotTracing", "ScopeError", "TooManyHandlers")


class NotInCache(BpfError, KeyError):
    """No handler with that hash is in the cache: register it with its events first."""

    def __init__(self, digest: str, known: int) -> None:
        super().__init__(digest)
        self.digest = digest
        self.known = known

    def __str__(self) -> str:
        return (
            f"handler {self.digest[:16]}…: not in the cache, which holds {self.known}\n"
            "hint: register_handler(…, events=…) puts it there; the least recently used one "
            "makes room"
        )


class NotPermitted(NotSupported):
    """This process may not load tracing programs."""


class NotTracing(BpfError):
    """What was asked for takes a tracer that has been started."""


class ScopeError(BpfError):
    """What is to be traced is not there; `hint` says what to do."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message + (f"\nhint: {hint}" if hint else ""))
        self.message = message
        self.hint = hint


class TooManyHandlers(BpfError):
    """The kernel's programs know no more handlers, or combinations of them, at a time."""
