"""Uprobes: how their targets are written, found in real files, and attached to."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest

from seismo.base.source import NOWHERE
from seismo.elf.binary import Binary
from seismo.isa.prog_types import AttachType, ProgType
from seismo.probes.arguments import DwarfArguments
from seismo.probes.backend import NO_USE, Backend, Context, Use
from seismo.probes.kind import ProbeKind, Target, TargetError
from seismo.probes.spec import AttachPoint
from seismo.probes.uprobe import UPROBE, URETPROBE
from seismo.probes.user_file import quoted, split_parts
from seismo.spec.types import UprobeAttach, UprobeMultiAttach
from user_programs import CALLS_CPP, TARGET, FileView, compile_program, has_cpp, line_of

_PAGE = 4096
LINE = line_of(TARGET, "the line of add")
needs_cpp = pytest.mark.skipif(not has_cpp(), reason="needs g++")


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compile_program(tmp_path_factory.mktemp("target") / "target.c", TARGET)


@pytest.fixture(scope="module")
def cpp_program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compile_program(tmp_path_factory.mktemp("cpp") / "calls.cpp", CALLS_CPP)


def expanded(text: str, view: FileView, kind: ProbeKind = UPROBE) -> list[Target]:
    return list(kind.expand(kind.parse(text), view))


def complaint(text: str, view: FileView, kind: ProbeKind = UPROBE) -> tuple[str, str]:
    with pytest.raises(TargetError) as caught:
        chosen(text, view, kind=kind)
    return caught.value.message, caught.value.hint


def chosen(text: str, view: FileView, use: Use = NO_USE, *, kind: ProbeKind = UPROBE) -> Backend:
    points = [AttachPoint(kind.name, one, NOWHERE) for one in expanded(text, view, kind)]
    return kind.choose(tuple(points), use, view)


def address_of(program: Path, name: str) -> int:
    return binary(program).symbols.find(name).address


def offset_of(program: Path, name: str) -> int:
    return binary(program).offset_of(name)


def binary(program: Path) -> Binary:
    return FileView().binary(str(program))


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("/bin/bash:readline", ("/bin/bash", "readline")),
        ("libc:malloc+0x4", ("libc", "malloc+0x4")),
        ("./a.out:0x1139", ("./a.out", "0x1139")),
        ("./a.out:4409", ("./a.out", "4409")),
        ("./a.out@main.c:12", ("./a.out@main.c", "12")),
        ("./a.out@lib/main.c:12:3", ("./a.out@lib/main.c", "12", "3")),
        ("/opt/tool@1.2/bin/x:main", ("/opt/tool@1.2/bin/x", "main")),
        ('"/opt/a b/x:y":main', ("/opt/a b/x:y", "main")),
        (r"/opt/a\ b/x\:y:main", ("/opt/a b/x:y", "main")),
        ('./x:cpp:"ns::f(int, char *)"', ("./x", "cpp", "ns::f(int, char *)")),
        ("./x:cpp:ns::f", ("./x", "cpp", "ns::f")),
        ("./x:cpp:f", ("./x", "cpp", "f")),
        ("./x:cpp", ("./x", "cpp")),
        ("./x:ns::f", ("./x", "cpp", "ns::f")),
        ('./x:"f(int)"', ("./x", "cpp", "f(int)")),
        ("app.apk!/lib/x.so:f", ("app.apk!/lib/x.so", "f")),
        (":read*", ("*", "read*")),
        ("*:read*", ("*", "read*")),
        ("readline", ("", "readline")),
        ("cpp:ns_*", ("", "cpp", "ns_*")),
    ],
)
def test_parse(text: str, target: Target) -> None:
    assert UPROBE.parse(text) == target


@pytest.mark.parametrize(
    ("kind", "text", "message"),
    [
        (UPROBE, "", "a probe of a program has a file and a function"),
        (UPROBE, "/bin/bash:", "a probe of a program has a file and a function"),
        (UPROBE, '"/bin/bash:readline', "a quote is not closed"),
        (UPROBE, "/bin/bash:main+0xz", "'0xz' is no offset"),
        (URETPROBE, "/bin/bash:main+4", "a uretprobe is where a whole function returns"),
        (URETPROBE, "./x@main.c:12", "a uretprobe is where a whole function returns"),
    ],
)
def test_parse_refuses(kind: ProbeKind, text: str, message: str) -> None:
    with pytest.raises(TargetError) as caught:
        expanded(text, FileView(), kind)
    assert caught.value.message == message


@pytest.mark.parametrize("part", ["/bin/x", "a b", "ns::f(int)", 'quote"d', "back\\slash", "a,b"])
def test_quoted_parts_come_back(part: str) -> None:
    assert split_parts(f"{quoted(part)}:x") == (part, "x")


def test_full_names(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = str(program)
    view = FileView()
    monkeypatch.chdir(program.parent)
    assert expanded("./target:add", view) == [(path, "add")]
    assert expanded("./target:add+1", view) == [(path, "add+1")]
    assert expanded(f"./target@target.c:{LINE}", view) == [(f"{path}@target.c", str(LINE))]
    monkeypatch.setenv("PATH", str(program.parent))
    assert expanded("target:add", view) == [(path, "add")]
    libc = os.path.abspath(view.binary("libc").path)
    assert expanded("libc:malloc", view) == [(libc, "malloc")]


def test_wildcards(program: Path) -> None:
    view = FileView(running=[str(program), "/etc/passwd", "/nowhere/at/all"])
    path = str(program)
    # plus is another name of add, _add_up a third; hidden is static.
    assert expanded(f"{path}:*add", view) == [(path, "add")]
    assert expanded(f"{path}:*p*us", view) == [(path, "plus")]
    assert (path, "add") in expanded(f"{path}:*", view)
    assert (path, "_add_up") not in expanded(f"{path}:*", view)
    assert expanded(f"{path}:[ah]dd*", view) == [(path, "add"), (path, "add_three")]
    assert expanded(f"{path}:hid*", view) == [(path, "hidden")]
    assert expanded(f"{program.parent}/t*:visit", view) == [(path, "visit")]
    folder = f"{program.parent.name[:-1]}[{program.parent.name[-1]}]"
    assert expanded(f"{program.parent.parent}/{folder}/ta*:visi[t]", view) == [(path, "visit")]
    assert expanded("*:visit", view) == [(path, "visit")]
    assert expanded("tar*:visit", view) == [(path, "visit")]
    # A function that is chosen when the program starts is no function to probe.
    assert expanded(f"{path}:cho*", view) == [(path, "choose")]


def test_a_file_comes_once(program: Path, tmp_path: Path) -> None:
    for name in ("one.so", "two.so"):
        (tmp_path / name).symlink_to(program)
    assert expanded(f"{tmp_path}/*.so:add", FileView()) == [(str(tmp_path / "one.so"), "add")]


def test_a_library_in_an_archive(program: Path, tmp_path: Path) -> None:
    """Stored at a page's beginning, as Android's packages have their libraries."""
    archive, member = tmp_path / "app.apk", zipfile.ZipInfo("lib/target.so")
    member.extra = bytes(_PAGE - 30 - len(member.filename))  # 30: the header before the name
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as file:
        file.writestr(member, program.read_bytes())
    name = f"{archive}!/lib/target.so"
    assert expanded(f"{name}:add", FileView()) == [(name, "add")]
    (attach,) = chosen(f"{name}:add", FileView()).attach
    assert attach == UprobeAttach(str(archive), _PAGE + offset_of(program, "add"))


@needs_cpp
def test_names_of_the_source(cpp_program: Path) -> None:
    view, path = FileView(), str(cpp_program)
    area_of_two, area_of_one = (path, "_ZN6shapes4areaEii"), (path, "_ZN6shapes4areaEi")
    assert set(expanded(f"{path}:cpp:shapes::area", view)) == {area_of_two, area_of_one}
    assert expanded(f'{path}:cpp:"shapes::area(int)"', view) == [area_of_one]
    assert set(expanded(f'{path}:cpp:"shapes::ar*"', view)) == {area_of_two, area_of_one}
    assert expanded(f'{path}:cpp:"*area(int, int)"', view) == [area_of_two]
    assert expanded(f"{path}:shapes::Box::volume", view) == [(path, "_ZNK6shapes3Box6volumeEi")]
    assert expanded(f"{path}:cpp:main", view) == [(path, "main")]
    message, hint = complaint(f"{path}:area", view)
    assert message == f"{path} has no function 'area'"
    assert hint == "it is a name of the source: write cpp:shapes::area behind the file"
    assert list(UPROBE.targets(f"{path}:cpp:*area(int)", view)) == [
        f'{path}:cpp:"shapes::area(int)"'
    ]


def test_one_place_is_one_uprobe(program: Path) -> None:
    backend = chosen(f"{program}:add", FileView("uprobe_multi"), Use(pid=77))
    assert backend.attach == (UprobeAttach(str(program), offset_of(program, "add"), pid=77),)
    assert backend.prog_type == ProgType.KPROBE
    assert backend.context is Context.REGISTERS
    assert backend.attach_type is None
    assert not backend.has_cookies


def test_offsets_and_addresses(program: Path) -> None:
    offset, address = offset_of(program, "add"), address_of(program, "add")
    for text, wanted in (("add+1", offset + 1), (hex(address), offset), (str(address), offset)):
        (attach,) = chosen(f"{program}:{text}", FileView()).attach
        assert attach == UprobeAttach(str(program), wanted)


def test_a_fixed_program_has_other_addresses(tmp_path: Path) -> None:
    program = compile_program(tmp_path / "fixed.c", TARGET, "-no-pie")
    address, offset = address_of(program, "add"), offset_of(program, "add")
    assert address > 0x400000 > offset
    (attach,) = chosen(f"{program}:{address:#x}", FileView()).attach
    assert attach == UprobeAttach(str(program), offset)


def test_a_line(program: Path) -> None:
    (attach,) = chosen(f"{program}@target.c:{LINE}", FileView()).attach
    assert isinstance(attach, UprobeAttach)
    start = offset_of(program, "add")
    size = binary(program).symbols.find("add").size
    assert start <= attach.offset < start + size


def test_many_places_of_a_file(program: Path) -> None:
    names = ("add", "add_three", "visit")
    offsets = tuple([offset_of(program, name) for name in names])
    view = FileView("uprobe_multi")
    points = tuple([AttachPoint("uprobe", (str(program), name), NOWHERE) for name in names])
    together = UPROBE.choose(points, NO_USE, view)
    assert together.attach == (UprobeMultiAttach(str(program), offsets),)
    assert together.attach_type is AttachType.TRACE_UPROBE_MULTI
    told = UPROBE.choose(points, Use(names=frozenset({"probe"}), pid=7), view)
    assert told.attach == (UprobeMultiAttach(str(program), offsets, cookies=(1, 2, 3), pid=7),)
    assert told.has_cookies
    single = UPROBE.choose(points, Use(names=frozenset({"probe"})), FileView())
    assert single.attach == tuple(
        [UprobeAttach(str(program), one, cookie=n) for n, one in enumerate(offsets, 1)]
    )
    assert single.attach_type is None
    assert "no uprobe_multi" in single.why


def test_without_cookies_each_point_is_a_program(program: Path) -> None:
    view = FileView("uprobe_multi")
    view.features.discard("cookie")
    backend = chosen(f"{program}:add*", view, Use(names=frozenset({"probe"})))
    assert not backend.has_cookies
    assert backend.attach[0].cookies == ()  # type: ignore[union-attr]


def test_several_files_are_several_links(program: Path, tmp_path: Path) -> None:
    other = compile_program(tmp_path / "other.c", TARGET)
    view = FileView("uprobe_multi", running=[str(program), str(other)])
    backend = chosen("*:add*", view, Use(names=frozenset({"probe"})))
    assert [(one.path, one.cookies) for one in backend.attach] == [  # type: ignore[union-attr]
        (str(program), (1, 2)),
        (str(other), (3, 4)),
    ]


def test_returns(program: Path) -> None:
    backend = chosen(f"{program}:add", FileView(), kind=URETPROBE)
    add = UprobeAttach(str(program), offset_of(program, "add"), is_return=True)
    assert backend.attach == (add,)
    address = address_of(program, "add")
    assert chosen(f"{program}:{address:#x}", FileView(), kind=URETPROBE).attach == (add,)
    message, hint = complaint(f"{program}:{address + 1:#x}", FileView(), kind=URETPROBE)
    assert message == f"{address + 1:#x} is 1 bytes into 'plus'"
    assert hint == f"plus begins at {address:#x}"


def test_func_of_a_return_needs_linux_6_6(program: Path) -> None:
    use = Use(names=frozenset({"func"}))
    with pytest.raises(TargetError, match="does not tell a uretprobe its function") as caught:
        chosen(f"{program}:add", FileView(), use, kind=URETPROBE)
    assert "6.6" in caught.value.hint
    assert chosen(f"{program}:add", FileView("uprobe_func_ip"), use, kind=URETPROBE).attach
    assert chosen(f"{program}:add", FileView(), use).attach


def test_mistakes(program: Path, tmp_path: Path) -> None:
    view, path = FileView(), str(program)
    size = binary(program).symbols.find("add").size
    assert complaint(f"{path}:visti", view) == (
        f"{path} has no function 'visti'",
        "did you mean 'visit'?",
    )
    assert complaint(f"{path}:total", view)[0] == f"'total' of {path} is data, no function"
    message, hint = complaint(f"{path}:add+{size}", view)
    assert message == f"'add' of {path} has {size} bytes, so none at +{size:#x}"
    assert f"--disassemble=add {path}" in hint
    assert complaint(f"{path}:printf", view)[0] == f"{path} has no function 'printf'"
    assert complaint(f"{path}:0x7ffff7a00000", view)[0] == f"{path} has no code at 0x7ffff7a00000"
    total = address_of(program, "total")
    assert complaint(f"{path}:{total:#x}", view)[0] == f"{path} has no code at {total:#x}"
    assert complaint(f"{path}:0x", view)[0] == "'0x' is no address"
    assert complaint(f"{path}:nothing_*", view)[0] == f"no function of {path} matches 'nothing_*'"
    message, hint = complaint(f"{path}:chosen", view)
    assert message == f"'chosen' of {path} is chosen among several functions when a program starts"
    assert "chosen from" in hint
    assert complaint(f"{path}@target.c:99999", view)[1]
    assert complaint(f"{path}@nothing.c:1", view)[0].startswith("nothing.c")
    assert complaint("/no/such:f", view)[0] == "there is no program or library '/no/such'"
    assert complaint(f"{tmp_path}/*:f", view)[0] == f"no program or library matches '{tmp_path}/*'"
    assert "no ELF file" in complaint("/etc/passwd:f", view)[0]
    assert complaint("visit", view)[0] == "this attach point names no file"


def test_indirect_functions_of_libc() -> None:
    message, hint = complaint("libc:strlen", FileView())
    assert message.endswith("is chosen among several functions when a program starts")
    assert "__strlen_" in hint or "debug symbols" in hint


def test_stripped(tmp_path: Path) -> None:
    program = compile_program(tmp_path / "stripped.c", TARGET, "-s")
    message, hint = complaint(f"{program}:add", FileView())
    assert message == f"{program} has no function 'add'"
    assert "install its debug symbols" in hint
    assert chosen(f"{program}:{0x1000:#x}", FileView()).attach


def test_a_kernel_without_uprobes(program: Path) -> None:
    view = FileView()
    view.features.discard("uprobe")
    assert complaint(f"{program}:add", view) == (
        "this kernel has no uprobes: CONFIG_UPROBE is not set",
        "use another kernel",
    )


def test_arguments(program: Path) -> None:
    view = FileView()
    assert UPROBE.arguments is not None
    told = UPROBE.arguments(AttachPoint("uprobe", (str(program), "visit"), NOWHERE), view)
    assert isinstance(told, DwarfArguments)
    names = [(one.name, one.register_index) for one in told.function.parameters]
    assert names == [("first", 0), ("weight", -1), ("at", 1), ("c", 2)]
    inside = AttachPoint("uprobe", (str(program), "add+1"), NOWHERE)
    with pytest.raises(TargetError, match="args are only known where a function begins"):
        UPROBE.arguments(inside, view)


def test_arguments_need_debug_information(tmp_path: Path) -> None:
    program = compile_program(tmp_path / "plain.c", TARGET, "-g0")
    assert UPROBE.arguments is not None
    with pytest.raises(TargetError) as caught:
        UPROBE.arguments(AttachPoint("uprobe", (str(program), "add"), NOWHERE), FileView())
    assert caught.value.hint


def test_listing(program: Path) -> None:
    view, path = FileView(), str(program)
    assert list(UPROBE.targets(f"{path}:add*", view)) == [f"{path}:add", f"{path}:add_three"]
    assert set(UPROBE.targets(f"{path}:*[dl]u[sp]", view)) == {f"{path}:plus"}
    assert set(UPROBE.targets(f"{path}:*add*", view)) == {
        f"{path}:{one}" for one in ("add", "_add_up", "add_three")
    }
    assert list(UPROBE.targets("", view)) == []
    assert f"{path}:main" in list(URETPROBE.targets(f"{path}:", view))
