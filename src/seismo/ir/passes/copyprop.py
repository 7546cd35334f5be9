"""Removes block parameters that always get the same value: the copies that SSA construction left.

Before:                                     After:
    entry:                                  entry:
        %1 = load.u64 %p0+0                     %1 = load.u64 %p0+0
        jump loop(%1)                           jump loop
    loop(%2):                               loop:
        branch.ne64 %2, %1 ? loop(%2) : done    branch.ne64 %1, %1 ? loop : done

A parameter that gets only itself and one other value is that value (Braun et al., 2013, call it a
trivial phi).
"""

from __future__ import annotations

from collections import defaultdict, deque

from seismo.ir.func import Func
from seismo.ir.ops import Value
from seismo.ir.passes.rewrite import drop_params, rename_all

__all__ = ("copyprop",)


def copyprop(func: Func) -> Func:
    """The function without trivial block parameters."""
    arguments = _arguments(func)
    renamed = _trivial(arguments)
    return rename_all(drop_params(func, renamed), renamed) if renamed else func


def _arguments(func: Func) -> dict[Value, dict[Value, None]]:
    """What each block parameter may get, in order."""
    params = {block.label: block.params for block in func.blocks}
    arguments: dict[Value, dict[Value, None]] = {}
    for block in func.blocks:
        for edge in block.end.edges:
            for param, arg in zip(params[edge.target], edge.args, strict=True):
                arguments.setdefault(param, {})[arg] = None
    return arguments


def _trivial(arguments: dict[Value, dict[Value, None]]) -> dict[Value, Value]:
    """The trivial parameters and what each of them is; removing one may make others trivial."""
    passed_to: defaultdict[Value, list[Value]] = defaultdict(list)
    for param, given in arguments.items():
        for arg in given:
            if arg in arguments:
                passed_to[arg].append(param)
    found: dict[Value, Value] = {}
    pending = deque(arguments)
    while pending:
        param = pending.popleft()
        if param in found:
            continue
        others = {_resolve(arg, found) for arg in arguments[param]} - {param}
        if len(others) == 1:
            (found[param],) = others
            pending.extend(user for user in passed_to[param] if user not in found)
            passed_to[found[param]].extend(passed_to[param])
    return {param: _resolve(param, found) for param in found}


def _resolve(value: Value, found: dict[Value, Value]) -> Value:
    """What stands for `value` at the end of the chain, which is shortened on the way."""
    last = value
    while last in found:
        last = found[last]
    while value is not last:
        found[value], value = last, found[value]
    return last
