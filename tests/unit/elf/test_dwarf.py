"""Debug information of programs that gcc makes here: lines, functions, types, where it is."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from seismo.base.errors import BpfError, NotSupported
from seismo.elf.dwarf import DebugInfo
from seismo.elf.dwarf_errors import DebugInfoMissing, LineNotFound
from seismo.elf.dwarf_types import (
    Array,
    Enum,
    Float,
    FunctionPtr,
    Integer,
    Member,
    Parameter,
    Pointer,
    Struct,
    Void,
)
from seismo.elf.errors import BinaryNotFound, ElfError

pytestmark = pytest.mark.skipif(shutil.which("g++") is None, reason="needs gcc and g++")

INT = Integer("int", 4, True)
LONG = Integer("long int", 8, True)
UNSIGNED = Integer("unsigned int", 4, False)
CHAR = Integer("char", 1, True, is_char=True)
DOUBLE = Float("double", 8)

C_SOURCE = """\
struct node { struct node *next; unsigned flags : 3, more : 5; char name[2][3]; };
struct pair { long a, b; };
struct big { long x[4]; };
enum color { RED = -1, BLUE = 7 };
union either { int i; float f; };
typedef const volatile unsigned u32;

static inline __attribute__((always_inline)) int helper(int x)
{
    int y = x * 3;
    return y + 1;
}

__attribute__((noinline)) long takes(struct node *n, double d, struct pair p, enum color c,
                                     u32 *last, union either e, _Bool b)
{
    int i, sum = 0;
    for (i = 0; i < c; i++)
        sum += helper(i);

    // nothing
    sum += helper(p.a);
    return sum + n->flags + d + *last + e.i + b;
}

__attribute__((noinline)) struct big gives(int (*f)(int), char **v, ...)
{
    return (struct big){{f(1), **v}};
}

