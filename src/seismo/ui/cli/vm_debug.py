"""A debugger for the virtual machine: lines of commands in, lines of text out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from seismo.base.errors import BpfError
from seismo.isa.insn import REGS, Insn, slot_starts
from seismo.vm.callx import insn_text
from seismo.vm.errors import BadAccess, Errno
from seismo.vm.hooks import Step
from seismo.vm.maps.vm_map import VmMap

__all__ = ("HELP", "Debugger", "Quit")

HELP = """step [N]            make N steps (1)
continue            go on to the next breakpoint, or to the end
break N             stop before that instruction; again: no longer
registers           r0 to r10
memory WHERE [N]    N bytes (16) at an address or at a register's, such as r10-8
maps [NAME]         the maps, or what is in one
regions             what memory there is
list                the program; > is the next instruction, * a breakpoint
quit                leave the program where it is
An empty line does the last command again; s, c, b, r, m, l, q are short for them."""

_SHORT = {
    "s": "step",
    "c": "continue",
    "b": "break",
    "r": "registers",
    "m": "memory",
    "l": "list",
    "q": "quit",
    "h": "help",
}
_ROW = 16


class Quit(BpfError):
    """The user wants no more."""


class Debugger:
    """A hook of the machine: it stops before the first step, and then as it is told.

    `ask` gives the next line of commands, empty at their end, after which the program goes on;
    `say` is given lines of text.
    """

    def __init__(
        self,
        insns: Sequence[Insn],
        maps: Mapping[str, VmMap],
        ask: Callable[[], str],
        say: Callable[[str], object],
    ) -> None:
        self._insns = dict(zip(slot_starts(insns), insns, strict=False))
        self._maps = maps
        self._ask = ask
        self._say = say
        self._breakpoints: set[int] = set()
        self._steps_left: int | None = 0
        self._last = "step"
        self._commands: Mapping[str, Callable[[Step, Sequence[str]], None]] = {
            "registers": self._registers,
            "memory": self._memory,
            "maps": self._show_maps,
            "regions": self._regions,
            "list": self._list,
            "break": self._break,
            "help": lambda step, words: self._tell(HELP.splitlines()),
        }

    def __call__(self, step: Step) -> None:
        if self._steps_left:
            self._steps_left -= 1
        if self._steps_left != 0 and step.slot not in self._breakpoints:
            return
        self._say(f"{'  ' * (step.depth - 1)}{step.slot:4}: {insn_text(step.insn)}")
        while not self._goes_on(step):
            pass

    def _goes_on(self, step: Step) -> bool:
        """Do the next command; whether the program is to go on."""
        line = self._ask()
        if not line:
            self._steps_left, self._breakpoints = None, set()
            return True
        line = self._last = line.strip() or self._last
        first, *words = line.split()
        name = _SHORT.get(first, first)
        if name == "quit":
            raise Quit("left where it was")
        if name in ("step", "continue"):
            self._steps_left = _number(words[0] if words else "1") if name == "step" else None
            return True
        if name not in self._commands:
            self._say(f"there is no command '{first}': try help")
            return False
        try:
            self._commands[name](step, words)
        except (BadAccess, Errno) as error:
            self._say(str(error))
        return False

    def _tell(self, lines: Sequence[str]) -> None:
        for line in lines:
            self._say(line)

    def _registers(self, step: Step, words: Sequence[str]) -> None:
        """Beside what is an address stands where that is."""
        for register in REGS:
            value = step.registers[register]
            place = ""
            with suppress(BadAccess):
                place = f"  {step.memory.region_at(value, 0).place(value)}"
            self._say(f"{f'r{register:d}':>3} {value:#018x}{place}")

    def _memory(self, step: Step, words: Sequence[str]) -> None:
        if not words:
            self._say("memory WHERE [N]: such as memory r10-16 16")
            return
        address = _address(words[0], step)
        size = _number(words[1]) if len(words) > 1 else _ROW
        data = step.memory.read(address, size)
        for at in range(0, size, _ROW):
            row = data[at : at + _ROW]
            text = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)
            self._say(f"+{at:<4} {row.hex(' '):<47}  {text}")

    def _show_maps(self, step: Step, words: Sequence[str]) -> None:
        if not words:
            self._tell([f"{one.spec.name}  {one.spec.type.name}" for one in self._maps.values()])
        elif words[0] not in self._maps:
            self._say(f"there is no map '{words[0]}'")
        else:
            found = self._maps[words[0]]
            self._tell([f"{key.hex()}  {found.value(key).hex()}" for key in found.all_keys()])

    def _regions(self, step: Step, words: Sequence[str]) -> None:
        for region in step.memory.regions:
            self._say(f"{region.base:#018x} {region.size:6} {region.name}")

    def _list(self, step: Step, words: Sequence[str]) -> None:
        for slot, insn in self._insns.items():
            here = ">" if slot == step.slot else " "
            stop = "*" if slot in self._breakpoints else " "
            self._say(f"{here}{stop}{slot:4}: {insn_text(insn)}")

    def _break(self, step: Step, words: Sequence[str]) -> None:
        slot = _number(words[0]) if words else step.slot
        if slot not in self._insns:
            self._say(f"no instruction begins at {slot}")
        else:
            self._breakpoints ^= {slot}


def _address(text: str, step: Step) -> int:
    """`r10-8`, `r1`, `0x8000000200000000`."""
    name, sign, offset = text.partition("-" if "-" in text else "+")
    distance = _number(offset) if sign else 0
    base = _number(name.removeprefix("r"))
    if name.startswith("r"):
        if base >= len(REGS):
            raise BadAccess(f"there is no register {name}")
        base = step.registers[base]
    return base - distance if sign == "-" else base + distance


def _number(text: str) -> int:
    try:
        return int(text, 0)
    except ValueError:
        raise BadAccess(f"'{text}' is no number") from None
