"""Exploring a program: each path from its entry, cut where a state that covers it was explored.

Depth first, as the kernel does, so that the path at hand is a chain of nodes. Where rounds begin
that something ends besides the program, a node of that chain may cut it; elsewhere a path that
comes back to a state of its own has made no progress, and never ends.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from seismo.base.dataclass import dataclass, field
from seismo.isa.insn import Reg
from seismo.isa.opcode import Class
from seismo.verifier.callbacks import enter_callback, leave_callback
from seismo.verifier.calls import Call, call_helper
from seismo.verifier.flow import join_points, live_registers
from seismo.verifier.jumps import sides
from seismo.verifier.kfuncs import call_kfunc
from seismo.verifier.nodes import Node
from seismo.verifier.options import Setting
from seismo.verifier.prune import carry_needs, covers
from seismo.verifier.register import UNWRITTEN, ZERO_OFFSET, Kind, Register
from seismo.verifier.returns import check_leaks, check_result
from seismo.verifier.rounds import widen
from seismo.verifier.rules import Refused, Rule
from seismo.verifier.state import Frame, State, entry_state
from seismo.verifier.transfer import clobber_arguments, readable, settle, transfer
from seismo.verifier.unprivileged import check_no_leak, check_passed

__all__ = ("Step", "Walk")

_MOST_FRAMES = 8
_MOST_PENDING = 8192
"""BPF_COMPLEXITY_LIMIT_JMP_SEQ: branches on one path that are yet to be explored."""


@dataclass(slots=True, eq=False)
class Step:
    """The path that led somewhere, back to the entry: `index` was run after `before`."""

    index: int
    before: Step | None

    def __iter__(self) -> Iterator[int]:
        """The indexes, from the latest back."""
        step: Step | None = self
        while step is not None:
            yield step.index
            step = step.before


@dataclass(slots=True, eq=False)
class _Path:
    """Something left to explore: at `index`, with `state`, come there by `step`."""

    index: int
    state: State
    step: Step | None
    node: Node | None


@dataclass(slots=True, eq=False)
class Walk:
    """One exploration; `explored` counts instructions. After Refused, `step` and `state` say
    where."""

    setting: Setting
    explored: int = 0
    kept: int = 0
    state: State = field(default_factory=entry_state)
    step: Step | None = None
    node: Node | None = None
    pending: list[_Path] = field(default_factory=list)
    known: dict[int, list[Node]] = field(default_factory=dict)
    rounds: set[int] = field(default_factory=set)
    joins: frozenset[int] = frozenset()
    live: Sequence[tuple[int, ...]] = ()

    def run(self) -> None:
        """Explore all; raises Refused."""
        insns, targets = self.setting.insns, self.setting.targets
        self.joins = join_points(insns, targets)
        self.live = live_registers(insns, targets)
        self.rounds.update(at for at, insn in enumerate(insns) if insn.is_may_goto)
        self.state.may_leak = self.setting.options.is_privileged
        self.pending.append(_Path(0, self.state, None, None))
        while self.pending:
            path = self.pending.pop()
            self.state, self.step, self.node = path.state, path.step, path.node
            self._follow(path.index)
            if self.node is not None:
                self.node.close()

    def _follow(self, start: int) -> None:
        """One path, to its end or to where it is cut; sides not taken become pending."""
        index: int | None = start
        wrong_at = self.setting.wrong_at
        budget = self.setting.options.budget
        while index is not None:
            if index in self.joins and self._is_known(index):
                return
            self.step = Step(index, self.step)
            self.explored += 1
            if self.explored > budget:
                raise Refused(
                    Rule.COMPLEXITY,
                    f"BPF program is too large. Processed {self.explored} insn",
                    "bound loops more tightly, or use bpf_loop",
                )
            if index in wrong_at:
                raise Refused(Rule.INSTRUCTION, wrong_at[index])
            index = self._step(index)

    def _step(self, index: int) -> int | None:
        """Run one instruction; the index of the next, None at the end."""
        insn = self.setting.insns[index]
        if insn.op & 7 not in (Class.JMP, Class.JMP32):
            transfer(self.setting, self.state, index)
            return index + 1
        if insn.is_exit:
            return self._exit()
        if insn.is_call:
            return self._call(index)
        target = self.setting.targets[index]
        if insn.is_goto:
            return target
        if insn.is_may_goto:
            self._go_round(index + 1, self.state.copy(), index)
            return target
        through, taken = sides(self.setting, self.state, insn)
        if through is None:
            # Neither can be where what is known contradicts itself: nothing ever comes here.
            self.state = taken or self.state
            return None if taken is None else target
        self.state = through
        if taken is not None:
            self._later(target, taken)
        return index + 1

    def _later(self, index: int, state: State) -> None:
        if self.node is not None:
            self.node.left += 1
        self.pending.append(_Path(index, state, self.step, self.node))
        if len(self.pending) > _MOST_PENDING:
            raise Refused(
                Rule.COMPLEXITY,
                f"The sequence of {len(self.pending)} jumps is too complex.",
                "let fewer comparisons follow one another",
            )

    def _go_round(self, index: int, state: State, at: int) -> None:
        """A round that begins at `at`, to be explored from `index` on: after what follows the
        loop, which tells what is needed."""
        state.turns += 1
        self._widen(state, at)
        self._later(index, state)

    def _widen(self, state: State, at: int) -> None:
        """Make `state`, which is at `at` or will be, cover the rounds to come."""
        places = _places(state)
        earlier = [
            node
            for node in self.known.get(at, ())
            if node.left and node is not self.node and _places(node.state) == places
        ]
        if earlier:
            widen(earlier[-1].state, state)

    def _is_known(self, index: int) -> bool:
        """Whether what follows was explored; if not, the state is kept to cut later paths."""
        state = self.state
        nodes = self.known.setdefault(index, [])
        live = self._live_at(index)
        is_round = index in self.rounds
        for node in reversed(nodes):
            is_complete = node.is_complete
            if node.left and not (is_round and node.state.turns != state.turns):
                self._check_progress(node, live)
            elif covers(node.state, state, live, by_need=is_complete):
                node.hits += 1
                self._cut(node, live, is_complete)
                return True
            node.misses += 1
        nodes[:] = [node for node in nodes if node.is_of_use(is_round)]
        depth = 0 if self.node is None else self.node.depth + 1
        self.node = Node(self.node, index, state.keep(), depth)
        self.kept += 1
        nodes.append(self.node)
        return False

    def _check_progress(self, node: Node, live: Sequence[tuple[int, ...]]) -> None:
        """This very path came by there: in the same state, it could go round for ever."""
        old, new = node.state, self.state
        if (
            old.turns == new.turns
            and covers(old, new, live, by_need=False)
            and covers(new, old, live, by_need=False)
        ):
            raise Refused(
                Rule.TERMINATION,
                f"infinite loop detected at insn {node.index}",
                "let each round of a loop change what it compares",
            )

    def _cut(self, node: Node, live: Sequence[tuple[int, ...]], is_complete: bool) -> None:
        """The path at hand needs no exploring: what is needed of `node`, is needed of it."""
        carry_needs(node.state, self.state, live, is_final=is_complete)
        above = node if node.left else node.waits_for()
        if above is not None and self.node is not None:
            self.node.wait(above)

    def _live_at(self, index: int) -> list[tuple[int, ...]]:
        """The registers of each frame that may be read: of a caller, once the function is back."""
        live = [self.live[frame.return_to] for frame in self.state.frames[1:]]
        return [*live, self.live[index]]

    def _call(self, index: int) -> int | None:
        insn = self.setting.insns[index]
        if insn.is_subprog_call:
            self._enter(self.setting.targets[index], index + 1)
            return self.setting.targets[index]
        if insn.is_kfunc_call:
            return self._call_kernel(index)
        passed = self.state.registers[Reg.R1 : Reg.R6]
        calls_back = any(one.kind is Kind.FUNCTION for one in passed)
        before = self.state.copy() if calls_back else self.state
        call = call_helper(self.setting, self.state, insn, index)
        if not self.setting.options.is_privileged:
            check_passed(passed, call.prototype)
        settle(self.state, Reg.R0, self.state.registers[Reg.R0])
        if call.callback >= 0:
            self._call_back(call, before, index)
        return index + 1

    def _call_kernel(self, index: int) -> int | None:
        """A function of the kernel: one that asks an iterator has two ways to come back."""
        call = call_kfunc(self.setting, self.state, self.setting.insns[index], index)
        settle(self.state, Reg.R0, self.state.registers[Reg.R0])
        if call.ends:
            return None
        if call.other is not None:
            self.rounds.add(index)
            self._go_round(index + 1, call.other, index)
        return index + 1

    def _call_back(self, call: Call, before: State, index: int) -> None:
        """The callback is called once more, or, on the path at hand, no more."""
        if not call.is_later:
            self.rounds.add(index)
            self._check_frames()
        rounds = before.frame.rounds
        self.state.frame.rounds = 0
        if call.name == "loop":
            times = before.registers[Reg.R1]
            times.require()
            if rounds >= times.value.wide.umax:
                return
        self._later(call.callback, enter_callback(self.setting, before, call, index))

    def _enter(self, function: int, return_to: int) -> None:
        self._check_frames()
        caller = self.state.registers
        registers = [UNWRITTEN] * len(Reg)
        registers[Reg.R1 : Reg.R6] = caller[Reg.R1 : Reg.R6]
        depth = len(self.state.frames)
        registers[Reg.R10] = Register(Kind.STACK, ZERO_OFFSET, frame=depth)
        clobber_arguments(self.state)
        self.state.frames.append(Frame(function, registers, return_to=return_to))

    def _check_frames(self) -> None:
        depth = len(self.state.frames)
        if depth >= _MOST_FRAMES:
            raise Refused(
                Rule.STACK,
                f"the call stack of {depth + 1} frames is too deep",
                f"at most {_MOST_FRAMES} functions run within one another",
            )

    def _exit(self) -> int | None:
        callee = self.state.frame
        is_end = len(self.state.frames) == 1 and not callee.is_callback
        if is_end and self.setting.context.returns_nothing:
            check_leaks(self.state, "BPF_EXIT instruction in main prog")
            return None
        # What a function leaves in r0 is looked at where something reads it.
        is_within = len(self.state.frames) > 1 and not callee.is_callback
        result = callee.registers[Reg.R0] if is_within else readable(self.state, Reg.R0)
        if callee.is_callback:
            leave_callback(self.state, result, callee)
            if not self.state.frames:
                return None
            self._widen(self.state, callee.return_to)
            return callee.return_to
        if len(self.state.frames) == 1:
            result.require()
            if not self.setting.options.is_privileged:
                check_no_leak(result, 0, "as return value")
            check_result(self.setting, self.state, result)
            return None
        if result.kind is Kind.STACK:
            raise Refused(
                Rule.STACK, "cannot return stack pointer to the caller", "return a number"
            )
        self.state.frames.pop()
        self.state.registers[Reg.R0] = result
        return callee.return_to


def _places(state: State) -> list[int]:
    """Where each function that runs was called."""
    return [frame.return_to for frame in state.frames]