int main(int argc, char **argv)
{
    struct node n = {0};
    struct big b = gives((int (*)(int))main, argv);
    return takes(&n, 1, (struct pair){1, 2}, BLUE, (u32 *)&argc, (union either){1}, b.x[0]);
}
"""

CPP_SOURCE = """\
struct Copied { long a; ~Copied() { a = 0; } };
struct Holder { Copied inside; };
struct Plain { long a; Plain() = default; Plain(const Plain &) = default; };
struct Virtual { virtual void f() {} };
namespace ns {
struct Base { int b; };
class Class : public Base {
public:
    int value;
    static int count;
    int method(long n) const;
    template <class T> T twice(T x) { return x + x; }
};
int Class::count = 0;
__attribute__((noinline)) int Class::method(long n) const { return value + n; }
__attribute__((noinline)) int over(int a) { return a; }
__attribute__((noinline)) int over(long a, char *) { return a; }
}
namespace { __attribute__((noinline)) int hidden(int &a, int &&b) { return a + b; } }
__attribute__((noinline)) int by_value(Copied c, Holder h, Plain p, Virtual v, int last)
{
    return c.a + h.inside.a + p.a + last;
}
__attribute__((noinline)) int members(int (ns::Class::*f)(long) const, int ns::Class::*m, int last)
{
    return last + (f != nullptr) + (m != nullptr);
}
int main(int argc, char **argv)
{
    ns::Class c;
    c.value = argc;
    auto lambda = [&](int x) { return x + c.value; };
    int r = c.method(1) + c.twice(argc) + ns::over(1) + ns::over(2, *argv) + hidden(argc, 1);
    r += by_value({}, {}, {}, {}, 1) + members(&ns::Class::method, &ns::Class::value, 1);
    return r + lambda(2);
}
"""


def build(folder: Path, name: str, text: str, *options: str) -> Path:
    """The program of a source file, which is named like it."""
    source = folder / name
    source.write_text(text)
    program = folder / "program"
    compiler = "g++" if name.endswith(".cpp") else "gcc"
    subprocess.run([compiler, "-g", *options, "-o", program, source], check=True, cwd=folder)
    return program


VERSIONS = ["-gdwarf-4", "-gdwarf-5"]


@pytest.fixture(scope="module", params=VERSIONS)
def c_program(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("c"), "it.c", C_SOURCE, request.param, "-O0")


@pytest.fixture(
    scope="module",
    params=[[one] for one in VERSIONS] + [[one, "-fdebug-types-section"] for one in VERSIONS],
)
def cpp_program(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("cpp"), "it.cpp", CPP_SOURCE, *request.param, "-O0")


def line_of(text: str, part: str) -> int:
    """The number of the line that has this part."""
    (line,) = [number for number, one in enumerate(text.split("\n"), 1) if part in one]
    return line


def symbol(program: Path, name: str) -> int:
    listing = subprocess.run(["nm", program], check=True, capture_output=True, text=True).stdout
    (address,) = [row.split()[0] for row in listing.splitlines() if row.split()[-1] == name]
    return int(address, 16)


def source_line(program: Path, address: int) -> int:
    """The line of an address, as addr2line says."""
    command = ["addr2line", "-e", str(program), hex(address)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return int(said.split()[0].rpartition(":")[2])


def test_the_line_of_a_function_is_its_symbol(c_program: Path) -> None:
    info = DebugInfo(str(c_program))
    assert info.addresses("it.c", line_of(C_SOURCE, "int main")) == (symbol(c_program, "main"),)


def test_a_line_of_an_inlined_function_has_an_address_in_each_copy(c_program: Path) -> None:
    line = line_of(C_SOURCE, "return y + 1")
    addresses = DebugInfo(str(c_program)).addresses("it.c", line)
    assert len(addresses) == 2
    assert addresses == tuple(sorted(addresses))
    assert {source_line(c_program, one) for one in addresses} == {line}


def test_a_line_with_two_pieces_of_code_in_one_function_has_its_first_address(
    c_program: Path,
) -> None:
    line = line_of(C_SOURCE, "for (i = 0")
    (address,) = DebugInfo(str(c_program)).addresses("it.c", line)
    assert source_line(c_program, address) == line
    assert source_line(c_program, address - 1) == line - 1


def test_a_line_without_code_is_the_next_one_that_has_some(c_program: Path) -> None:
    comment = line_of(C_SOURCE, "// nothing")
    found = DebugInfo(str(c_program)).source_line("it.c", comment)
    assert (found.line, Path(found.path).name) == (comment + 1, "it.c")
    assert found.addresses == DebugInfo(str(c_program)).addresses("it.c", comment + 1)


def test_a_column_picks_one_statement_of_a_line(c_program: Path) -> None:
    info = DebugInfo(str(c_program))
    line = line_of(C_SOURCE, "for (i = 0")
    condition = C_SOURCE.split("\n")[line - 1].index("i < c") + 3
    (at_condition,) = info.addresses("it.c", line, condition)
    assert at_condition > info.addresses("it.c", line)[0]
    with pytest.raises(LineNotFound, match=rf"(?s)it.c:{line}:77.*begin at .*{condition}"):
        info.addresses("it.c", line, 77)


@pytest.mark.parametrize("spelling", ["it.c", "./it.c", "{folder}/it.c", "{name}/it.c"])
def test_a_file_is_found_by_the_end_of_its_path(c_program: Path, spelling: str) -> None:
    folder = c_program.parent
    spelled = spelling.format(folder=folder, name=folder.name)
    assert DebugInfo(str(c_program)).addresses(spelled, line_of(C_SOURCE, "int main"))


def test_an_unknown_file_or_line_names_what_there_is(c_program: Path) -> None:
    info = DebugInfo(str(c_program))
    with pytest.raises(LineNotFound, match=r"that.c:1: .* no code of this file"):
        info.addresses("that.c", 1)
    with pytest.raises(LineNotFound, match=r"did you mean 'it\.c'"):
        info.addresses("ti.c", 1)
    with pytest.raises(LineNotFound, match=r"t\.c:1: .* no code of this file"):
        info.addresses("t.c", 1)
    last = len(C_SOURCE.split("\n")) - 1
    with pytest.raises(LineNotFound, match=f"its last line with code is {last}"):
        info.addresses("it.c", last + 1)


def test_optimized_code_has_a_line_where_gdb_has_it(tmp_path: Path) -> None:
    """The hot part of a function is its place, though the cold one has lower addresses."""
    source = (
        "#include <stdlib.h>\nvolatile int sink;\n"
        "#define BOTH sink++; if (__builtin_expect(sink == 99, 0)) { sink = 5; abort(); }\n"
        "__attribute__((noinline)) void f(int x)\n{\n    BOTH\n}\n"
        "int main(int argc, char **argv) { f(argc); return 0; }\n"
    )
    program = build(tmp_path, "hot.c", source, "-O2")
    (address,) = DebugInfo(str(program)).addresses("hot.c", 6)
    assert symbol(program, "f.cold") < symbol(program, "f") <= address


def test_parameters_and_their_registers(c_program: Path) -> None:
    takes = DebugInfo(str(c_program)).function("takes")
    node, pair, either = [takes.parameters[index].type for index in (0, 2, 5)]
    assert isinstance(node, Pointer)
    assert isinstance(node.target, Struct)
    assert isinstance(pair, Struct)
    assert isinstance(either, Struct)
    assert [(one.kind, one.name, one.size) for one in (node.target, pair, either)] == [
        ("struct", "node", 16),
        ("struct", "pair", 16),
        ("union", "either", 4),
    ]
    assert takes.parameters == (
        Parameter("n", node, 0, 1),
        Parameter("d", DOUBLE),
        Parameter("p", pair, 1, 2),
        Parameter("c", Enum("color", 4, True, (("RED", -1), ("BLUE", 7))), 3, 1),
        Parameter("last", Pointer(UNSIGNED), 4, 1),
        Parameter("e", either, 5, 1),
        Parameter("b", Integer("_Bool", 1, False, is_bool=True)),
    )
    assert (takes.name, takes.returns, takes.is_variadic) == ("takes", LONG, False)
    assert takes.address == symbol(c_program, "takes")


def test_a_result_in_memory_takes_the_first_register(c_program: Path) -> None:
    gives = DebugInfo(str(c_program)).function("gives")
    assert gives.parameters == (
        Parameter("f", FunctionPtr(), 1, 1),
        Parameter("v", Pointer(Pointer(CHAR)), 2, 1),
    )
    assert gives.is_variadic
    assert isinstance(gives.returns, Struct)
    assert gives.returns.size == 32


def test_members_of_a_struct_that_contains_itself(c_program: Path) -> None:
    info = DebugInfo(str(c_program))
    node = info.type("struct node")
    assert info.members(node) == (
        Member("next", Pointer(node), 0, 0),
        Member("flags", UNSIGNED, 8, 64, 3),
        Member("more", UNSIGNED, 8, 67, 5),
        Member("name", Array(Array(CHAR, 3), 2), 9, 72),
    )
    assert info.members(info.type("union either")) == (
        Member("i", INT, 0, 0),
        Member("f", Float("float", 4), 0, 0),
    )


def test_what_is_not_there_is_told_with_what_is_near(c_program: Path) -> None:
    info = DebugInfo(str(c_program))
    with pytest.raises(DebugInfoMissing, match="did you mean 'takes'"):
        info.function("take")
    with pytest.raises(DebugInfoMissing, match="no such type"):
        info.type("struct nodes")
    with pytest.raises(DebugInfoMissing, match="no debug information of it"):
        info.function_at(symbol(c_program, "_start"))


def test_a_struct_that_one_source_only_declares(tmp_path: Path) -> None:
    (tmp_path / "other.c").write_text(
        "struct hidden { int a; } it; struct hidden *get(void) { return &it; }"
    )
    source = "struct hidden; struct hidden *get(void);\nint use(struct hidden *h) { return !h; }\n"
    source += "int main(void) { return use(get()); }\n"
    info = DebugInfo(str(build(tmp_path, "it.c", source, "other.c")))
    taken = info.function("use").parameters[0].type
    assert isinstance(taken, Pointer)
    assert isinstance(taken.target, Struct)
    assert (taken.target.name, taken.target.size) == ("hidden", 0)
    assert info.members(taken.target) == (Member("a", INT, 0, 0),)


def test_functions_of_one_name_in_several_sources(tmp_path: Path) -> None:
    (tmp_path / "other.c").write_text(
        "static int same(char *p) { return *p; }\nint g(char *p) { return same(p); }"
    )
    source = (
        "int g(char *);\nstatic int same(int a) { return a; }\n"
        "int main(int n, char **v) { return same(n) + g(*v); }\n"
    )
    info = DebugInfo(str(build(tmp_path, "it.c", source, "other.c", "-O0")))
    assert {one.parameters[0].type for one in info.functions("same")} == {INT, Pointer(CHAR)}
    with pytest.raises(DebugInfoMissing, match=r"2 functions of .* have this name"):
        info.function("same")


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("ns::Class::method", "ns::Class::method"),
        ("ns::Class::method(long) const", "ns::Class::method"),
        ("_ZNK2ns5Class6methodEl", "ns::Class::method"),
        ("ns::Class::twice", "ns::Class::twice<int>"),
        ("(anonymous namespace)::hidden", "(anonymous namespace)::hidden"),
        ("ns::over(int)", "ns::over"),
    ],
)
def test_functions_of_cpp_have_many_names(cpp_program: Path, name: str, says: str) -> None:
    assert DebugInfo(str(cpp_program)).function(name).name == says


def test_overloads_are_told_apart_by_parameters(cpp_program: Path) -> None:
    info = DebugInfo(str(cpp_program))
    with pytest.raises(
        DebugInfoMissing, match=r"they are ns::over\(int\), ns::over\(long, char\*\)"
    ):
        info.function("ns::over")
    assert [len(one.parameters) for one in info.functions("ns::over")] == [1, 2]


def test_a_method_takes_the_object_and_references_are_addresses(cpp_program: Path) -> None:
    info = DebugInfo(str(cpp_program))
    this, count = info.function("ns::Class::method").parameters
    assert (this.name, this.register_index, count) == ("this", 0, Parameter("n", LONG, 1, 1))
    assert isinstance(this.type, Pointer)
    assert isinstance(this.type.target, Struct)
    base, value = info.members(this.type.target)
    assert (base.name, base.offset, value) == ("", 0, Member("value", INT, 4, 32))
    hidden = info.function("(anonymous namespace)::hidden")
    assert [one.type for one in hidden.parameters] == [Pointer(INT), Pointer(INT)]


def test_classes_that_are_not_copied_as_bytes_are_passed_by_address(cpp_program: Path) -> None:
    parameters = DebugInfo(str(cpp_program)).function("by_value").parameters
    assert [(one.name, one.register_index, one.is_address) for one in parameters] == [
        ("c", 0, True),
        ("h", 1, True),
        ("p", 2, False),
        ("v", 3, True),
        ("last", 4, False),
    ]


def test_pointers_to_members(cpp_program: Path) -> None:
    function, member, last = DebugInfo(str(cpp_program)).function("members").parameters
    assert (function.register_index, function.register_count) == (0, 2)
    assert member == Parameter("m", Integer("long", 8, True), 2, 1)
    assert last == Parameter("last", INT, 3, 1)


def test_a_lambda_is_found_inside_its_function(cpp_program: Path) -> None:
    lambda_ = DebugInfo(str(cpp_program)).function("main::{lambda(int)#1}::operator()")
    assert [one.name for one in lambda_.parameters] in (["__closure", "x"], ["this", "x"])
    assert lambda_.parameters[1] == Parameter("x", INT, 1, 1)


def test_the_debug_information_of_a_stripped_file_is_found(tmp_path: Path) -> None:
    program = build(tmp_path, "it.c", C_SOURCE)
    expected = DebugInfo(str(program)).addresses("it.c", line_of(C_SOURCE, "int main"))
    debug = tmp_path / "program.debug"
    subprocess.run(["objcopy", "--only-keep-debug", program, debug], check=True)
    subprocess.run(["strip", program], check=True)
    with pytest.raises(DebugInfoMissing, match="no debug information"):
        DebugInfo(str(program))

    notes = subprocess.run(["readelf", "-n", program], check=True, capture_output=True, text=True)
    build_id = notes.stdout.partition("Build ID: ")[2].split()[0]
    by_id = tmp_path / "usr/lib/debug/.build-id" / build_id[:2] / f"{build_id[2:]}.debug"
    by_id.parent.mkdir(parents=True)
    debug.rename(by_id)
    info = DebugInfo(str(program), root=str(tmp_path))
    assert info.addresses("it.c", line_of(C_SOURCE, "int main")) == expected
    takes = info.addresses("it.c", line_of(C_SOURCE, "long takes"))
    assert (info.function("takes").address,) == takes

    by_id.rename(debug)
    subprocess.run(["objcopy", f"--add-gnu-debuglink={debug}", program], check=True)
    (tmp_path / ".debug").mkdir()
    debug.rename(tmp_path / ".debug" / "program.debug")
    info = DebugInfo(str(program))
    assert info.addresses("it.c", line_of(C_SOURCE, "int main")) == expected


def test_compressed_debug_information_is_read(tmp_path: Path) -> None:
    program = build(tmp_path, "it.c", C_SOURCE, "-gz=zlib")
    info = DebugInfo(str(program))
    assert info.addresses("it.c", line_of(C_SOURCE, "int main")) == (symbol(program, "main"),)
    assert info.type("struct pair").size == 16


def test_the_debug_information_of_another_build_is_not_believed(tmp_path: Path) -> None:
    program = build(tmp_path, "it.c", C_SOURCE)
    debug = tmp_path / "program.debug"
    subprocess.run(["objcopy", "--only-keep-debug", program, debug], check=True)
    subprocess.run(
        ["objcopy", "--strip-debug", f"--add-gnu-debuglink={debug}", program], check=True
    )
    assert DebugInfo(str(program)).function("takes")
    (tmp_path / "new").mkdir()
    other = build(tmp_path / "new", "it.c", C_SOURCE, "-O2")
    subprocess.run(["objcopy", "--only-keep-debug", other, debug], check=True)
    with pytest.raises(DebugInfoMissing, match="no debug information"):
        DebugInfo(str(program))


def test_split_debug_information_tells_lines_but_no_functions(tmp_path: Path) -> None:
    program = build(tmp_path, "it.c", C_SOURCE, "-gsplit-dwarf")
    info = DebugInfo(str(program))
    assert info.addresses("it.c", line_of(C_SOURCE, "int main")) == (symbol(program, "main"),)
    with pytest.raises(NotSupported, match="compile without -gsplit-dwarf"):
        info.function("takes")


def test_a_file_of_another_machine_or_none(tmp_path: Path) -> None:
    text = tmp_path / "text"
    text.write_text("no ELF file")
    with pytest.raises(ElfError):
        DebugInfo(str(text))
    with pytest.raises(BinaryNotFound):
        DebugInfo(str(tmp_path / "none"))


def test_whatever_the_bytes_are_the_answer_is_an_answer_or_one_error(tmp_path: Path) -> None:
    program = build(tmp_path, "it.c", C_SOURCE)
    info = DebugInfo(str(program))
    whole = program.read_bytes()
    sections = subprocess.run(
        ["readelf", "-SW", program], check=True, capture_output=True, text=True
    )
    rows = [row.split("]")[1].split() for row in sections.stdout.splitlines() if " .debug_" in row]
    assert info.members(info.type("struct pair"))
    for name, _, _, offset, size, *_ in rows:
        start, length = int(offset, 16), int(size, 16)
        for at in range(start, start + length, max(1, length // 12)):
            broken = bytearray(whole)
            broken[at] ^= 0xFF
            program.write_bytes(broken)
            for ask in (ask_for_line, ask_for_function, ask_for_struct):
                try:
                    ask(DebugInfo(str(program)))
                except BpfError as error:
                    assert str(error), name


def ask_for_line(info: DebugInfo) -> None:
    info.addresses("it.c", line_of(C_SOURCE, "return y + 1"))


def ask_for_function(info: DebugInfo) -> None:
    info.function("takes")


def ask_for_struct(info: DebugInfo) -> None:
    info.members(info.type("struct node"))


def test_nothing_is_void(tmp_path: Path) -> None:
    program = build(
        tmp_path, "it.c", "void f(const void *p) {}\nint main(void) { f(0); return 0; }\n"
    )
    function = DebugInfo(str(program)).function("f")
    assert function.returns == Void()
    assert function.parameters == (Parameter("p", Pointer(Void()), 0, 1),)


@pytest.mark.parametrize(
    ("package", "module"), [("elftools", "dwarf"), ("demangle", "demangle_read")]
)
def test_a_package_that_is_not_installed_is_named(package: str, module: str) -> None:
    lines = ["import sys", f"sys.modules[{package!r}] = None", f"import seismo.elf.{module}"]
    command = [sys.executable, "-c", "\n".join(lines)]
    said = subprocess.run(command, check=False, capture_output=True, text=True).stderr
    last = said.strip().splitlines()[-2:]
    assert "NotSupported" in last[0]
    assert last[1].startswith("hint: pip install ")
