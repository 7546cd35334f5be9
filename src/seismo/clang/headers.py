"""What clang is given to include: the kernel's types and the prototypes of its helpers.

Both are generated once for each kernel, since its types as C take a second or two, and kept beside
the indices of BTF (`btf/index.py`). What is written by hand lies in `seismo/c/include`.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from seismo.btf.index import cache_directory
from seismo.btf.spec import VMLINUX, Btf
from seismo.clang.errors import ClangError
from seismo.elf.errors import ElfError
from seismo.elf.file import ElfFile
from seismo.isa.helper_table import TABLE

__all__ = ("HEADERS", "generated_headers", "helper_definitions", "kernel_types")

HEADERS = Path(__file__).parents[1] / "c" / "include"
"""`bpf/bpf_helpers.h` and the like."""

_ELF_MAGIC = b"\x7fELF"
_WORD = re.compile(r"\b(struct bpf_map|struct \w+|[us](?:8|16|32|64)|size_t)\b")
# What a helper of the kernel's takes is what the program has in its place.
_SEEN_BY_PROGRAMS = {
    "struct bpf_map": "void",
    "struct sk_buff": "struct __sk_buff",
    "struct sk_msg_buff": "struct sk_msg_md",
    "struct xdp_buff": "struct xdp_md",
    "size_t": "unsigned long",
}


@contextmanager
def generated_headers(vmlinux: str) -> Iterator[Path]:
    """The directory of `vmlinux.h` and `bpf/bpf_helper_defs.h`.

    The former has the types in the file `vmlinux` ('': the running kernel's, if it has any). Both
    are kept for the next time where there is a place for them. Raises ClangError for a file that
    cannot be read, ElfError or BtfError for one that has no types.
    """
    types = _types(vmlinux)
    definitions = helper_definitions()
    digest = hashlib.sha256(types + definitions.encode() + Path(__file__).read_bytes()).hexdigest()
    cache = cache_directory()
    if not cache:
        with tempfile.TemporaryDirectory(prefix="seismo-cc-") as directory:
            _write(Path(directory), types, definitions)
            yield Path(directory)
        return
    kept = Path(cache) / f"include-{digest[:32]}"
    if not kept.is_dir():
        unfinished = Path(tempfile.mkdtemp(prefix="include-", dir=cache))
        try:
            _write(unfinished, types, definitions)
            unfinished.rename(kept)
        except OSError:
            # Another process was faster, which is as well; or the disk is full.
            if not kept.is_dir():
                raise
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
    yield kept


def _types(vmlinux: str) -> bytes:
    """The BTF blob, of a file that is one or of an ELF file that has one; empty for a kernel that
    has none and was not asked for."""
    path = vmlinux or VMLINUX
    if not vmlinux and not os.path.exists(path):
        return b""
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise ClangError(f"cannot read the types in {path}: {error.strerror}") from error
    if not data.startswith(_ELF_MAGIC):
        return data
    file = ElfFile(data, path)
    if ".BTF" not in file.sections:
        raise ElfError(f"{path} has no section .BTF", 0)
    return bytes(file.content(file.sections[".BTF"]))


def _write(directory: Path, types: bytes, definitions: str) -> None:
    (directory / "bpf").mkdir()
    (directory / "bpf" / "bpf_helper_defs.h").write_text(definitions)
    if types:
        (directory / "vmlinux.h").write_text(kernel_types(Btf.from_bytes(types)))


def kernel_types(types: Btf) -> str:
    """`vmlinux.h`: all types of a kernel, for a source that includes it more than once, too."""
    return f"#ifndef __VMLINUX_H__\n#define __VMLINUX_H__\n\n{types}\n#endif\n"


def helper_definitions() -> str:
    """`bpf/bpf_helper_defs.h`: each helper as a constant pointer to a function: its number."""
    lines = [_definition(number, *row) for number, row in enumerate(TABLE) if number]
    words = _WORD.findall("\n".join(lines))
    records = sorted({one for one in words if one.startswith("struct ")})
    parts = [
        "/* The kernel's helpers, generated from the table of them. */",
        "#ifndef SEISMO_BPF_HELPER_DEFS_H\n#define SEISMO_BPF_HELPER_DEFS_H\n",
        *[f"{one};" for one in records],
        "",
        *lines,
        "\n#endif\n",
    ]
    return "\n".join(parts)


def _definition(
    number: int, name: str, returns: str, parameters: tuple[str, ...], since: tuple[int, int]
) -> str:
    version = ".".join(map(str, since))
    result = _for_programs(returns) + ("" if returns.endswith("*") else " ")
    arguments = ", ".join([_for_programs(one) for one in parameters]) or "void"
    return (
        f"/* Since Linux {version}. */\n"
        f"static {result}(*const bpf_{name})({arguments}) __attribute__((unused)) = "
        f"(void *){number};"
    )


def _for_programs(text: str) -> str:
    """A C type or declaration in the types that programs are written with."""

    def replaced(match: re.Match[str]) -> str:
        word = match[0]
        return _SEEN_BY_PROGRAMS.get(word) or (word if word[0:6] == "struct" else f"__{word}")

    return _WORD.sub(replaced, text)
