"""The effect of an instruction that neither jumps nor calls on what is known."""

from __future__ import annotations

from seismo.base.dataclass import replace
from seismo.isa.insn import Insn, Reg
from seismo.isa.map_types import MapType
from seismo.isa.opcode import (
    LD_IMM64,
    MODE_MASK,
    OPERATION_MASK,
    SIZE_MASK,
    AluOp,
    AtomicOp,
    Class,
    LoadKind,
    Mode,
    Size,
    Source,
)
from seismo.spec.types import MapSpec
from seismo.verifier.faults import after_arithmetic, after_move32
from seismo.verifier.ksyms import variable_address
from seismo.verifier.memory import check_bytes, load, store
from seismo.verifier.need import Need
from seismo.verifier.options import Setting
from seismo.verifier.pointers import add_to_pointer
from seismo.verifier.register import SOCKETS, UNKNOWN, Kind, Register, constant, number
from seismo.verifier.rules import Refused, Rule
from seismo.verifier.scalar import Scalar, alu
from seismo.verifier.state import State
from seismo.verifier.unprivileged import check_no_leak, check_operand

__all__ = ("clobber_arguments", "operand", "readable", "settle", "transfer")

_SIZES = {int(size): size.bytes for size in Size}
_SHIFTS = (AluOp.LSH, AluOp.RSH, AluOp.ARSH)
_NO_ATOMICS = (Kind.CONTEXT, Kind.PACKET, Kind.PACKET_META, Kind.FLOW_KEYS, *SOCKETS)


def transfer(setting: Setting, state: State, index: int) -> None:
    """Change `state` as the instruction at `index` does; raises Refused."""
    insn = setting.insns[index]
    match insn.op & 7:
        case Class.ALU | Class.ALU64:
            _arithmetic(setting, state, insn)
        case Class.LD:
            _load_wide(setting, state, insn, index)
        case Class.LDX:
            _load(setting, state, insn)
        case Class.ST:
            size = _SIZES[insn.op & SIZE_MASK]
            _put(setting, state, insn, size, constant(insn.imm))
        case _:
            _store(setting, state, insn)


def readable(state: State, register: Reg) -> Register:
    """A register's content; raises Refused when nothing was written to it."""
    content = state.registers[register]
    if content.kind is Kind.UNWRITTEN:
        raise Refused(
            Rule.READ, f"R{register.value} !read_ok", f"write {register} on every path to here"
        )
    return content


def operand(state: State, insn: Insn) -> Register:
    """The second operand: a register or the immediate, sign-extended."""
    return readable(state, insn.src) if insn.op & Source.X else constant(insn.imm)


def settle(state: State, register: Reg, content: Register) -> None:
    """Put `content` into a register; what is known of a number there is not needed yet."""
    if register == Reg.R10:
        raise Refused(Rule.INSTRUCTION, "frame pointer is read only", "copy r10 to another first")
    if content.need is None and content is not UNKNOWN and content.is_scalar:
        content = content.needing(Need())
    state.registers[register] = content


def _arithmetic(setting: Setting, state: State, insn: Insn) -> None:
    operation = insn.op & OPERATION_MASK
    if operation == AluOp.MOV:
        _move(setting, state, insn)
        return
    left = readable(state, insn.dst)
    if operation == AluOp.END:
        if left.is_pointer and not setting.options.is_privileged:
            check_operand(insn, left, UNKNOWN)
        settle(state, insn.dst, _in_order(insn, left))
        return
    right = operand(state, insn)
    is_half = insn.op & 7 == Class.ALU
    if not insn.op & Source.X:
        _check_immediate(insn, operation, 32 if is_half else 64)
    op = AluOp(operation)
    if left.is_pointer or right.is_pointer:
        left.require()
        right.require()
        settle(state, insn.dst, add_to_pointer(setting, insn, op, left, right, is_half=is_half))
        return
    result = alu(op, left.value, right.value, is_half=is_half)
    if setting.options.faults and not is_half:
        result = after_arithmetic(setting, op, left.value, right.value, result)
    settle(state, insn.dst, number(result, need=Need(left.need, right.need)))


