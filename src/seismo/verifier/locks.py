"""What a program holds that it must let go of in the function that took it: a spin lock, RCU read
sections, sections without preemption or interrupts."""

from __future__ import annotations

from seismo.base.dataclass import dataclass, replace
from seismo.verifier.rules import Refused, Rule

__all__ = ("NOTHING_HELD", "Held", "check_let_go")


@dataclass(frozen=True, slots=True)
class Held:
    """`lock` is where the spin lock is that is held: (map or object, its id, offset), () for none;
    `irq` are the flags' ids of sections without interrupts, innermost last."""

    lock: tuple[str, int, int] | tuple[()] = ()
    rcu: int = 0
    preempt: int = 0
    irq: tuple[int, ...] = ()

    @property
    def may_sleep(self) -> bool:
        return not (self.lock or self.rcu or self.preempt or self.irq)

    def acquire(self, lock: tuple[str, int, int]) -> Held:
        """With the spin lock; raises Refused if one is held."""
        if self.lock:
            raise Refused(
                Rule.REFERENCE,
                "Locking two bpf_spin_locks are not allowed",
                "unlock the first one before",
            )
        return replace(self, lock=lock)

    def release(self, lock: tuple[str, int, int]) -> Held:
        """Without the spin lock; raises Refused if it is not the one that is held."""
        if not self.lock:
            raise Refused(Rule.REFERENCE, "bpf_spin_unlock without taking a lock", "lock it before")
        if self.lock != lock:
            raise Refused(
                Rule.REFERENCE,
                "bpf_spin_unlock of different lock",
                "unlock by the very pointer's object that was locked",
            )
        return replace(self, lock=())


NOTHING_HELD = Held()


def check_let_go(held: Held, what: str) -> None:
    """Raises Refused for what may not be held where `what` happens."""
    for is_held, kind in (
        (bool(held.irq), "bpf_local_irq_save"),
        (bool(held.rcu), "bpf_rcu_read_lock"),
        (bool(held.preempt), "bpf_preempt_disable"),
        (bool(held.lock), "bpf_spin_lock"),
    ):
        if is_held:
            raise Refused(
                Rule.REFERENCE,
                f"{what} cannot be used inside {kind}-ed region",
                "leave the region first",
            )
