"""`Targets`: what tracing programs are loaded for, from names to the numbers that the kernel takes.

>>> with Targets(kernel) as targets:
...     targets.aim(spec, attr)

A kernel's BTF is opened once for all programs that are loaded together.
"""

from __future__ import annotations

import errno
from contextlib import ExitStack

from seismo.base.closing import Closing
from seismo.base.dataclass import replace
from seismo.base.errors import BpfError, NotSupported, SyscallError
from seismo.btf.errors import BtfNotFound
from seismo.btf.spec import VMLINUX, Btf
from seismo.btf.types import Kind, Struct
from seismo.isa.prog_types import AttachType, ProgType
from seismo.kernel import bpf
from seismo.kernel.abi import ProgLoadAttr
from seismo.kernel.bpf import LoadRefused
from seismo.kernel.btf_object import btf_bytes, open_btf, open_module_btf
from seismo.kernel.errors import NotInKernel
from seismo.kernel.fd import Fd
from seismo.kernel.protocol import Kernel
from seismo.objects.errors import AttachRefused, BadSpec
from seismo.objects.target_name import describe_target
from seismo.objects.verifier_log import VerifierError
from seismo.spec.types import ProgramSpec, ProgramTarget

__all__ = ("Targets",)

_MODULES = "/sys/kernel/btf"
# What the kernel calls these in its BTF, and we to users.
_TYPEDEF_PREFIX = "btf_trace_"
_ITERATOR_PREFIX = "bpf_iter_"


class Targets(Closing):
    """Owns the fds that targets are named by; they must last until the programs are loaded."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._owned = ExitStack()
        self._vmlinux: Btf | None = None
        self._modules: dict[str, tuple[Btf, Fd]] = {}

    def aim(self, spec: ProgramSpec, attr: ProgLoadAttr) -> None:
        """Tell `attr` what `spec.target` is, if there is one; what the kernel itself does not have
        may be in any module.

        Raises `NotInKernel`, with a near name, for a target that the kernel does not have,
        `NotSupported` where it has no BTF, `BadSpec` for what replaces a function of no program.
        Since Linux 5.5, functions of modules since 5.11.
        """
        target, kind = spec.target, spec.expected_attach_type
        if target is None:
            return
        if target.program_id:
            self._aim_at_program(target, attr)
        elif spec.type is ProgType.EXT:
            hint = "name the program that is loaded with that function, by its id"
            raise BadSpec(f"program {spec.name}", f"whose {target.name} shall it replace?", hint)
        elif target.member:
            self._aim_at_member(target, attr)
        elif target.module:
            self._aim_at_module(target, kind, attr)
        else:
            try:
                attr.attach_btf_id = _find(self._kernel_btf(), target, kind)
            except NotInKernel:
                module = self._module_with(target, kind)
                if not module:
                    raise
                self._aim_at_module(replace(target, module=module), kind, attr)

    def explain(self, spec: ProgramSpec, error: LoadRefused | VerifierError) -> BpfError:
        """What to raise for a program that was refused: is it for its target, or for its code?

        A complaint that names no instruction is about the target: a function that was inlined, that
        the kernel keeps programs away from, or whose arguments a trampoline cannot pass on.
        """
        place = describe_target(spec)
        if isinstance(error, LoadRefused):
            return AttachRefused(place, error)
        if error.insn_index >= 0:
            return error
        is_function = spec.expected_attach_type in (AttachType.TRACE_FENTRY, AttachType.TRACE_FEXIT)
        hint = "try a kprobe there, or a function that calls it" if is_function else ""
        return NotSupported(place, error.summary, hint)

    def close(self) -> None:
        """Close what was opened; a second time does nothing."""
        self._owned.close()

    def _kernel_btf(self) -> Btf:
        if self._vmlinux is None:
            self._vmlinux = _open(VMLINUX)
        return self._vmlinux

    def _module(self, name: str) -> tuple[Btf, Fd]:
        if name not in self._modules:
            fd = self._owned.enter_context(open_module_btf(self._kernel, name))
            self._modules[name] = _open(f"{_MODULES}/{name}", self._kernel_btf()), fd
        return self._modules[name]

    def _aim_at_module(
        self, target: ProgramTarget, kind: AttachType | None, attr: ProgLoadAttr
    ) -> None:
        btf, fd = self._module(target.module)
        attr.attach_btf_id = _find(btf, target, kind)
        attr.attach_btf_obj_fd = int(fd)

    def _aim_at_member(self, target: ProgramTarget, attr: ProgLoadAttr) -> None:
        """The number of the member goes where others have the type of their attachment."""
        btf = self._kernel_btf()
        for id in btf.find_all(target.name, Kind.STRUCT)[:1]:
            struct = btf.type(id)
            names = [one.name for one in struct.members] if isinstance(struct, Struct) else []
            if target.member in names:
                attr.attach_btf_id = id
                attr.expected_attach_type = names.index(target.member)
                return
        raise NotInKernel(f"member of struct {target.name}", target.member)

    def _module_with(self, target: ProgramTarget, kind: AttachType | None) -> str:
        """The first module that has the target, '' if none has."""
        for name in sorted(self._kernel.list_directory(_MODULES)):
            if name == "vmlinux":
                continue
            try:
                own = self._module(name)[0]
            except NotInKernel:
                continue  # It has gone meanwhile.
            if own.find_all(target.name, _kind(kind)):
                return name
        return ""

    def _aim_at_program(self, target: ProgramTarget, attr: ProgLoadAttr) -> None:
        """Its fd goes where that of a module's BTF does: `attach_prog_fd` is the same field."""
        number = target.program_id
        try:
            opened = Fd(
                self._kernel, bpf.prog_open(self._kernel, number), "program", f"id {number}"
            )
        except SyscallError as error:
            if error.errno != errno.ENOENT:
                raise
            raise NotInKernel("BPF program of id", str(number)) from None
        program = self._owned.enter_context(opened)
        btf_id = bpf.prog_info(self._kernel, int(program)).btf_id
        if not btf_id:
            why = "it was loaded without BTF"
            raise NotSupported(f"tracing BPF program {target.name} (id {number})", why)
        with open_btf(self._kernel, btf_id) as fd:
            btf = Btf.from_bytes(btf_bytes(self._kernel, fd))
        attr.attach_btf_id = _find(btf, target, AttachType.TRACE_FENTRY)
        attr.attach_btf_obj_fd = int(program)


def _open(path: str, base: Btf | None = None) -> Btf:
    try:
        return Btf.open(path, base)
    except OSError as error:
        hint = "it takes a kernel with CONFIG_DEBUG_INFO_BTF"
        raise NotSupported("kernel types", f"{path}: {error.strerror}", hint) from None


def _find(btf: Btf, target: ProgramTarget, kind: AttachType | None) -> int:
    """The id of the target: functions are FUNCs, a raw tracepoint is a typedef."""
    try:
        return btf.find(target.name, _kind(kind))
    except BtfNotFound as error:
        what, prefix = "function", ""
        if kind is AttachType.TRACE_RAW_TP:
            what, prefix = "raw tracepoint", _TYPEDEF_PREFIX
        elif kind is AttachType.TRACE_ITER:
            what, prefix = "iterator", _ITERATOR_PREFIX
        hint = error.hint.replace(prefix, "") if error.hint.startswith("did you mean") else ""
        where = f" of {target.module}" if target.module else ""
        raise NotInKernel(what + where, target.name.removeprefix(prefix), hint) from None


def _kind(kind: AttachType | None) -> Kind:
    return Kind.TYPEDEF if kind is AttachType.TRACE_RAW_TP else Kind.FUNC