def _in_order(insn: Insn, left: Register) -> Register:
    """`left` with its bytes in the order asked for, on a little-endian machine."""
    if left.is_pointer:
        return UNKNOWN
    is_swap = insn.op & Source.X or insn.op & 7 == Class.ALU64
    value = left.value.swap_bytes(insn.imm) if is_swap else left.value.zero_extend(insn.imm)
    return left if value is left.value else number(value, need=Need(left.need))


def _check_immediate(insn: Insn, operation: int, width: int) -> None:
    if operation in (AluOp.DIV, AluOp.MOD) and not insn.imm:
        raise Refused(Rule.ARITHMETIC, "div by zero", "a constant divisor must not be 0")
    if operation in _SHIFTS and not 0 <= insn.imm < width:
        raise Refused(
            Rule.ARITHMETIC, f"invalid shift {insn.imm}", f"shift by 0 to {width - 1} bits"
        )


def _move(setting: Setting, state: State, insn: Insn) -> None:
    source = operand(state, insn)
    is_half = insn.op & 7 == Class.ALU
    if source.is_pointer:
        if insn.off:
            if not setting.options.is_privileged:
                raise Refused(
                    Rule.POINTER,
                    f"R{insn.src.value} sign-extension part of pointer",
                    "move it whole",
                )
            settle(state, insn.dst, UNKNOWN)
            return
        if is_half and not setting.options.is_privileged:
            raise Refused(
                Rule.POINTER, f"R{insn.src.value} partial copy of pointer", "move it whole"
            )
        settle(state, insn.dst, number(Scalar.unknown().zero_extend(32)) if is_half else source)
        return
    value = source.value
    if insn.off:
        value = value.sign_extend(insn.off, 32 if is_half else 64)
    elif is_half:
        value = after_move32(setting, insn, value)
    if value is source.value or value == source.value:
        settle(state, insn.dst, _linked(setting, state, insn, source))
    else:
        settle(state, insn.dst, number(value, need=Need(source.need)))


def _linked(setting: Setting, state: State, insn: Insn, source: Register) -> Register:
    """A copy of a number that is not known, made to share what comparisons tell of either."""
    if not insn.op & Source.X or not source.is_scalar or source.value.is_constant or source.id:
        return source
    linked = replace(source, id=setting.new_id(), need=source.need or Need())
    state.registers[insn.src] = linked
    return linked


def _load_wide(setting: Setting, state: State, insn: Insn, index: int) -> None:
    if insn.op != LD_IMM64:
        _load_packet(setting, state, insn)
        return
    if insn.is_map_load:
        settle(state, insn.dst, _map_address(setting, insn, index))
    elif insn.is_func_address:
        settle(state, insn.dst, Register(Kind.FUNCTION, frame=setting.targets[index]))
    elif LoadKind(insn.src) is LoadKind.BTF_ID:
        settle(state, insn.dst, variable_address(setting, insn.imm & 0xFFFFFFFF))
    else:
        settle(state, insn.dst, constant(insn.imm))


def _map_address(setting: Setting, insn: Insn, index: int) -> Register:
    name = setting.map_at.get(index, "")
    spec: MapSpec | None = setting.maps.get(name)
    if spec is None:
        raise Refused(
            Rule.INSTRUCTION,
            f"fd {insn.imm & 0xFFFFFFFF} is not pointing to valid bpf_map",
            f"there is no map '{name}'" if name else "no map is named for this instruction",
        )
    if LoadKind(insn.src) in (LoadKind.MAP_FD, LoadKind.MAP_IDX):
        return Register(Kind.MAP, name=name)
    offset = insn.imm >> 32
    if spec.type is not MapType.ARRAY:
        raise Refused(Rule.INSTRUCTION, "no direct value access support for this map type")
    if spec.max_entries != 1 or offset >= spec.value_size:
        raise Refused(
            Rule.BOUNDS,
            f"invalid access to map value pointer, value_size={spec.value_size} off={offset}",
            f"'{name}' must have one value, and the offset must lie within it",
        )
    return Register(Kind.MAP_VALUE, offset=offset, name=name, size=spec.value_size)


