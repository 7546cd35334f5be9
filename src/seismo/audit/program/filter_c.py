"""The C of filters: of each test an expression, of patterns and choices of events a function.

`config/filter_meaning.py` says what they mean. The text takes nothing but `struct audit_facts`;
`has` and `writing` also look at the arguments of the call, in the `struct audit_record` that holds
the facts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Network
from socket import AF_INET, AF_INET6

from seismo.audit.config.filter import (
    AllOf,
    AnyOf,
    Between,
    Compare,
    Filter,
    FilterField,
    HasBits,
    InCgroup,
    InContainer,
    InNetwork,
    Like,
    Network,
    Not,
    OfEvent,
    Under,
    Writing,
)
from seismo.audit.config.filter_meaning import LONGEST_TEXT, WRITING_FLAGS
from seismo.audit.config.glob import Step, steps_of
from seismo.audit.record.layout import KernelEvent
from seismo.base.errors import CompilerBug

__all__ = ("FilterText", "byte_words")

_MEMBERS = {FilterField.PID: "tgid"}
_WORD = 8

_PEER = """\
/* The address as words; one of IPv4 in IPv6's form as what it is. */
struct audit_peer {
    u32 words[4];
    u32 family;
};

static __always_inline void audit_peer_of(struct audit_peer *peer, struct audit_facts *facts) {
    for (int i = 0; i < 4; i++)
        peer->words[i] = ((u32 *)facts->address)[i];
    peer->family = facts->family;
    if (peer->family == AF_INET6 && !peer->words[0] && !peer->words[1] &&
        peer->words[2] == MAPPED) {
        peer->family = AF_INET;
        peer->words[0] = peer->words[3];
    }
}
"""

_CGROUP = """\
/* In this cgroup, or below it; of another task than the current one only its own is known. */
static __always_inline int audit_in_cgroup(struct audit_facts *facts, u64 id, int level) {
    if (facts->cgroup == id)
        return 1;
    if (facts->tgid != (u32)(bpf_get_current_pid_tgid() >> 32))
        return 0;
    return bpf_get_current_ancestor_cgroup_id(level) == id;
}
"""

_HAS = f"""\
/* Whether an argument of a system call has one of these bits. */
static __always_inline int audit_has(struct audit_facts *facts, int argument, u64 bits) {{
    u64 *args = container_of(facts, struct audit_record, facts)->call.args;
    return facts->type < {int(KernelEvent.PROCESS_FORK)} && (args[argument] & bits) != 0;
}}
"""


class FilterText:
    """Expressions of tests, and the functions that they call, which `functions` are at the end."""

    def __init__(self) -> None:
        self._functions: dict[str, str] = {}
        self._names: dict[object, str] = {}
        self.has_addresses = False
        self.has_paths = False

    @property
    def functions(self) -> str:
        """The text of all functions that expressions call."""
        return "\n".join(self._functions.values())

    def expression(self, one: Filter, *, is_negated: bool = False) -> str:
        """A filter as an expression that is 0 or another number; `peer` is an `audit_peer`."""
        match one:
            case AllOf(parts) | AnyOf(parts):
                joint, empty = (" && ", "1") if isinstance(one, AllOf) else (" || ", "0")
                texts = [self.expression(part, is_negated=is_negated) for part in parts]
                return f"({joint.join(texts)})" if texts else empty
            case Not(part):
                return f"!{_bracketed(self.expression(part, is_negated=not is_negated))}"
            case Under():
                self.has_paths = True
                return self._doubted(one) if is_negated else _under(one)
            case InNetwork(network):
                return self._network(network)
            case Like(pattern):
                return self._like(pattern)
            case InCgroup(_, id, level):
                self._functions["cgroup"] = _CGROUP
                return f"audit_in_cgroup(facts, {id:#x}ull, {level})"
            case OfEvent(_, types):
                return self.types(types)
            case HasBits(argument, bits):
                self._functions["has"] = _HAS
                return f"audit_has(facts, {argument}, {bits:#x}ull)"
            case Writing(flags):
                return self._writing(flags)
        return self._number(one)

    def _doubted(self, one: Under) -> str:
        """Under a `not`: only where the walk is known to be that of the file."""
        if one.bit < 0:
            return "0"
        tests = [f"(facts->path_mask & {1 << one.bit:#x}ull) != 0"]
        if one.relative:
            tests.append(f"(facts->path[0] == '/' || !{self.types(one.relative)})")
        if one.several:
            tests.append(f"!{self.types(one.several)}")
        return f"({' && '.join(tests)})"

    def _number(self, one: Filter) -> str:
        match one:
            case Between(field, low, high):
                member = self._member(field)
                if low == high:
                    return f"({member} == {_constant(field, low)})"
                return (
                    f"({member} >= {_constant(field, low)} && {member} <= {_constant(field, high)})"
                )
            case Compare(field, operator, int(value)):
                return f"({self._member(field)} {operator.value} {_constant(field, value)})"
            case Compare() | InContainer():
                raise CompilerBug("filter", f"'{one}' was not resolved")
        raise CompilerBug("filter", f"'{one}' is of a kind that has no text")

    def _member(self, field: FilterField) -> str:
        if field is FilterField.PORT:
            self.has_addresses = True
        return f"facts->{_MEMBERS.get(field, field.value)}"

    def _network(self, network: Network) -> str:
        self.has_addresses = True
        mapped = int.from_bytes(b"\0\0\xff\xff", "little")
        text = _PEER.replace("AF_INET6", str(int(AF_INET6)))
        text = text.replace("AF_INET", str(int(AF_INET))).replace("MAPPED", f"{mapped:#x}")
        self._functions["peer"] = text
        is_short = isinstance(network, IPv4Network)
        tests = [f"peer.family == {int(AF_INET if is_short else AF_INET6)}"]
        values = network.network_address.packed
        masks = network.netmask.packed
        for at in range(0, len(values), 4):
            value = int.from_bytes(values[at : at + 4], "little")
            mask = int.from_bytes(masks[at : at + 4], "little")
            if mask:
                word = f"peer.words[{at // 4}]"
                masked = word if mask == 0xFFFF_FFFF else f"({word} & {mask:#x})"
                tests.append(f"{masked} == {value:#x}")
        return f"({' && '.join(tests)})"

    def _like(self, pattern: str) -> str:
        steps = steps_of(pattern.encode())
        name = _literal(steps)
        if name is not None:
            is_prefix = bool(steps) and steps[-1].is_star
            tests = list(byte_words("facts->comm", name if is_prefix else name + b"\0"))
            return f"({' && '.join(tests)})" if tests else "1"
        if pattern not in self._names:
            called = f"audit_pattern_{len(self._names)}"
            self._names[pattern] = called
            self._functions[called] = _pattern(called, pattern, steps)
        return f"{self._names[pattern]}(facts->comm)"

    def types(self, types: frozenset[int]) -> str:
        """Whether the event's type is one of some."""
        if len(types) <= _FEW_TYPES:
            return _joined_or(f"facts->type == {one}" for one in sorted(types))
        if types not in self._names:
            called = f"audit_types_{len(self._names)}"
            self._names[types] = called
            self._functions[called] = _bitmap(called, types)
        return f"{self._names[types]}(facts->type)"

    def _writing(self, flags: tuple[tuple[int, int], ...]) -> str:
        self._functions["has"] = _HAS
        return _joined_or(
            f"facts->type == {type_}" if at < 0 else
            f"(facts->type == {type_} && audit_has(facts, {at}, {WRITING_FLAGS:#x}ull))"
            for type_, at in flags
        )  # fmt: skip


