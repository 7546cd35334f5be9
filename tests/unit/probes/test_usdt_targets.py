"""Static probes: how their targets are written, found in notes of real files, and attached to."""

from __future__ import annotations

from pathlib import Path

import pytest

from seismo.base.source import NOWHERE
from seismo.elf.registers import register_offset
from seismo.elf.usdt import UsdtProbe
from seismo.elf.usdt_arguments import Constant, InMemory, InRegister, Unreadable, UsdtArgument
from seismo.probes.backend import NO_USE, Backend, Use
from seismo.probes.kind import Target, TargetError
from seismo.probes.spec import AttachPoint
from seismo.probes.usdt import USDT
from seismo.spec.types import UprobeAttach, UprobeMultiAttach
from user_programs import STATIC_PROBES, TARGET, FileView, compile_program

ARGUMENTS = Use(names=frozenset({"arg0", "printf"}))


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compile_program(tmp_path_factory.mktemp("static") / "static.c", STATIC_PROBES)


def expanded(text: str, view: FileView) -> list[Target]:
    return list(USDT.expand(USDT.parse(text), view))


def chosen(text: str, view: FileView, use: Use = NO_USE) -> Backend:
    points = [AttachPoint("usdt", one, NOWHERE) for one in expanded(text, view)]
    return USDT.choose(tuple(points), use, view)


def complaint(text: str, view: FileView, use: Use = NO_USE) -> tuple[str, str]:
    with pytest.raises(TargetError) as caught:
        chosen(text, view, use)
    return caught.value.message, caught.value.hint


def sites(program: Path, name: str) -> list[UsdtProbe]:
    return [one for one in FileView().binary(str(program)).usdt if one.name == name]


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("/bin/x:loop", ("/bin/x", "", "loop")),
        ("/bin/x:http:request", ("/bin/x", "http", "request")),
        ("/bin/x::request", ("/bin/x", "", "request")),
        ("*:loop", ("*", "", "loop")),
        (":loop", ("*", "", "loop")),
        ("loop", ("*", "", "loop")),
        ('"/a b/x:y":*:lo*', ("/a b/x:y", "*", "lo*")),
    ],
)
def test_parse(text: str, target: Target) -> None:
    assert USDT.parse(text) == target


@pytest.mark.parametrize("text", ["", "/bin/x:", "/bin/x:a:b:c"])
def test_parse_refuses(text: str) -> None:
    with pytest.raises(TargetError, match="a static probe has a file and a name"):
        USDT.parse(text)


def test_expand(program: Path) -> None:
    path, view = str(program), FileView(running=[str(program)])
    assert expanded(f"{path}:sale", view) == [(path, "shop", "sale")]
    assert expanded(f"{path}:shop:sale", view) == [(path, "shop", "sale")]
    assert expanded(f"{path}:moved", view) == [(path, "shop", "moved")]
    assert expanded(f"{path}:s*:twin", view) == [(path, "shop", "twin"), (path, "store", "twin")]
    assert expanded(f"{path}:store:*", view) == [(path, "store", "twin")]
    assert expanded(f"{path}:twi*", view) == [(path, "shop", "twin"), (path, "store", "twin")]
    assert expanded("*:sale", view) == [(path, "shop", "sale")]
    assert expanded("sale", view) == [(path, "shop", "sale")]


def test_mistakes(program: Path, tmp_path: Path) -> None:
    view, path = FileView(), str(program)
    message, hint = complaint(f"{path}:sail", view)
    assert message == f"no static probe 'sail' in {path}"
    assert hint.startswith("did you mean 'sale'? there are: shop:guarded, shop:moved, ")
    assert complaint(f"{path}:stor:twin", view)[1].startswith("did you mean 'store:twin'?")
    message, hint = complaint(f"{path}:twin", view)
    assert message == "several providers have a static probe 'twin'"
    assert hint == "write one of shop:twin, store:twin, or *:twin"
    other = compile_program(tmp_path / "target.c", TARGET)
    assert complaint(f"{other}:x", view)[0] == f"there are no static probes in {other}"
    assert complaint("/no/such:x", view)[0] == "there is no program or library '/no/such'"


def test_one_site(program: Path) -> None:
    (site,) = sites(program, "plain")
    backend = chosen(f"{program}:plain", FileView("uprobe_multi"), Use(pid=9))
    assert backend.attach == (UprobeAttach(str(program), site.offset, pid=9),)
    assert backend.usdt == ((),)


