"""`TraceApi`: the part of `BPF` that reads what programs print by `bpf_trace_printk`."""

from __future__ import annotations

import sys

from seismo.bcc.trace_pipe import Fields, TracePipe, parse_line

__all__ = ("TraceApi",)

_UNNAMED = b"<...>"
_NOTHING = (None, None, None, None, None, None)


class TraceApi:
    """Reads the messages of `pipe`, which is opened when a program that prints is loaded."""

    def __init__(self, pipe: TracePipe) -> None:
        self._pipe = pipe

    def trace_open(self, nonblocking: bool = False) -> TracePipe:
        """The pipe, with `readline()` and `fileno()`."""
        self._pipe.open()
        return self._pipe

    def trace_readline(self, nonblocking: bool = False) -> bytes | None:
        """The next line as the kernel has it, without its end; None with `nonblocking` if there is
        none yet."""
        line = self._pipe.read_line(0 if nonblocking else -1)
        return line or None

    def trace_fields(
        self, nonblocking: bool = False
    ) -> Fields | tuple[None, None, None, None, None, None]:
        """(task, pid, cpu, flags, ts, msg) of the next message, six times None with `nonblocking`
        if there is none yet. What is no message, such as how many were lost, is passed over.

        Of a task that the kernel has not noted the name of (`<...>`) it is what it is called now.
        """
        while line := self.trace_readline(nonblocking):
            try:
                fields = parse_line(line)
            except ValueError:
                continue
            if fields.task != _UNNAMED:
                return fields
            return fields._replace(task=_name_of(fields.pid))
        return _NOTHING

    def trace_print(self, fmt: str | None = None) -> None:
        """Print lines for ever, as they are or by a format of the fields: `"{1} {5}"`."""
        while True:
            if fmt:
                values = [
                    one.decode(errors="replace") if isinstance(one, bytes) else one
                    for one in self.trace_fields()
                ]
                text = fmt.format(*values)
            else:
                text = (self.trace_readline() or b"").decode(errors="replace")
            sys.stdout.write(f"{text}\n")
            sys.stdout.flush()


def _name_of(pid: int) -> bytes:
    try:
        with open(f"/proc/{pid}/comm", "rb") as file:
            return file.read().rstrip(b"\n")
    except OSError:
        return _UNNAMED
