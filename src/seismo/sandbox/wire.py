"""Outcomes as plain lists of numbers and text, for the pipe between two processes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from seismo.sandbox.outcome import Change, Guard, Outcome, Stop

__all__ = ("Packed", "outcome_of", "packed")

Packed: TypeAlias = Mapping[str, Any]
"""What JSON can hold."""


def packed(outcome: Outcome) -> Packed:
    """An outcome as JSON can hold it; bytes are hexadecimal digits."""
    stop = outcome.stop
    return {
        "r0": outcome.r0,
        "stop": stop
        and [stop.guard.value, stop.why, stop.slot, stop.insn, stop.address, stop.place],
        "steps": outcome.steps,
        "calls": outcome.calls,
        "context": outcome.context.hex(),
        "changes": [
            (one.map, one.key.hex(), _text(one.before), _text(one.after)) for one in outcome.changes
        ],
        "records": [(name, record.hex()) for name, record in outcome.records],
        "printed": [line.hex() for line in outcome.printed],
        "signals": outcome.signals,
    }


def outcome_of(said: Packed) -> Outcome:
    """The inverse of `packed`."""
    stop = said["stop"]
    return Outcome(
        r0=said["r0"],
        stop=stop and Stop(Guard(stop[0]), *stop[1:]),
        steps=said["steps"],
        calls=tuple((name, count) for name, count in said["calls"]),
        context=bytes.fromhex(said["context"]),
        changes=tuple(
            Change(name, bytes.fromhex(key), _bytes(before), _bytes(after))
            for name, key, before, after in said["changes"]
        ),
        records=tuple((name, bytes.fromhex(record)) for name, record in said["records"]),
        printed=tuple(map(bytes.fromhex, said["printed"])),
        signals=tuple(said["signals"]),
    )


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.hex()


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else bytes.fromhex(text)
