"""pycparser and pcpp, without what they import for their command lines and their own lexers.

Importing them plainly takes 28 ms, of which 21 are for `subprocess`, `inspect`, `argparse` and
regular expressions that nothing here uses. While the libraries load, stand-ins have those names; a
stand-in that is called all the same fetches what it stands for, so other users of the libraries in
the same process see no difference.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType
from typing import Any

from seismo.base.dataclass import dataclass

__all__ = ("CParser", "Evaluator", "Macro", "Preprocessor", "PreprocessorHooks", "c_ast")

_NOT_NEEDED = ("argparse", "inspect", "pycparser.c_lexer", "subprocess", "traceback")


class _StandIn(ModuleType):
    """A module whose every name is a class that makes what the real one makes."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        module = self.__name__

        def make(_: type, *args: Any, **kwargs: Any) -> Any:
            return getattr(import_module(module), name)(*args, **kwargs)

        return type(name, (), {"__new__": make})


@contextmanager
def _stand_ins() -> Iterator[None]:
    put = {name: _StandIn(name) for name in _NOT_NEEDED if name not in sys.modules}
    if "dataclasses" not in sys.modules:
        cheap = put["dataclasses"] = _StandIn("dataclasses")
        vars(cheap)["dataclass"] = dataclass
    sys.modules.update(put)
    try:
        yield
    finally:
        for name, module in put.items():
            if sys.modules.get(name) is module:
                del sys.modules[name]


with _stand_ins():
    from pcpp.evaluator import Evaluator
    from pcpp.parser import Macro, PreprocessorHooks
    from pcpp.preprocessor import Preprocessor
    from pycparser import c_ast
    from pycparser.c_parser import CParser
