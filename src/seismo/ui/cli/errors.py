"""What the command line complains of, apart from what lies in it; each class is an exit status."""

from __future__ import annotations

from seismo.base.errors import BpfError

__all__ = ("InputError", "ListError", "PrivilegeError", "RunError")


class InputError(BpfError):
    """A script, an output file or a process that was named cannot be used."""


class ListError(BpfError):
    """A listing pattern that means nothing, or that nothing matches."""


class PrivilegeError(BpfError):
    """This process may not trace."""


class RunError(BpfError):
    """The kernel refused what was compiled, or there is nothing to run."""
