"""Static probes as a file tells them, and the macros by which programs read their arguments."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from seismo.bcc.usdt import USDT, USDTException, USDTProbeArgument
from seismo.bcc.usdt_text import SiteShape, argument_type, site_macros
from seismo.elf.usdt_arguments import parse_arguments
from user_programs import STATIC_PROBES, compile_program

_READ = "bpf_usdt_readarg(number, ctx, pointer)"


def _shape(text: str, machine: str = "x86_64", title: str = "p:x") -> SiteShape:
    return SiteShape(machine, parse_arguments(text, machine), title)


def _argument(*shapes: SiteShape, number: int = 1) -> str:
    return site_macros(shapes)[f"_usdt_argument_{number}(ctx)"]


@pytest.mark.parametrize(
    ("text", "machine", "expression"),
    [
        ("-4@%edi", "x86_64", "(u64)(s32)((struct pt_regs *)(ctx))->di"),
        ("8@%r12", "x86_64", "(u64)(u64)((struct pt_regs *)(ctx))->r12"),
        ("1@%ah", "x86_64", "(u64)(u8)(((struct pt_regs *)(ctx))->ax >> 8)"),
        ("-4@$-7", "x86_64", "(u64)(s32)0xfffffffffffffff9ull"),
        (
            "-2@-20(%rbp)",
            "x86_64",
            "({ s16 _read = 0; bpf_probe_read_user(&_read, sizeof(_read), "
            "(void *)(((struct pt_regs *)(ctx))->bp + 0xffffffffffffffecull)); (u64)_read; })",
        ),
        (
            "8@8(%rax,%rdx,4)",
            "x86_64",
            "({ u64 _read = 0; bpf_probe_read_user(&_read, sizeof(_read), "
            "(void *)(((struct pt_regs *)(ctx))->ax + ((struct pt_regs *)(ctx))->dx * 4 + "
            "0x8ull)); (u64)_read; })",
        ),
        ("-8@x3", "aarch64", "(u64)(s64)((struct pt_regs *)(ctx))->regs[3]"),
        (
            "4@[sp, 12]",
            "aarch64",
            "({ u32 _read = 0; bpf_probe_read_user(&_read, sizeof(_read), "
            "(void *)(((struct pt_regs *)(ctx))->sp + 0xcull)); (u64)_read; })",
        ),
    ],
)
def test_where_an_argument_is(text: str, machine: str, expression: str) -> None:
    assert _argument(_shape(text, machine)) == expression


def test_sites_that_agree_need_no_cookie() -> None:
    same = _argument(_shape("8@%rdi 8@%rax"), _shape("8@%rdi 8@%rbx"))
    assert same == "(u64)(u64)((struct pt_regs *)(ctx))->di"


def test_sites_are_told_by_their_cookies() -> None:
    text = _argument(_shape("8@%rdi"), _shape(""), _shape("4@%eax"))
    assert text == (
        "({ u64 _site = bpf_get_attach_cookie(ctx); u64 _value = 0; "
        "if (_site == 0) _value = (u64)(u64)((struct pt_regs *)(ctx))->di; else "
        "if (_site == 2) _value = (u64)(u32)((struct pt_regs *)(ctx))->ax; _value; })"
    )


def test_what_cannot_be_read_says_why_where_it_is_read() -> None:
    shape = _shape("8@%rdi 4f@%xmm0", title="shop:sale")
    assert '_Static_assert(0, "argument 2 of shop:sale: ' in _argument(shape, number=2)
    assert '_Static_assert(0, "shop:sale has 2 arguments")' in _argument(shape, number=3)
    assert "_Static_assert" not in _argument(shape)


def test_macros_of_nothing() -> None:
    assert site_macros([]) == {}
    assert _READ in site_macros([_shape("")])


def test_types_of_arguments() -> None:
    arguments = parse_arguments("-4@%edi 8@%rax -1@%al", "x86_64")
    assert [argument_type(one) for one in arguments] == ["int32_t", "uint64_t", "int8_t"]


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compile_program(tmp_path_factory.mktemp("static") / "shop.c", STATIC_PROBES)


def test_probes_of_a_file(program: Path) -> None:
    probes = {one.short_name(): one for one in USDT(path=str(program)).enumerate_probes()}
    assert {"shop:plain", "shop:sale", "shop:moved", "shop:guarded"} <= set(probes)
    sale, moved = probes["shop:sale"], probes["shop:moved"]
    assert (sale.provider, sale.name, sale.num_locations) == (b"shop", b"sale", 1)
    assert (sale.bin_path, sale.num_arguments) == (os.fsencode(program), 5)
    assert moved.num_locations == 3
    location = sale.get_location(0)
    constant = location.get_argument(3)
    assert (constant.size, constant.signed, constant.constant) == (4, True, -7)
    assert str(constant) == "4 signed   bytes @ -7"
    assert location.get_argument(4).deref_ident is not None
    assert location.address == sale.sites[0].address
    assert (sale.semaphore, probes["shop:guarded"].semaphore > 0) == (0, True)
    for wrong in (5, -1):
        with pytest.raises(USDTException, match="5 arguments"):
            location.get_argument(wrong)
    with pytest.raises(USDTException, match="3 places"):
        moved.get_location(3)


def test_a_variable_is_found_from_the_site(program: Path) -> None:
    """The last argument of `sale` is the variable that has 1000 in it."""
    usdt = USDT(path=program)
    usdt.enable_probe("sale", "on_sale")
    text = usdt.get_text()
    assert text.startswith("#define _usdt_argument_1(ctx) ")
    variable = text.split("#define _usdt_argument_5(ctx) ")[1].split("\n")[0]
    assert "(ctx))->ip + 0x" in variable or "(ctx))->pc + 0x" in variable
    assert usdt.get_probe_arg_ctype("shop:sale", 2) == "int16_t"
    with pytest.raises(USDTException, match="5 arguments"):
        usdt.get_probe_arg_ctype("shop:sale", 5)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("shop:sal", "no static probe 'shop:sal' in .*did you mean 'shop:sale'"),
        (b"moves", "did you mean 'moved'"),
        ("other:sale", "no static probe 'other:sale'"),
    ],
)
def test_probes_that_are_not_there(program: Path, name: str | bytes, message: str) -> None:
    with pytest.raises(USDTException, match=f"(?s){message}"):
        USDT(path=str(program)).enable_probe(name, "f")


def test_as_bcc_writes_them(program: Path) -> None:
    """Recorded from BCC 0.26; of a variable it says that it does not recognize the format."""
    probes = {one.short_name(): one for one in USDT(path=str(program)).enumerate_probes()}
    sale, moved = probes["shop:sale"], probes["shop:moved"]
    assert str(sale) == "shop:sale [sema 0x0]"
    assert str(sale.get_location(0)) == f"{program} {sale.sites[0].address:#x}"
    assert [str(sale.get_location(0).get_argument(at)) for at in range(4)] == [
        "8 unsigned bytes @ di",
        "4 signed   bytes @ si",
        "2 signed   bytes @ *(sp - 2)",
        "4 signed   bytes @ -7",
    ]
    places = [moved.get_location(at).get_argument(0) for at in range(3)]
    assert [str(one) for one in places] == [
        "8 signed   bytes @ di",
        "8 signed   bytes @ *(sp - 8)",
        "8 signed   bytes @ -3",
    ]
    assert (places[0].base_register_name, places[1].deref_offset) == (b"di", -8)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("1@%al", "1 unsigned bytes @ ax"),
        ("4@(%rax)", "4 unsigned bytes @ *(ax + 0)"),
        ("-8@-24(%rbp)", "8 signed   bytes @ *(bp - 24)"),
        ("8@4(%rdi,%rsi,8)", "8 unsigned bytes @ *(di + 4 + si * 8)"),
        ("8@(%rdi,%rsi)", "8 unsigned bytes @ *(di + 0 + si)"),
        ("8@$5", "8 unsigned bytes @ 5"),
        ("2@%r9w", "2 unsigned bytes @ r9"),
        ("4@%r10d", "4 unsigned bytes @ r10"),
    ],
)
def test_an_argument_as_bcc_writes_it(text: str, shown: str) -> None:
    """Recorded from BCC 0.26."""
    (argument,) = parse_arguments(text, "x86_64")
    assert str(USDTProbeArgument(argument, "x86_64")) == shown


def test_what_is_enabled(program: Path) -> None:
    usdt = USDT(path=str(program))
    usdt.enable_probe("moved", "f")
    sites = usdt.find_probe("moved").sites
    file = os.fsencode(program)
    assert usdt.enumerate_active_probes() == [(file, b"f", one.address, -1) for one in sites]


def test_a_name_of_several_providers(program: Path) -> None:
    usdt = USDT(path=str(program))
    with pytest.raises(USDTException, match=r"(?s)several static probes are called 'twin'.*shop:"):
        usdt.enable_probe_or_bail("twin", "f")
    usdt.enable_probe("shop:twin", "f")
    assert [one.function for one in usdt.enabled] == ["f"]


def test_probes_of_a_process(program: Path) -> None:
    usdt = USDT(pid=os.getpid())
    assert all(os.path.isabs(one.bin_path) for one in usdt.enumerate_probes())
    with pytest.raises(USDTException, match=f"in process {os.getpid()}"):
        usdt.find_probe("shop:sale")


def test_files_and_processes_that_are_not_there() -> None:
    with pytest.raises(USDTException, match="which static probes"):
        USDT()
    with pytest.raises(USDTException, match="which static probes"):
        USDT(pid=-1)
    with pytest.raises(USDTException, match="no_such_library"):
        USDT(path="no_such_library")
    with pytest.raises(USDTException, match="process 4194304"):
        USDT(pid=4194304)
