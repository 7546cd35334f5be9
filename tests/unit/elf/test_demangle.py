"""Demangled names: those of C++ as `c++filt` has them, those of Rust, and the parts of them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from seismo.elf.demangle import demangle, function_name, is_mangled, matches, symbol_word

LIBRARY = Path("/usr/lib/x86_64-linux-gnu/libstdc++.so.6")


@pytest.mark.parametrize(
    ("symbol", "declaration"),
    [
        ("_Z3foov", "foo()"),
        ("_ZN2ns5Class6methodEiPKc", "ns::Class::method(int, char const*)"),
        ("_ZNK2ns5Class6methodEv", "ns::Class::method() const"),
        ("_ZN2ns5ClassC1Ev", "ns::Class::Class()"),
        ("_ZN2ns5ClassD0Ev", "ns::Class::~Class()"),
        ("_Z5twiceIiET_S0_", "int twice<int>(int)"),
        (
            "_ZNSt6vectorIiSaIiEE9push_backERKi",
            "std::vector<int, std::allocator<int> >::push_back(int const&)",
        ),
        ("_ZN2ns5ClassplERKS0_", "ns::Class::operator+(ns::Class const&)"),
        ("_ZN2ns5ClasscvbEv", "ns::Class::operator bool()"),
        ("_Z3runPFicE", "run(int (*)(char))"),
        ("_ZN12_GLOBAL__N_13runEv", "(anonymous namespace)::run()"),
        ("_ZZ4mainENKUliE_clEi", "main::{lambda(int)#1}::operator()(int) const"),
        ("_ZTVN2ns5ClassE", "vtable for ns::Class"),
        ("_Z3fooB5cxx11v", "foo[abi:cxx11]()"),
        ("_Z3fooi.cold", "foo(int) [clone .cold]"),
        ("_ZN4core3fmt9Formatter3pad17h9b2b3a0e5b4d1b31E", "core::fmt::Formatter::pad"),
        (
            "_ZN71_$LT$core..ops..range..Range$LT$Idx$GT$$u20$as$u20$core..fmt..Debug$GT$"
            "3fmt17h9b2b3a0e5b4d1b31E",
            "<core::ops::range::Range<Idx> as core::fmt::Debug>::fmt",
        ),
        ("_RNvNtCs1234_7mycrate3foo3bar", "mycrate::foo::bar"),
        ("_RNvMs_CsABC_1rNtB4_5Point5shift", "<r::Point>::shift"),
    ],
)
def test_symbols_are_read(symbol: str, declaration: str) -> None:
    assert demangle(symbol) == declaration


@pytest.mark.parametrize("name", ["", "main", "_Z", "_R", "_ZN", "_Random", "__Z3foov", "Z3foov"])
def test_other_names_stay_as_they_are(name: str) -> None:
    assert demangle(name) == name


def test_only_two_beginnings_are_worth_a_try() -> None:
    assert [is_mangled(name) for name in ("_Z1fv", "_RNv", "main", "")] == [
        True,
        True,
        False,
        False,
    ]


def test_hostile_names_are_bounded() -> None:
    assert demangle("_Z1f" + "P" * 100_000 + "i") == "_Z1f" + "P" * 100_000 + "i"
    doubling = "_Z1fI" + "".join(f"St4pairIS{'_' if i == 0 else f'{i - 1}_'}" for i in range(50))
    assert len(demangle(doubling)) <= 1 << 16


@pytest.mark.skipif(
    shutil.which("c++filt") is None or not LIBRARY.exists(), reason="needs binutils and libstdc++"
)
def test_every_function_of_the_cpp_library_reads_as_cppfilt_has_it() -> None:
    listing = subprocess.run(["nm", "-D", LIBRARY], check=True, capture_output=True, text=True)
    rows = [row.split() for row in listing.stdout.splitlines()]
    symbols = sorted({row[-1].partition("@")[0] for row in rows if row[-1].startswith("_Z")})
    assert len(symbols) > 3000
    text = "\n".join(symbols)
    said = subprocess.run(["c++filt"], input=text, check=True, capture_output=True, text=True)
    wrong = [
        symbol
        for symbol, expected in zip(symbols, said.stdout.splitlines(), strict=True)
        if demangle(symbol) != expected
    ]
    # c++filt mistakes the scope of one lambda for a parameter list.
    assert len(wrong) <= 1


@pytest.mark.parametrize(
    ("declaration", "name"),
    [
        ("main", "main"),
        ("ns::Class::method(int, char const*) const", "ns::Class::method"),
        ("int twice<int>(int)", "twice<int>"),
        (
            "unsigned long const& ns::get<std::pair<int, char> >() &&",
            "ns::get<std::pair<int, char> >",
        ),
        ("std::ostream& operator<< <int>(std::ostream&, int)", "operator<< <int>"),
        ("bool operator<<int>(int)", "operator<<int>"),
        ("ns::Class::operator()(int) const", "ns::Class::operator()"),
        ("ns::Class::operator->()", "ns::Class::operator->"),
        ("ns::Class::operator bool() const", "ns::Class::operator bool"),
        ("ns::Class::operator unsigned long() const", "ns::Class::operator unsigned long"),
        ("ns::Class::operator new[](unsigned long)", "ns::Class::operator new[]"),
        ("(anonymous namespace)::run()", "(anonymous namespace)::run"),
        ("main::{lambda(int)#1}::operator()(int) const", "main::{lambda(int)#1}::operator()"),
        (
            "f(int) const::{lambda()#1}::operator()() const",
            "f(int) const::{lambda()#1}::operator()",
        ),
        ("void (*pick<int>(int))(char)", "pick<int>"),
        ("decltype (a->b) get<int>(int)", "get<int>"),
        ("foo[abi:cxx11]()", "foo[abi:cxx11]"),
        ("foo(int) [clone .cold]", "foo [clone .cold]"),
        ("vtable for ns::Class", "vtable for ns::Class"),
        ("non-virtual thunk to ns::Class::method()", "non-virtual thunk to ns::Class::method()"),
        ("<(A, B) as core::fmt::Debug>::fmt", "<(A, B) as core::fmt::Debug>::fmt"),
    ],
)
def test_the_name_in_a_declaration(declaration: str, name: str) -> None:
    assert function_name(declaration) == name
    assert matches(declaration, name)
    assert matches(declaration, declaration)


@pytest.mark.parametrize(
    ("declaration", "wanted"),
    [
        ("ns::f(int, char*) const", "ns::f(int,char *)"),
        ("ns::f(int, char*) const", "ns::f(int, char*) const"),
        ("int twice<int>(int)", "twice"),
        ("int twice<int>(int)", "twice<int>(int)"),
        ("std::ostream& operator<< <int>(std::ostream&, int)", "operator<<"),
        ("r::show::<core::option::Option<i32>>", "r::show"),
        ("<r::Point>::shift", "r::Point::shift"),
    ],
)
def test_a_name_may_be_wanted_by_part_of_the_declaration(declaration: str, wanted: str) -> None:
    assert matches(declaration, wanted)
    assert symbol_word(wanted) in declaration


@pytest.mark.parametrize(
    ("declaration", "wanted"),
    [
        ("ns::f(int)", "f"),
        ("ns::f(int)", "ns::f(long)"),
        ("ns::f(int)", "ns::ff"),
        ("ns::f(int) [clone .cold]", "ns::f"),
        ("non-virtual thunk to ns::f()", "ns::f"),
        ("f<int>::g()", "f"),
        ("<A as B>::c", "A::c"),
    ],
)
def test_another_function_does_not_match(declaration: str, wanted: str) -> None:
    assert not matches(declaration, wanted)


@pytest.mark.parametrize(
    ("wanted", "word"),
    [
        ("main", "main"),
        ("ns::f(int)", "f"),
        ("f<std::string>", "f"),
        ("std::vector<int>::push_back", "push_back"),
        ("ns::operator+", ""),
        ("ns::operator bool", ""),
        ("A::~A", "A"),
    ],
)
def test_the_word_to_look_for_first(wanted: str, word: str) -> None:
    assert symbol_word(wanted) == word
