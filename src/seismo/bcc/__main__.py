"""`python -m seismo.bcc tool.py [arguments]`: run a tool that was written for BCC as it is.

For the tool `bcc` is this package, whether another one of that name is installed or not.
"""

from __future__ import annotations

import builtins
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType, TracebackType

from seismo.base.errors import BpfError

__all__ = ("run",)

_NAME, _OURS = "bcc", "seismo.bcc"
_USAGE = "usage: python -m seismo.bcc TOOL.py [ARGUMENT ...]"


class _Alias(MetaPathFinder, Loader):
    """Finds this package and its modules where `bcc` is imported; they stay one module each."""

    def __init__(self) -> None:
        self._specs: dict[str, ModuleSpec | None] = {}

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != _NAME and not fullname.startswith(f"{_NAME}."):
            return None
        return ModuleSpec(fullname, self, is_package=fullname == _NAME)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        module = import_module(_OURS + spec.name.removeprefix(_NAME))
        self._specs[spec.name] = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        """It has been run; the import has just said that it is called otherwise."""
        spec = module.__spec__
        if spec is not None:
            module.__spec__ = self._specs[spec.name]


def run(arguments: Sequence[str]) -> None:
    """Run the tool, the first of the arguments, as the main program with the others.

    An error of ours that it does not catch is shown without a traceback; the process then ends
    with 1.
    """
    sys.excepthook = _show
    if not arguments:
        raise BpfError(_USAGE)
    path = arguments[0]
    try:
        with open(path, "rb") as file:
            code = compile(file.read(), path, "exec")
    except OSError as error:
        raise BpfError(f"{path}: {error.strerror}") from error
    sys.meta_path.insert(0, _Alias())
    sys.argv = list(arguments)
    sys.path.insert(0, os.path.dirname(os.path.abspath(path)))
    main = ModuleType("__main__")
    main.__dict__.update(__file__=path, __builtins__=builtins)
    sys.modules["__main__"] = main
    exec(code, main.__dict__)


def _show(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    if isinstance(error, BpfError):
        sys.stderr.write(f"{error}\n")
    else:
        sys.__excepthook__(kind, error, traceback)


if __name__ == "__main__":
    run(sys.argv[1:])
