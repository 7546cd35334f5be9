"""Macros that differ from machine to machine: byte order, registers, open flags, addresses.

>>> machine_macros("aarch64")["PT_REGS_RC"]
'PT_REGS_RC(ctx) ((ctx)->regs[0])'
"""

from __future__ import annotations

from collections.abc import Mapping

from seismo.base.dataclass import dataclass

__all__ = ("machine_macros",)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Machine:
    """Members of `struct pt_regs` by what the calling convention has them for, and constants."""

    config: str
    parameters: tuple[str, ...]
    syscall_parameters: tuple[str, ...]
    result: str
    frame: str
    stack: str
    instruction: str
    caller: str
    constants: Mapping[str, str]


# arch/x86/include/asm/page_64_types.h, arch/x86/include/uapi/asm/ptrace-abi.h and the generic
# include/uapi/asm-generic/fcntl.h. What the caller's address is on x86-64 is on top of the stack.
_X86_64 = _Machine(
    config="CONFIG_X86_64",
    parameters=("di", "si", "dx", "cx", "r8", "r9"),
    syscall_parameters=("di", "si", "dx", "r10", "r8", "r9"),
    result="ax",
    frame="bp",
    stack="sp",
    instruction="ip",
    caller="sp",
    constants={
        "__x86_64__": "1",
        "PAGE_OFFSET": "__PAGE_OFFSET_BASE_L4",
        "__PAGE_OFFSET_BASE_L4": "0xffff888000000000UL",
        "__PAGE_OFFSET_BASE_L5": "0xff11000000000000UL",
        "__START_KERNEL_map": "0xffffffff80000000UL",
        "O_DIRECT": "00040000",
        "O_LARGEFILE": "00100000",
        "O_DIRECTORY": "00200000",
        "O_NOFOLLOW": "00400000",
    },
)

# arch/arm64/include/uapi/asm/{ptrace,fcntl}.h, arch/arm64/include/asm/memory.h (48-bit addresses).
_AARCH64 = _Machine(
    config="CONFIG_ARM64",
    parameters=tuple(f"regs[{number}]" for number in range(8)),
    syscall_parameters=("orig_x0", *(f"regs[{number}]" for number in range(1, 6))),
    result="regs[0]",
    frame="regs[29]",
    stack="sp",
    instruction="pc",
    caller="regs[30]",
    constants={
        "__aarch64__": "1",
        "PAGE_OFFSET": "0xffff000000000000UL",
        "O_DIRECTORY": "00040000",
        "O_NOFOLLOW": "00100000",
        "O_DIRECT": "00200000",
        "O_LARGEFILE": "00400000",
    },
)

_MACHINES = {"x86_64": _X86_64, "aarch64": _AARCH64}

_TYPES = {16: "unsigned short", 32: "unsigned int", 64: "unsigned long long"}
_SUFFIXES = {16: "s", 32: "l", 64: "ll"}


def machine_macros(machine: str) -> dict[str, str]:
    """Name to definition, for a machine as `uname -m` prints it; KeyError for one that there is
    no code for."""
    one = _MACHINES[machine]
    constants = {
        **one.constants,
        one.config: "1",
        "CONFIG_64BIT": "1",
        "CONFIG_ARCH_HAS_SYSCALL_WRAPPER": "1",
        "O_TMPFILE": "(020000000 | O_DIRECTORY)",
        "__LITTLE_ENDIAN": "1234",
        "__BYTE_ORDER": "__LITTLE_ENDIAN",
        "__LITTLE_ENDIAN_BITFIELD": "1",
        "__ORDER_LITTLE_ENDIAN__": "1234",
        "__ORDER_BIG_ENDIAN__": "4321",
        "__BYTE_ORDER__": "__ORDER_LITTLE_ENDIAN__",
    }
    registers = {name: f"{name}(ctx) ((ctx)->{it})" for name, it in _registers(one)}
    inner = "PT_REGS_SYSCALL_REGS(ctx) ((struct pt_regs *)PT_REGS_PARM1(ctx))"
    return (
        {name: f"{name} {value}" for name, value in constants.items()}
        | registers
        | {"PT_REGS_SYSCALL_REGS": inner}
        | _byte_order()
    )


def _registers(machine: _Machine) -> list[tuple[str, str]]:
    """(macro, member of `struct pt_regs`)."""
    found = [
        ("PT_REGS_RC", machine.result),
        ("PT_REGS_RET", machine.caller),
        ("PT_REGS_FP", machine.frame),
        ("PT_REGS_SP", machine.stack),
        ("PT_REGS_IP", machine.instruction),
    ]
    found += [
        (f"PT_REGS_PARM{number}", member) for number, member in enumerate(machine.parameters, 1)
    ]
    found += [
        (f"PT_REGS_PARM{number}_SYSCALL", member)
        for number, member in enumerate(machine.syscall_parameters, 1)
    ]
    return found


def _byte_order() -> dict[str, str]:
    """Between the machine's byte order and others; every machine above is little-endian."""
    found: dict[str, str] = {}
    for bits, type_ in _TYPES.items():
        suffix = _SUFFIXES[bits]
        big = (f"be{bits}_to_cpu", f"cpu_to_be{bits}", f"ntoh{suffix}", f"hton{suffix}")
        little = (f"le{bits}_to_cpu", f"cpu_to_le{bits}")
        swapping = [prefix + name for name in big for prefix in ("", "__", "bpf_", "__constant_")]
        swapping += [f"swab{bits}", f"__swab{bits}"]
        keeping = [prefix + name for name in little for prefix in ("", "__", "bpf_")]
        swapped = f"__builtin_bswap{bits}(({type_})(x))"
        found |= {name: f"{name}(x) {swapped}" for name in swapping}
        found |= {name: f"{name}(x) (({type_})(x))" for name in keeping}
        found[f"be{bits}_to_cpup"] = f"be{bits}_to_cpup(p) be{bits}_to_cpu(*(p))"
        found[f"le{bits}_to_cpup"] = f"le{bits}_to_cpup(p) le{bits}_to_cpu(*(p))"
    return found