def test_the_semaphore_is_handed_on(program: Path) -> None:
    (site,) = sites(program, "guarded")
    assert site.semaphore_offset
    (attach,) = chosen(f"{program}:guarded", FileView()).attach
    assert attach == UprobeAttach(str(program), site.offset, semaphore=site.semaphore_offset)
    together = chosen(f"{program}:guarde*", FileView("uprobe_multi"))
    assert together.attach == (attach,)


def test_arguments_of_each_form(program: Path) -> None:
    (site,) = sites(program, "sale")
    backend = chosen(f"{program}:sale", FileView(), ARGUMENTS)
    ((price, count, kept, constant, variable),) = backend.usdt
    assert isinstance(price.form, InRegister)
    assert isinstance(count.form, InRegister)
    assert (count.size, count.signed) == (4, True)
    assert isinstance(kept.form, InMemory)
    assert constant == UsdtArgument(4, True, Constant(-7))
    # A variable is as far from this site in memory as in the file.
    address = FileView().binary(str(program)).symbols.find("global_count").address
    assert variable == UsdtArgument(8, False, InMemory("ip", address - site.address))
    assert register_offset("x86_64", "ip") == (128, 8)


def test_a_variable_without_a_symbol(tmp_path: Path) -> None:
    program = compile_program(tmp_path / "stripped.c", STATIC_PROBES, "-s")
    backend = chosen(f"{program}:sale", FileView(), ARGUMENTS)
    form = backend.usdt[0][4].form
    assert isinstance(form, Unreadable)
    assert "global_count" in form.why


def test_sites_that_differ_are_told_by_cookies(program: Path) -> None:
    offsets = tuple([one.offset for one in sites(program, "moved")])
    assert len(offsets) == 3
    backend = chosen(f"{program}:moved", FileView("uprobe_multi"), ARGUMENTS)
    assert backend.attach == (UprobeMultiAttach(str(program), offsets, cookies=(1, 2, 3)),)
    assert not backend.has_cookies
    forms = [one.form for (one,) in backend.usdt]
    assert [type(one) for one in forms] == [InRegister, InMemory, Constant]
    single = chosen(f"{program}:moved", FileView(), ARGUMENTS)
    assert single.attach == tuple(
        [UprobeAttach(str(program), one, cookie=n) for n, one in enumerate(offsets, 1)]
    )


def test_cookies_only_where_arguments_are_used(program: Path) -> None:
    backend = chosen(f"{program}:moved", FileView("uprobe_multi"))
    assert backend.attach[0].cookies == ()  # type: ignore[union-attr]
    assert len(backend.usdt) == 1


def test_different_sites_without_cookies(program: Path) -> None:
    view = FileView()
    view.features.discard("cookie")
    message, hint = complaint(f"{program}:moved", view, ARGUMENTS)
    assert message == "the sites of this probe keep their arguments in different places"
    assert "5.15" in hint
    assert chosen(f"{program}:moved", view).attach


def test_probe_and_arguments_of_many_points(program: Path) -> None:
    view, names = FileView("uprobe_multi"), frozenset({"probe", "arg0"})
    # Each point has one site: its cookie tells both.
    points = [(str(program), "shop", one) for one in ("sale", "guarded")]
    both = [AttachPoint("usdt", one, NOWHERE) for one in points]
    backend = USDT.choose(tuple(both), Use(names=names), view)
    assert backend.has_cookies
    assert backend.attach[0].cookies == (1, 2)  # type: ignore[union-attr]
    assert [len(one) for one in backend.usdt] == [5, 1]
    # One of the points has three that differ: no cookie can tell the point, too.
    some = [*both, AttachPoint("usdt", (str(program), "shop", "moved"), NOWHERE)]
    backend = USDT.choose(tuple(some), Use(names=names), view)
    assert not backend.has_cookies
    only_probe = USDT.choose(tuple(some), Use(names=frozenset({"probe"})), view)
    assert only_probe.has_cookies
    assert only_probe.attach[0].cookies == (1, 2, 3, 3, 3)  # type: ignore[union-attr]


def test_listing(program: Path) -> None:
    view, path = FileView(running=[str(program)]), str(program)
    names = ["shop:plain", "shop:sale", "shop:moved", "shop:guarded", "shop:twin", "store:twin"]
    assert list(USDT.targets(f"{path}:*", view)) == [f"{path}:{one}" for one in names]
    assert list(USDT.targets(f"{path}:twin", view)) == [f"{path}:{one}" for one in names[-2:]]
    assert list(USDT.targets(path, view)) == [f"{path}:{one}" for one in names]
    assert list(USDT.targets("*:store:*", view)) == [f"{path}:store:twin"]
    assert list(USDT.targets("", view)) == []
