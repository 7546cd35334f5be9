"""`bcc.version`: the version of BCC whose Python API this is."""

from __future__ import annotations

__all__ = ("__version__",)

__version__ = "0.37.0"
