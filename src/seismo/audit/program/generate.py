"""`generate`: the text of "filter.h" for a configuration: its filters as C, handler by handler, and
the rules that the kernel counts.

>>> made = generate(config, LivePlaces(kernel), kernel_rules(rules.rules))
>>> audit = compile_audit(view, filters=made.text)
>>> for key, value in prefix_entries(made.prefixes, places).items(): …   # the map path_prefixes

Which filters an event is to pass is in the map `handler_filters`: a u64 for each handler's index in
the kernel, of which bit n is the filter of the configuration's handler n. One that passes is
enough, as an index may stand for several handlers; where no bit is set, all is wanted. Without
filters and rules the text is the one that the package's prebuilt programs have, and there is no
such map.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from seismo.audit.config.filter import ALWAYS, Filter
from seismo.audit.config.model import Config
from seismo.audit.config.resolve import Places, resolve
from seismo.audit.program.filter_c import FilterText
from seismo.audit.program.rule_c import TRACKING, rules_text
from seismo.audit.record.layout import EventFlag
from seismo.audit.rules.kernel import KernelRule
from seismo.base.dataclass import dataclass

__all__ = ("FILTERS_MAP", "TRACKING", "GeneratedFilters", "default_text", "generate")

FILTERS_MAP = "handler_filters"
"""ARRAY[HANDLERS] of u64: which of the configuration's handlers an index of the kernel's stands
for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneratedFilters:
    """`text` is "filter.h"; `prefixes` are directories by their bit in `facts.path_mask`; `filters`
    are what the text means, by the handler's place in the configuration; `rules` what it counts."""

    text: str
    prefixes: tuple[str, ...] = ()
    filters: tuple[Filter, ...] = ()
    rules: tuple[KernelRule, ...] = ()

    @property
    def is_default(self) -> bool:
        """Whether the prebuilt programs will do."""
        return self.text == default_text()


def default_text() -> str:
    """The text for what has no filters; '' in a bundle, which has programs and no texts."""
    directory = os.path.dirname(os.path.dirname(__file__))
    try:
        with open(os.path.join(directory, "bpf", "default_filter.h"), encoding="utf-8") as opened:
            return opened.read()
    except NotADirectoryError:
        return ""  # this module is in a zip file


def generate(config: Config, places: Places, rules: Sequence[KernelRule] = ()) -> GeneratedFilters:
    """The text of a configuration's filters and of rules that the kernel is to count.

    UnresolvedFilter for what this system does not have.
    """
    prefixes: list[str] = []
    filters = tuple(resolve(one.filter, places, prefixes) for one in config.handlers)
    has_filters = any(one != ALWAYS for one in filters)
    if not has_filters and not rules:
        return GeneratedFilters(text=default_text(), filters=filters)
    parts = FilterText()
    body = _passing(config, filters, parts) if has_filters else _PASSES_ALL
    counted = rules_text(rules, parts) if rules else _COUNTS_NONE
    head = (
        "/* What the kernel filters: made of a configuration by audit/program/generate.py. */",
        f"#define AUDIT_PATH_FILTERS {int(parts.has_paths)}",
        f"#define AUDIT_ADDRESS_FILTERS {int(parts.has_addresses)}",
        "",
    )
    return GeneratedFilters(
        text="\n".join((*head, parts.functions, body, counted)),
        prefixes=tuple(prefixes),
        filters=filters,
        rules=tuple(rules),
    )


_PASSES_ALL = """\
static __always_inline int audit_wanted(struct audit_facts *facts) { return 1; }
"""
_COUNTS_NONE = """\
static __always_inline int audit_counted(struct audit_facts *facts) { return 0; }
"""


def _passing(config: Config, filters: tuple[Filter, ...], parts: FilterText) -> str:
    functions = [_handler_function(config, index, one, parts) for index, one in enumerate(filters)]
    tracked = parts.types(frozenset(int(one) for one in TRACKING))
    tests = [
        f"    if ((bits & {1 << index:#x}ull) && audit_filter_{index}(facts))\n        return 1;"
        for index in range(len(filters))
    ]
    lines = [
        f"BPF_ARRAY({FILTERS_MAP}, u64, AUDIT_HANDLERS);",
        "",
        *functions,
        "static __always_inline int audit_passes(struct audit_facts *facts) {",
        "    u32 index = facts->handler;",
        f"    u64 *filters = {FILTERS_MAP}.lookup(&index);",
        "    u64 bits = filters ? *filters : 0;",
        "    if (!bits)",
        "        return 1;",
        *tests,
        "    return 0;",
        "}",
        "",
        "/* What correlation lives on is sent all the same, and hidden. */",
        "static __always_inline int audit_wanted(struct audit_facts *facts) {",
        "    if (audit_passes(facts))",
        "        return 1;",
        f"    if (!{tracked})",
        "        return 0;",
        "    container_of(facts, struct audit_record, facts)->flags |= "
        f"{int(EventFlag.HIDDEN):#x};",
        "    return 1;",
        "}",
        "",
    ]
    return "\n".join(lines)


def _handler_function(config: Config, index: int, one: Filter, parts: FilterText) -> str:
    shown = str(one).encode("unicode_escape").decode("ascii")
    shown = shown.replace("*/", "* /").replace("/*", "/ *")
    expression = parts.expression(one)
    if len(config.handlers) > 1:
        # An index that stands for several has the events of all of them.
        expression = f"({parts.types(config.handlers[index].events.types)} && {expression})"
    lines = [
        f"/* {shown} */",
        f"static __always_inline int audit_filter_{index}(struct audit_facts *facts) {{",
    ]
    if "peer." in expression:
        lines += ["    struct audit_peer peer;", "    audit_peer_of(&peer, facts);"]
    return "\n".join((*lines, f"    return {expression} ? 1 : 0;", "}", ""))
