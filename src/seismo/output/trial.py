"""`TrialSink`: what one test or benchmark prints, and whether it reported an error."""

from __future__ import annotations

import io

from seismo.base.source import Span
from seismo.output.text import TextSink

__all__ = ("TrialSink",)


class TrialSink(TextSink):
    """Keeps everything as one text; counts what makes a test fail."""

    def __init__(self) -> None:
        self._all = io.BytesIO()
        self.errors = 0
        super().__init__(self._all, self._all)

    @property
    def text(self) -> str:
        """All output so far, what went to standard error in its place."""
        self.flush()
        return self._all.getvalue().decode("utf-8", "surrogateescape")

    def errorf(self, text: str, span: Span) -> None:
        self.errors += 1
        super().errorf(text, span)

    def runtime_error(self, message: str, span: Span) -> None:
        self.errors += 1
        super().runtime_error(message, span)

    def helper_error(self, helper: str, retcode: int, span: Span) -> None:
        self.errors += 1
        super().helper_error(helper, retcode, span)