def _load_packet(setting: Setting, state: State, insn: Insn) -> None:
    """Classic BPF's loads: the context in r6, the result in r0, a program's end if it is short."""
    if insn.op & MODE_MASK == Mode.IND:
        readable(state, insn.src)
    if readable(state, Reg.R6).kind is not Kind.CONTEXT:
        raise Refused(
            Rule.INSTRUCTION, "at the time of BPF_LD_ABS|IND R6 != pointer to skb", "r6 = r1 first"
        )
    if not setting.context.has_packet_loads:
        raise Refused(
            Rule.INSTRUCTION, "BPF_LD_[ABS|IND] instructions not allowed for this program type"
        )
    if state.references:
        raise Refused(
            Rule.REFERENCE, "BPF_LD_[ABS|IND] would lead to reference leak", "release it first"
        )
    clobber_arguments(state)
    # The kernel does not tell apart how many bytes were read.
    state.registers[Reg.R0] = UNKNOWN


def clobber_arguments(state: State) -> None:
    """r1 to r5 after a call."""
    state.registers[Reg.R1 : Reg.R6] = [Register(Kind.UNWRITTEN)] * 5


def _load(setting: Setting, state: State, insn: Insn) -> None:
    size = _SIZES[insn.op & SIZE_MASK]
    found = load(setting, state, insn.src, insn.off, size)
    if insn.op & MODE_MASK == Mode.MEMSX:
        if not found.is_scalar and state.registers[insn.src].kind is Kind.CONTEXT:
            raise Refused(
                Rule.CONTEXT,
                f"invalid bpf_context access off={insn.off} size={size}",
                "load a pointer without extending its sign",
            )
        found = number(found.value.sign_extend(size * 8, 64), need=Need(found.need))
    settle(state, insn.dst, found)


def _store(setting: Setting, state: State, insn: Insn) -> None:
    if insn.op & MODE_MASK == Mode.ATOMIC:
        _atomic(setting, state, insn)
        return
    size = _SIZES[insn.op & SIZE_MASK]
    _put(setting, state, insn, size, readable(state, insn.src))


def _put(setting: Setting, state: State, insn: Insn, size: int, value: Register) -> None:
    value = value if value.need is not None or value.is_pointer else value.needing(Need())
    if value.is_null and not state.registers[insn.dst].value.is_constant:
        # Bytes of the stack that are 0 stay so, wherever it is that this goes.
        value.require()
    base = state.registers[insn.dst]
    if not setting.options.is_privileged and base.is_pointer and base.kind is not Kind.STACK:
        check_no_leak(value, insn.src.value, f"into {base.type_text}")
    store(setting, state, insn.dst, insn.off, size, value)


def _atomic(setting: Setting, state: State, insn: Insn) -> None:
    size = _SIZES[insn.op & SIZE_MASK]
    if insn.imm == AtomicOp.LOAD_ACQ:
        _check_atomic(state, insn.src, "loads from")
        _load(setting, state, insn)
        return
    value = readable(state, insn.src)
    if insn.imm == AtomicOp.CMPXCHG:
        readable(state, Reg.R0)
    if not setting.options.is_privileged:
        check_no_leak(value, insn.src.value, "into mem")
    _check_atomic(state, insn.dst, "stores into")
    if insn.imm == AtomicOp.STORE_REL:
        _put(setting, state, insn, size, value)
        return
    check_bytes(setting, state, insn.dst, insn.off, size, is_write=True, is_strict=True)
    found = load(setting, state, insn.dst, insn.off, size)
    unknown = UNKNOWN if size == 8 else number(Scalar.unknown().zero_extend(32))
    store(setting, state, insn.dst, insn.off, size, unknown)
    if insn.imm == AtomicOp.CMPXCHG:
        settle(state, Reg.R0, found)
    elif insn.imm & AtomicOp.FETCH:
        settle(state, insn.src, found)


def _check_atomic(state: State, base: Reg, access: str) -> None:
    kind = readable(state, base).kind
    if kind in _NO_ATOMICS:
        raise Refused(
            Rule.BOUNDS,
            f"BPF_ATOMIC {access} R{base.value} {kind.value} is not allowed",
            "atomics work on the stack, on map values and on reserved records",
        )
