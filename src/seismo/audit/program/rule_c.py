"""The C of rules that the kernel counts (`rules/kernel.py`): each has a hash of its groups'
numbers.

What finds no room in a rule's hash is counted in a second one, by windows alone: the kernel may
count less exactly whose events they were, but not how many.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from seismo.audit.program.filter_c import FilterText, byte_words
from seismo.audit.record.c_text import struct_text
from seismo.audit.record.layout import EventFlag, KernelEvent
from seismo.audit.rules.kernel import KernelRule, KernelTerm
from seismo.audit.rules.model import Operator
from seismo.base.layout import Field, Text

__all__ = ("OTHERS_WINDOWS", "TRACKING", "map_names", "rules_text")

TRACKING = frozenset((KernelEvent.PROCESS_FORK, KernelEvent.PROCESS_EXEC, KernelEvent.PROCESS_EXIT))
"""What correlation lives on: what is not wanted of these is sent all the same, with
EventFlag.HIDDEN."""

OTHERS_WINDOWS = 1024
"""Windows for which there may be a count of what found no room, until user space takes it."""

_LIMITS = {"cgroup": (0, (1 << 64) - 1), "ret": (-(1 << 63), (1 << 63) - 1)}
_NUMBER_LIMITS = (0, (1 << 32) - 1)
_KEY_FIELDS = 3
_HIDDEN = f"{int(EventFlag.HIDDEN):#x}"

_ORDERS: dict[Operator, Callable[[int, int], bool]] = {
    Operator.EQUAL: lambda one, other: one == other,
    Operator.UNEQUAL: lambda one, other: one != other,
    Operator.LESS: lambda one, other: one < other,
    Operator.LESS_EQUAL: lambda one, other: one <= other,
    Operator.GREATER: lambda one, other: one > other,
    Operator.GREATER_EQUAL: lambda one, other: one >= other,
}


def map_names(rule: KernelRule) -> tuple[str, str]:
    """The maps of a rule: of its groups, and of what found no room there."""
    return f"rule_counts_{rule.index}", f"rule_others_{rule.index}"


def rules_text(rules: Sequence[KernelRule], parts: FilterText) -> str:
    """`audit_counted`, and what it calls. Functions that choose events go into `parts`."""
    texts = [_rule(one, parts) for one in rules]
    counted = frozenset(int(type_) for one in rules for type_ in one.types & TRACKING)
    lines = [
        "static __always_inline int audit_counted(struct audit_facts *facts) {",
        "    int is_counted = 0;",
        *(f"    is_counted |= audit_rule_{one.index}_counts(facts);" for one in rules),
    ]
    if counted:
        # Correlation lives on these: they are counted, and sent to be hidden; once hidden, they
        # are nobody's.
        lines.insert(1, "    u32 *flags = &container_of(facts, struct audit_record, facts)->flags;")
        lines.insert(2, f"    if (*flags & {_HIDDEN})\n        return 0;")
        lines += [
            f"    if (is_counted && {parts.types(counted)}) {{",
            f"        *flags |= {_HIDDEN};",
            "        return 0;",
            "    }",
        ]
    return "\n".join((*texts, *lines, "    return is_counted;", "}", ""))


def _rule(one: KernelRule, parts: FilterText) -> str:
    counts, others = map_names(one)
    key = one.key.name
    tests = [parts.types(one.types), *(_term(term) for term in one.terms)]
    members = one.key.fields[_KEY_FIELDS:]
    sets = [f"    {_copied(member)}" for member in members]
    window = f"bpf_ktime_get_ns() / {one.window_ns}ull" if one.window_ns else "0"
    return "\n".join(
        (
            struct_text(one.key),
            f"BPF_HASH({counts}, struct {key}, u64, {one.limit});",
            f"BPF_HASH({others}, struct {key}, u64, {OTHERS_WINDOWS});",
            "",
            f"static __always_inline int audit_rule_{one.index}_counts(struct audit_facts *facts)",
            "{",
            f"    if (!({' && '.join(tests)}))",
            "        return 0;",
            "    u64 first = 0;",
            f"    struct {key} key = {{}};",
            f"    key.rule = {one.index};",
            f"    key.window = {window};",
            *sets,
            f"    u64 *count = {counts}.lookup_or_try_init(&key, &first);",
            "    if (!count) {",
            f"        struct {key} rest = {{}};",
            f"        rest.rule = {one.index};",
            "        rest.pad = 1;",
            "        rest.window = key.window;",
            f"        count = {others}.lookup_or_try_init(&rest, &first);",
            "    }",
            "    if (!count)",
            "        return 0; /* nowhere to count it: it is sent */",
            "    __sync_fetch_and_add(count, 1);",
            "    return 1;",
            "}",
            "",
        )
    )


def _copied(member: Field) -> str:
    """A member of the key from the facts'. Text may stand where an u64 could not."""
    if isinstance(member.type, Text):
        return f"__builtin_memcpy(key.{member.name}, facts->{member.name}, {member.type.size});"
    return f"key.{member.name} = facts->{member.name};"


def _term(term: KernelTerm) -> str:
    if term.member == "comm":
        return _comm(term)
    if term.operator in (Operator.IN, Operator.NOT_IN):
        tests = [_number(term.member, Operator.EQUAL, _whole(one)) for one in term.values]
        found = f"({' || '.join(tests)})" if tests else "0"
        return found if term.operator is Operator.IN else f"!({found})"
    return _number(term.member, term.operator, _whole(term.values[0]))


def _number(member: str, operator: Operator, value: int) -> str:
    low, high = _LIMITS.get(member, _NUMBER_LIMITS)
    if not low <= value <= high:
        # All that the member can be is on one side of it.
        return str(int(_ORDERS[operator](low, value)))
    sign = "==" if operator is Operator.EQUAL else operator.value
    if member == "ret":
        shown = f"{value}ll" if value > low else f"({value + 1}ll - 1)"
    else:
        shown = f"{value}ull" if member == "cgroup" else f"{value}u"
    return f"facts->{member} {sign} {shown}"


def _comm(term: KernelTerm) -> str:
    names = [one if isinstance(one, bytes) else str(one).encode() for one in term.values]
    if term.operator is Operator.PREFIX:
        tests = list(byte_words("facts->comm", names[0]))
        return f"({' && '.join(tests)})" if tests else "1"
    alternatives = [f"({' && '.join(byte_words('facts->comm', one + bytes(1)))})" for one in names]
    found = f"({' || '.join(alternatives)})" if alternatives else "0"
    is_negated = term.operator in (Operator.UNEQUAL, Operator.NOT_IN)
    return f"!{found}" if is_negated else found


def _whole(value: int | bytes) -> int:
    return value if isinstance(value, int) else int.from_bytes(value, "little")
