"""Relocations side by side with libbpf's, and with the types of the running kernel.

libbpf is given made-up objects and a file of made-up types; what it has made of the instructions
when it hands them to the kernel (which may well refuse them) is compared with ours.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from ctypes.util import find_library
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core_cases import CoreCase, KernelOf, core_case
from seismo.base.dataclass import replace
from seismo.btf.ext import BtfExt, CoreRelo, write_ext
from seismo.btf.spec import VMLINUX, Btf
from seismo.btf.types import Kind, Struct
from seismo.btf.write import StringTable, write
from seismo.core.errors import CoreError
from seismo.core.minimise import minimised
from seismo.core.relocate import Relocator, relocate
from seismo.core.subset import subset
from seismo.elf.write import BPF_MACHINE, NewFlags, NewSection, NewSymbol, SymbolKind, write_elf
from seismo.isa.encode import encode
from seismo.isa.insn import Insn, Reg, slot_starts
from seismo.isa.relo_kinds import CoreKind

pytestmark = pytest.mark.kernel

END = (Insn(0xB7, Reg.R0, Reg.R0), Insn(0x95, Reg.R0, Reg.R0))
_REFUSED = b"failed to perform CO-RE relocations"
_Print = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p)


class _OpenOptions(ctypes.Structure):
    """`struct bpf_object_open_opts` of libbpf 1.1."""

    _fields_ = (
        ("sz", ctypes.c_size_t),
        ("object_name", ctypes.c_char_p),
        ("relaxed_maps", ctypes.c_bool),
        ("pin_root_path", ctypes.c_char_p),
        ("_unused", ctypes.c_uint32),
        ("kconfig", ctypes.c_char_p),
        ("btf_custom_path", ctypes.c_char_p),
        ("kernel_log_buf", ctypes.c_void_p),
        ("kernel_log_size", ctypes.c_size_t),
        ("kernel_log_level", ctypes.c_uint32),
    )


class Libbpf:
    """The library, and whether it has complained of a relocation."""

    def __init__(self, name: str, scratch: Path) -> None:
        self._library = ctypes.CDLL(name)
        self._scratch = scratch
        self._is_refused = False
        self._print = _Print(self._note)
        self._library.libbpf_set_print(self._print)
        self._library.bpf_object__open_mem.restype = ctypes.c_void_p
        self._library.bpf_object__next_program.restype = ctypes.c_void_p
        self._library.bpf_program__insns.restype = ctypes.c_void_p
        self._library.bpf_program__insn_cnt.restype = ctypes.c_size_t

    def close(self) -> None:
        self._library.libbpf_set_print(None)

    def _note(self, _level: int, template: bytes, _arguments: int) -> int:
        self._is_refused |= _REFUSED in template
        return 0

    def relocated(self, file: bytes, kernel: bytes) -> bytes | None:
        """The instructions of the object's only program; None when it refuses to relocate them."""
        self._scratch.write_bytes(kernel)
        options = _OpenOptions(sz=ctypes.sizeof(_OpenOptions), object_name=b"case")
        options.btf_custom_path = str(self._scratch).encode()
        size = ctypes.c_size_t(len(file))
        pointer = self._library.bpf_object__open_mem(file, size, ctypes.byref(options))
        assert pointer, "libbpf cannot open the object"
        opened = ctypes.c_void_p(pointer)
        self._is_refused = False
        try:
            self._library.bpf_object__load(opened)
            program = ctypes.c_void_p(self._library.bpf_object__next_program(opened, None))
            insns = self._library.bpf_program__insns(program)
            count = self._library.bpf_program__insn_cnt(program)
            return None if self._is_refused else ctypes.string_at(insns, count * 8)
        finally:
            self._library.bpf_object__close(opened)


@pytest.fixture(scope="module")
def libbpf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Libbpf]:
    """The library of this machine, which the product does without."""
    name = find_library("bpf")
    if not name:
        pytest.skip("needs libbpf to compare with")
    library = Libbpf(name, tmp_path_factory.mktemp("core") / "kernel.btf")
    yield library
    library.close()


def object_file(case: CoreCase) -> bytes:
    """The case as a compiler would have left it."""
    strings = StringTable()
    bytes_at = [8 * slot for slot in slot_starts(case.insns)]
    relos = [replace(one, instruction=bytes_at[one.instruction]) for one in case.relos]
    ext = write_ext(BtfExt(core_relos={"socket": tuple(relos)}), strings)
    code = encode((*case.insns, *END))
    return write_elf(
        machine=BPF_MACHINE,
        sections=(
            NewSection(name="socket", data=code, flags=NewFlags.CODE, alignment=8),
            NewSection(name="license", data=b"GPL\0", flags=NewFlags.DATA),
            NewSection(name=".BTF", data=write(case.local, strings)),
            NewSection(name=".BTF.ext", data=ext),
        ),
        symbols=(
            NewSymbol(name="main", section="socket", size=len(code), kind=SymbolKind.FUNCTION),
        ),
    )


@settings(deadline=None, max_examples=400, suppress_health_check=list(HealthCheck))
@given(case=st.randoms(use_true_random=False).map(core_case))
def test_relocated_as_libbpf_does(libbpf: Libbpf, case: CoreCase) -> None:
    kernel = write(case.kernel)
    try:
        done = relocate(
            (*case.insns, *END),
            case.relos,
            Btf.from_bytes(write(case.local)),
            KernelOf(Btf.from_bytes(kernel)),
        )
        ours = encode(done.insns)
    except CoreError:
        ours = None
    assert ours == libbpf.relocated(object_file(case), kernel)


@pytest.mark.parametrize("name", ["task_struct", "sk_buff", "sock", "bpf_prog", "file"])
def test_every_member_of_the_kernels_own_type(name: str) -> None:
    vmlinux = Btf.open(VMLINUX)
    id = vmlinux.find(name, Kind.STRUCT)
    chosen = subset(vmlinux, [id])
    local = Btf.from_bytes(write(chosen.types))
    record = vmlinux.struct(name)
    relos = [
        CoreRelo(instruction=0, type=chosen.ids[id], access=f"0:{number}", kind=CoreKind(kind))
        for number in range(len(record.members))
        for kind in (CoreKind.FIELD_BYTE_OFFSET, CoreKind.FIELD_BYTE_SIZE, CoreKind.FIELD_EXISTS)
    ]
    kernel = KernelOf(vmlinux)
    relocator = Relocator(local, kernel)
    few = Relocator(local, KernelOf(Btf.from_bytes(minimised(kernel, [(local, relos)]))))
    named = [one for one in relos if _has_name(record, one)]
    assert named
    for one in named:
        resolution, other = relocator.resolve(one), few.resolve(one)
        assert resolution.new is not None
        assert other.new is not None
        assert resolution.old.number == resolution.new.number == other.new.number


def _has_name(record: Struct, relo: CoreRelo) -> bool:
    return bool(record.members[int(relo.access.split(":")[1])].name)
