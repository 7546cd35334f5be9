"""`BenchError`: a measurement that could not be taken."""

from __future__ import annotations

__all__ = ("BenchError",)


class BenchError(Exception):
    """A tool, a producer or a document is not as the measurement needs it; says what to do."""
