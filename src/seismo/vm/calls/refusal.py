"""How helpers say no: by a negative errno."""

from __future__ import annotations

from functools import wraps

from seismo.vm.errors import Errno
from seismo.vm.run import Helper, Run

__all__ = ("refusing",)


def refusing(helper: Helper) -> Helper:
    """The helper, with -errno for its answer where it raises Errno."""

    @wraps(helper)
    def call(run: Run, a: int, b: int, c: int, d: int, e: int) -> int:
        try:
            return helper(run, a, b, c, d, e)
        except Errno as error:
            return -error.errno

    return call