_FEW_TYPES = 4


def _joined_or(texts: Iterable[str]) -> str:
    found = list(texts)
    return f"({' || '.join(found)})" if found else "0"


def _bracketed(text: str) -> str:
    return text if text.startswith("(") or text.isdigit() else f"({text})"


def _constant(field: FilterField, value: int) -> str:
    if field is not FilterField.RET:
        return f"{value}u"
    # The lowest number has no literal: its absolute value is one too large.
    return f"{value}ll" if value > -(1 << 63) else f"({value + 1}ll - 1)"


def byte_words(array: str, value: bytes) -> Iterator[str]:
    """Tests that an array, aligned to eight bytes, begins with these bytes."""
    for at in range(0, len(value), _WORD):
        part = value[at : at + _WORD]
        number = int.from_bytes(part, "little")
        word = f"((u64 *){array})[{at // _WORD}]"
        if len(part) < _WORD:
            word = f"({word} & {(1 << len(part) * 8) - 1:#x}ull)"
        yield f"{word} == {number:#x}ull"


def _under(one: Under) -> str:
    mask = f"(facts->path_mask & {1 << one.bit:#x}ull)" if one.bit >= 0 else "0"
    given = one.path.encode()
    if len(given) > LONGEST_TEXT:
        return f"({mask} != 0)"
    if given == b"/":
        return f"({mask} || facts->path[0] == '/')"
    end = f"facts->path[{len(given)}]"
    tests = [*byte_words("facts->path", given), f"({end} == 0 || {end} == '/')"]
    return f"({mask} || ({' && '.join(tests)}))"


