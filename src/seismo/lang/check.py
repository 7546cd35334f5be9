"""`check`: the whole script's types and rules.

Types flow both ways, across probes: `@m = 1` in one and `@m = (uint64)…` in another make a uint64
of both. So passes over the script widen variables and maps until nothing that a body went by has
widened since.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from seismo.base.diagnostics import Diagnostic, Diagnostics, did_you_mean
from seismo.base.source import Span
from seismo.lang.ast import Function, MapAccess, Script
from seismo.lang.config import Config
from seismo.lang.declared_maps import check_declared, declare_maps
from seismo.lang.environment import Body, Environment
from seismo.lang.expand import ProbeInstance, default_space
from seismo.lang.functions import function_body, function_head, report_recursion
from seismo.lang.infer import make_pass, new_typer
from seismo.lang.place import place_of
from seismo.lang.printed import check_printed
from seismo.lang.scope import Scopes, resolve_variables
from seismo.lang.signature import Signatures
from seismo.lang.typed import Facts, TypedFunction, TypedProbe, TypedScript
from seismo.lang.typer import Typer
from seismo.lang.types import INT64, PointerType, Type
from seismo.lang.typetable import TypeTable
from seismo.lang.walk import walk
from seismo.probes.view import KernelView

__all__ = ("check",)

# Types only widen, and strings by leaps: more passes than this would be a mistake of ours.
_MOST_ROUNDS = 100


def check(
    script: Script,
    instances: Sequence[ProbeInstance],
    signatures: Signatures,
    view: KernelView,
    types: TypeTable,
    config: Config,
    options: Mapping[str, str],
    diagnostics: Diagnostics,
    is_unsafe: bool = False,
) -> TypedScript:
    """The types of the script's programs; its mistakes go to `diagnostics`, and the answer is then
    partial. `options` are what the command line gives as `--name=value` behind `--`."""
    env = Environment(
        signatures=signatures,
        view=view,
        table=types,
        config=config,
        options=options,
        is_unsafe=is_unsafe,
        left_out=_left_out(script, instances),
    )
    found = Diagnostics()
    functions = _functions(env, script.functions, found)
    declare_maps(env, script.maps, found)
    scopes = {probe: resolve_variables(probe) for probe in script.probes}
    programs = [_program(one, scopes[one.probe], view, found) for one in instances]
    bodies = [*functions, *programs]
    passes = _passes(env, bodies)
    for body in bodies:
        check_printed(passes[body])
        found.found += passes[body].diagnostics.found
    report_recursion(bodies, found)
    check_declared(env, found)
    _check_options(env, script, found)
    if not found.errors:
        # Of what depends on one another, the first tells enough.
        found.found += [one for body in bodies for one in passes[body].doubts][:1]
    _report(found, diagnostics)
    return _typed(env, functions, instances, [passes[body] for body in bodies])


def _left_out(script: Script, instances: Sequence[ProbeInstance]) -> dict[str, str]:
    """The maps in probes whose places this kernel does not have, and those places."""
    made = {one.probe for one in instances}
    return {
        node.name: probe.attach_points[0].text
        for probe in script.probes
        if probe not in made
        for node in walk(probe)
        if isinstance(node, MapAccess)
    }


def _functions(env: Environment, nodes: Sequence[Function], diagnostics: Diagnostics) -> list[Body]:
    """The functions' heads go into `env`; those that are wrong are told."""
    bodies: list[Body] = []
    for node in nodes:
        body = function_body(node)
        t = new_typer(env, body)
        head = function_head(t, node)
        diagnostics.found += t.diagnostics.found
        body.returns = head.returns
        if node.name not in env.functions:
            env.functions[node.name] = head
            bodies.append(body)
    return bodies


def _program(
    instance: ProbeInstance, scopes: Scopes, view: KernelView, diagnostics: Diagnostics
) -> Body:
    point = instance.points[0]
    return Body(
        node=instance.probe,
        place=place_of(instance, view, diagnostics),
        space=default_space(point),
        scopes=scopes,
    )


def _passes(env: Environment, bodies: Sequence[Body]) -> dict[Body, Typer]:
    """The last pass over each body."""
    passes: dict[Body, Typer] = {}
    pending = list(bodies)
    for _ in range(_MOST_ROUNDS):
        if not pending:
            break
        for body in pending:
            passes[body] = make_pass(env, body)
        pending = [body for body in bodies if body.is_stale]
    return passes


def _check_options(env: Environment, script: Script, diagnostics: Diagnostics) -> None:
    """What the command line gives must be asked for."""
    for name in env.options:
        if name not in env.asked:
            hint = did_you_mean(name, env.asked) or f'the script asks by getopt("{name}")'
            span = Span(script.source, 0, 0)
            diagnostics.error(span, f"the script has no option --{name}", hint)


def _typed(
    env: Environment,
    functions: Sequence[Body],
    instances: Sequence[ProbeInstance],
    passes: Sequence[Typer],
) -> TypedScript:
    typed = {
        body.node.name: _typed_function(env, body.node, t)
        for body, t in zip(functions, passes, strict=False)
        if isinstance(body.node, Function)
    }
    probes = [
        TypedProbe(probe=one.probe, points=one.points, place=t.body.place, facts=_facts(t))
        for one, t in zip(instances, passes[len(functions) :], strict=True)
        if t.body.place is not None
    ]
    return TypedScript(
        probes=tuple(probes), maps=env.maps.symbols(), functions=typed, options=env.asked
    )


def _typed_function(env: Environment, node: Function, t: Typer) -> TypedFunction:
    head = env.functions[node.name]
    names = [t.body.scopes.storage[variable] for variable, _ in node.params]
    params = tuple(zip(names, head.params, strict=True))
    return TypedFunction(function=node, params=params, returns=head.returns, facts=_facts(t))


def _facts(t: Typer) -> Facts:
    body = t.body
    return Facts(
        types=t.types,
        locals=body.scopes.storage,
        local_types={name: _settled(slot.type, body.space) for name, slot in body.locals.items()},
        members=t.members,
        constants=t.constants,
        expansions=t.expansions,
        measured=t.measured,
    )


def _settled(type_: Type | None, space: str) -> Type:
    """A pointer that only null was ever put into points anywhere."""
    if isinstance(type_, PointerType) and not type_.space:
        return PointerType(type_.target, space)
    return INT64 if type_ is None else type_


def _report(found: Diagnostics, diagnostics: Diagnostics) -> None:
    """Hand on what there is to say, in script order; of a probe's many instances only one says it
    of a place."""
    seen: set[tuple[str, str, int, int]] = set()
    for one in sorted(found.found, key=_order):
        key = (one.severity, one.span.source.name, one.span.start, one.span.end)
        if key not in seen:
            seen.add(key)
            diagnostics.found.append(one)


def _order(diagnostic: Diagnostic) -> tuple[str, int]:
    return diagnostic.span.source.name, diagnostic.span.start
