"""Programs written for BCC, at functions and static probes of programs that these tests compile."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from seismo.base.diagnostics import DiagnosticsError
from seismo.bcc import BPF, USDT
from traced_programs import WaitingProgram
from user_programs import STATIC_PROBES, TARGET, compile_program

pytestmark = pytest.mark.kernel

COUNT_ALL = """
BPF_ARRAY(counts, u64, 1);

int count(void *ctx) {
    counts.increment(0);
    return 0;
}
"""


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compile_program(tmp_path_factory.mktemp("user") / "target.c", TARGET)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compile_program(tmp_path_factory.mktemp("static") / "shop.c", STATIC_PROBES)


@pytest.fixture
def child(shop: Path) -> Iterator[WaitingProgram]:
    with WaitingProgram([str(shop), "5", "wait"]) as started:
        yield started


class TestUserFunctions:
    ARGUMENTS = """
    BPF_HASH(sums, u64, u64);
    int on_add(struct pt_regs *ctx, long left, long right) {
        u64 key = 1, one = left + right;
        u64 *sum = sums.lookup_or_try_init(&key, &(u64){0});
        if (sum)
            *sum += one;
        return 0;
    }
    int on_return(struct pt_regs *ctx) {
        u64 key = 2, zero = 0;
        u64 *sum = sums.lookup_or_try_init(&key, &zero);
        if (sum)
            *sum += PT_REGS_RC(ctx);
        return 0;
    }
    """

    def test_entry_and_return(self, target: Path) -> None:
        with BPF(text=self.ARGUMENTS) as b, WaitingProgram([str(target), "9", "wait"]) as child:
            b.attach_uprobe(name=str(target), sym="add", fn_name="on_add", pid=child.pid)
            b.attach_uretprobe(name=str(target), sym=b"add", fn_name=b"on_return")
            assert b.num_open_uprobes() == 2
            assert child.go() == "done"
            wanted = sum(11 * i for i in range(9))
            assert {key.value: value.value for key, value in b["sums"].items()} == {
                1: wanted,
                2: wanted,
            }
            b.detach_uprobe(name=str(target), sym="add", pid=child.pid)
            b.detach_uretprobe(name=str(target), sym="add")
            assert b.num_open_uprobes() == 0

    def test_by_pattern_and_address(self, target: Path) -> None:
        with BPF(text=COUNT_ALL) as b, WaitingProgram([str(target), "4", "wait"]) as child:
            b.attach_uprobe(name=str(target), sym_re="^(visit|add_three)$", fn_name="count")
            ((_, address),) = BPF.get_user_functions_and_addresses(str(target), "^hidden$")
            b.attach_uprobe(name=str(target), addr=address, fn_name="count")
            assert b.num_open_uprobes() == 3
            child.go()
            assert b["counts"][0].value == 12

    def test_library(self) -> None:
        code = "import ctypes, sys; sys.stdin.readline(); ctypes.CDLL(None).getppid()"
        command = [sys.executable, "-c", f"{code}; print('done', flush=True); sys.stdin.readline()"]
        with BPF(text=COUNT_ALL) as b, WaitingProgram(command) as child:
            b.attach_uprobe(name="c", sym="getppid", fn_name="count", pid=child.pid)
            assert child.go() == "done"
            assert b["counts"][0].value == 1

    def test_symbols_of_the_process(self, target: Path) -> None:
        text = """
        BPF_STACK_TRACE(stacks, 64);
        BPF_HASH(seen, int, int);
        int on_add(void *ctx) {
            int key = 0, id = stacks.get_stackid(ctx, BPF_F_USER_STACK);
            seen.update(&key, &id);
            return 0;
        }
        """
        with BPF(text=text) as b, WaitingProgram([str(target), "1", "wait"]) as child:
            b.attach_uprobe(name=str(target), sym="add", fn_name="on_add")
            child.go()
            addresses = list(b["stacks"].walk(b["seen"][ctypes.c_int(0)].value))
            names = [b.sym(one, child.pid, show_module=True) for one in addresses]
            assert names[0] in (b"add [target]", b"plus [target]", b"_add_up [target]")
            assert b.sym(addresses[0], child.pid, show_offset=True).endswith(b"+0x0")
            assert b.sym(1, child.pid) == b"[unknown]"


class TestStaticProbes:
    def test_arguments_wherever_they_are(self, shop: Path, child: WaitingProgram) -> None:
        text = """
        struct sale { u64 price; int count; short kept; int constant; u64 variable; };
        BPF_HASH(sales, int, struct sale);
        int on_sale(struct pt_regs *ctx) {
            struct sale sale = {};
            bpf_usdt_readarg(1, ctx, &sale.price);
            bpf_usdt_readarg(2, ctx, &sale.count);
            bpf_usdt_readarg(3, ctx, &sale.kept);
            bpf_usdt_readarg(4, ctx, &sale.constant);
            bpf_usdt_readarg(5, ctx, &sale.variable);
            int key = sale.count;
            sales.update(&key, &sale);
            return 0;
        }
        """
        usdt = USDT(pid=child.pid)
        usdt.enable_probe("sale", "on_sale")
        with BPF(text=text, usdt_contexts=[usdt]) as b:
            child.go()
            found = {key.value: sale for key, sale in b["sales"].items()}
            assert {
                key: (one.price, one.count, one.kept, one.constant, one.variable)
                for key, one in found.items()
            } == {i: (100 + i, i, -i, -7, 1000 + i) for i in range(5)}

    def test_sites_that_keep_their_arguments_apart(self, shop: Path, child: WaitingProgram) -> None:
        text = """
        BPF_HASH(counts, s64, u64);
        int on_moved(struct pt_regs *ctx) {
            s64 value = 0;
            bpf_usdt_readarg(1, ctx, &value);
            counts.increment(value);
            return 0;
        }
        """
        usdt = USDT(path=str(shop))
        usdt.enable_probe("shop:moved", "on_moved")
        with BPF(text=text, usdt_contexts=[usdt]) as b:
            child.go()
            assert b.num_open_uprobes() == 3
            wanted = [one for i in range(5) for one in (i, 10 + i, -3)]
            assert {key.value: value.value for key, value in b["counts"].items()} == {
                one: wanted.count(one) for one in wanted
            }

    def test_an_argument_that_there_is_not(self, shop: Path) -> None:
        text = "int f(struct pt_regs *ctx) { u64 x; bpf_usdt_readarg(1, ctx, &x); return x; }"
        usdt = USDT(path=str(shop))
        usdt.enable_probe("plain", "f")
        with pytest.raises(DiagnosticsError, match="shop:plain has 0 arguments"):
            BPF(text=text, usdt_contexts=[usdt])