def _literal(steps: tuple[Step, ...]) -> bytes | None:
    """What a pattern of one name, or of one beginning, has before its star; None for others."""
    body = steps[:-1] if steps and steps[-1].is_star else steps
    is_plain = all(
        len(one.ranges) == 1 and one.ranges[0][0] == one.ranges[0][1] and not one.is_negated
        for one in body
    )
    return bytes(one.ranges[0][0] for one in body) if is_plain else None


def _pattern(called: str, pattern: str, steps: tuple[Step, ...]) -> str:
    """A pattern as a machine whose states are bits: bit n is set when n steps are behind it.

    There is no branch but at the name's end, so that the verifier sees one way through a round.
    """
    stars = sum(1 << at for at, one in enumerate(steps) if one.is_star)
    first = 1 | (2 if stars & 1 else 0)
    lines = [
        f"static __always_inline int {called}(const char *name) {{",
        f"    u64 state = {first:#x}ull;",
        "    for (int i = 0; i < 16; i++) {",
        "        u64 byte = (u8)name[i], accepted = 0;",
        "        if (!byte)",
        "            break;",
    ]
    places: dict[Step, int] = {}
    for at, one in enumerate(steps):
        if not one.is_star:
            places[one] = places.get(one, 0) | 1 << at
    for one, bits in places.items():
        lines.append(f"        accepted |= {_taken(one)} & {bits:#x}ull;")
    lines += [
        f"        state = ((state & accepted) << 1) | (state & {stars:#x}ull);",
        f"        state |= (state & {stars:#x}ull) << 1;",
        "    }",
        f"    return state >> {len(steps)} & 1;",
        "}",
    ]
    return "\n".join((f"/* {_comment(pattern)} */", *lines, ""))


def _taken(one: Step) -> str:
    """All bits if a step takes `byte`, else none."""
    outside = " & ".join(
        f"(((byte - {low}) | ({high} - byte)) >> 63)" if low != high else
        f"(((byte ^ {low}) + 0x7fffffffull) >> 31)"
        for low, high in one.ranges
    )  # fmt: skip
    if not one.ranges:
        return "~0ull" if one.is_negated else "0ull"
    return f"-({outside})" if one.is_negated else f"(({outside}) - 1)"


def _comment(text: str) -> str:
    """Text that can stand in a comment, on one line."""
    shown = text.encode("unicode_escape").decode("ascii")
    return shown.replace("*/", "* /").replace("/*", "/ *").replace("??", "? ?")


def _bitmap(called: str, types: frozenset[int]) -> str:
    words: dict[int, int] = {}
    for one in types:
        words[one // 64] = words.get(one // 64, 0) | 1 << one % 64
    lines = [
        f"static __always_inline int {called}(u32 type) {{",
        "    u64 bits = 0;",
        "    u32 at = type / 64;",
    ]
    for at, bits in sorted(words.items()):
        lines += [f"    if (at == {at})", f"        bits = {bits:#x}ull;"]
    lines += ["    return bits >> (type & 63) & 1;", "}", ""]
    return "\n".join(lines)
