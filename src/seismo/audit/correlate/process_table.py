"""`ProcessTable`: every process that was seen, kept true by events, in whatever order they come.

What a process was stays known for a while after its end, within bounds of number, age and bytes;
beyond them the processes that ended first are forgotten, and counted.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator

from seismo.audit.correlate.process import (
    NO_IMAGE,
    TICK_NS,
    CgroupOf,
    ExitStatus,
    Image,
    Life,
    Process,
)
from seismo.audit.correlate.timeline import Timeline
from seismo.audit.correlate.tracked import (
    CgroupGone,
    CgroupMade,
    CgroupMoved,
    Change,
    Credentials,
    Exec,
    Exit,
    Fork,
    Head,
    Namespaces,
)
from seismo.base.dataclass import dataclass
from seismo.base.errors import BpfError

__all__ = ("Bounds", "Known", "ProcessTable", "UnknownProcess")

_GENERATIONS = 32
_LIFE_BYTES = 3000
_WORD_BYTES = 60
_SWEEP_LEAST = 32768


class UnknownProcess(BpfError):
    """No such process was seen, or it is forgotten."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How much of processes that have ended is kept: at most so many, for so long, so many bytes.

    `bytes_` are estimated, words of argv and environment included. `is_environment_kept` is for
    what the environment of an exec event may hold: up to 32 KiB a process.
    """

    exited: int = 20_000
    age_ns: int = 600_000_000_000
    bytes_: int = 64 << 20
    is_environment_kept: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A process that /proc tells of: it runs, and began in the clock tick of `start_ns`."""

    tgid: int
    start_ns: int
    ppid: int
    comm: str
    threads: int
    image: Image
    group: CgroupOf
    credentials: dict[str, int]
    namespaces: dict[str, int]


class ProcessTable:
    """Processes by (tgid, start_ns). `cgroup_path` tells the path of a cgroup's id, or ''.

    Counts: `forgotten` (ended, and beyond the bounds), `unseen_exits` (their id was used again, or
    they were gone, without an exit event), `guessed` (known by other events than their fork).
    `retained_bytes` is what the ended ones that are kept take, about.
    """

    def __init__(
        self,
        *,
        bounds: Bounds | None = None,
        cgroup_path: Callable[[int], str] | None = None,
        is_running: Callable[[int, int], bool] | None = None,
    ) -> None:
        self.bounds = bounds or Bounds()
        self.forgotten = 0
        self.unseen_exits = 0
        self.guessed = 0
        self.retained_bytes = 0
        self.now_ns = 0
        self._cgroup_path = cgroup_path or (lambda _: "")
        self._is_running = is_running
        self._lives: dict[tuple[int, int], Life] = {}
        self._by_tgid: dict[int, list[Life]] = {}
        self._ended: deque[Life] = deque()
        self._sweep_at = _SWEEP_LEAST

    def __len__(self) -> int:
        return len(self._lives)

    def __iter__(self) -> Iterator[Life]:
        return iter(list(self._lives.values()))

    @property
    def running(self) -> int:
        """How many have not ended, as far as is known."""
        return len(self._lives) - len(self._ended)

    def find(self, tgid: int, start_ns: int, time_ns: int | None = None) -> Process:
        """The process as it was at a time (now, if none is given); UnknownProcess."""
        life = self.life(tgid, start_ns)
        if life is None:
            hint = "ended processes are kept within bounds" if self.forgotten else "none was seen"
            what = f"no process {tgid} that started {start_ns} ns after boot is known"
            raise UnknownProcess(f"{what}\nhint: {hint}")
        return life.at(self.now_ns if time_ns is None else time_ns)

    def current(self, tgid: int) -> Process:
        """The process that has, or had last, this id; UnknownProcess."""
        lives = self._by_tgid.get(tgid)
        if not lives:
            raise UnknownProcess(f"no process {tgid} is known\nhint: none was seen")
        return lives[-1].at(self.now_ns)

    def add_known(self, found: Iterable[Known]) -> None:
        """Take in what /proc tells; of those that events told of, only what is missing."""
        known = list(found)
        for one in known:
            life = self.life(one.tgid, one.start_ns)
            if life is None:
                life = self._add(one.tgid, one.start_ns, is_exact=False)
            self._complete(life, one)
        for one in known:
            life, parent = self.life(one.tgid, one.start_ns), self._by_tgid.get(one.ppid)
            if life is not None and life.parent is None and parent:
                _adopt(life, parent[-1], self.now_ns)

    def life(self, tgid: int, start_ns: int) -> Life | None:
        """All that is known of a process; None if nothing is yet."""
        return self._lives.get((tgid, start_ns)) or self._existing(tgid, start_ns)

    def seen(self, head: Head) -> Life:
        """Whose event this is; one that was not known is, from here on, with what a header says."""
        return self.life(head.tgid, head.start_ns) or self._guess(head)

    def apply(self, change: Change) -> None:
        """What an event tells. The order of events does not matter for what is known in the end."""
        head = change.head
        self.now_ns = max(self.now_ns, head.time_ns)
        match change:
            case Fork():
                self._fork(change)
            case Exec():
                self._exec(change)
            case Exit():
                self._exit(change)
            case CgroupMoved(id=id, hierarchy=0, path=path, tgid=tgid, is_process=True):
                lives = self._by_tgid.get(tgid)
                if lives:
                    group = CgroupOf(id=id, path=path or self._cgroup_path(id))
                    lives[-1].cgroups.put(head.time_ns, group)
            case Credentials(after=after):
                self.seen(head).credentials.put(head.time_ns, after)
            case Namespaces(after=after):
                self.seen(head).namespaces.put(head.time_ns, after)
            case CgroupMade() | CgroupGone() | CgroupMoved():
                pass

    def trim(self) -> None:
        """Forget what is beyond the bounds; called between batches."""
        oldest = self.now_ns - self.bounds.age_ns
        ended = self._ended
        while ended and (
            len(ended) > self.bounds.exited
            or self.retained_bytes > self.bounds.bytes_
            or ended[0].exit.time_ns < oldest
        ):
            self._forget(ended.popleft())
        if self.running > self._sweep_at:
            self._sweep()

    def _existing(self, tgid: int, start_ns: int) -> Life | None:
        """One that is known by the clock tick in which it started."""
        for one in reversed(self._by_tgid.get(tgid, ())):
            if one.start_ns // TICK_NS == start_ns // TICK_NS and (
                not one.is_exact or start_ns % TICK_NS == 0
            ):
                if not one.is_exact and start_ns % TICK_NS:
                    self._rename(one, start_ns)
                return one
        return None

    def _rename(self, life: Life, start_ns: int) -> None:
        """A record told to the nanosecond when a process started that /proc told of."""
        del self._lives[life.key]
        life.start_ns, life.is_exact = start_ns, True
        self._lives[life.key] = life

    def _add(self, tgid: int, start_ns: int, *, is_exact: bool = True) -> Life:
        life = Life(tgid, start_ns, is_exact=is_exact)
        self._lives[life.key] = life
        lives = self._by_tgid.setdefault(tgid, [])
        lives.append(life)
        lives.sort(key=_start)
        for earlier in lives[: lives.index(life)]:
            if not earlier.has_exited:
                self._end(earlier, ExitStatus(time_ns=self.now_ns, is_seen=False))
                self.unseen_exits += 1
        self._weigh(life, _LIFE_BYTES)
        return life

    def _guess(self, head: Head) -> Life:
        """A process whose fork was not seen: its parent is who has the parent's id."""
        life = self._add(head.tgid, head.start_ns)
        life.ppid, life.uid, life.is_guess = head.ppid, head.uid, True
        life.comms.put(head.time_ns, head.name)
        life.cgroups.put(0, CgroupOf(id=head.cgroup, path=self._cgroup_path(head.cgroup)))
        self.guessed += 1
        for one in reversed(self._by_tgid.get(head.ppid, ())):
            if _adopt(life, one, head.time_ns):
                break
        return life

    def _complete(self, life: Life, one: Known) -> None:
        life.ppid = life.ppid or one.ppid
        life.threads = max(life.threads, one.threads)
        begin = life.forked_ns
        if not len(life.images) and life.image_at(self.now_ns) is NO_IMAGE:
            life.images.put(begin, self._kept(life, one.image))
            if not len(life.cwds):
                life.cwds.put(begin, one.image.cwd)
        for line, known, value in (
            (life.credentials, life.credentials_at(self.now_ns), one.credentials),
            (life.namespaces, life.namespaces_at(self.now_ns), one.namespaces),
        ):
            if value and not known:
                line.put(begin, value)
        if not life.cgroup_at(self.now_ns).path:
            life.cgroups.put(begin, one.group)
        if not len(life.comms):
            life.comms.put(0, one.comm)

    def _fork(self, fork: Fork) -> None:
        head = fork.head
        parent = self.seen(head)
        if fork.tid != fork.tgid:
            parent.threads += 1
            return
        parent.forks += 1
        child = self.life(fork.tgid, fork.start_ns)
        if child is None:
            child = self._add(fork.tgid, fork.start_ns)
            child.uid = head.uid
        if child.is_guess:
            self._learn_fork(child, parent, head)
        _adopt(child, parent, head.time_ns)
        child.ppid, child.forked_ns = parent.tgid, head.time_ns
        child.inherits = parent.inherits + 1
        child.comms.put(head.time_ns, head.name)
        if fork.cgroup and fork.cgroup != parent.cgroup_at(head.time_ns).id:
            group = CgroupOf(id=fork.cgroup, path=self._cgroup_path(fork.cgroup))
            child.cgroups.put(head.time_ns, group)
        if child.inherits > _GENERATIONS:
            child.settle()

    def _learn_fork(self, child: Life, parent: Life, head: Head) -> None:
        """The fork came later than another event of the child: it was no guess of ours."""
        child.is_guess = False
        self.guessed -= 1
        child.uid = head.uid
        if [one.id for _, one in child.cgroups] == [parent.cgroup_at(head.time_ns).id]:
            child.cgroups = Timeline()

    def _exec(self, told: Exec) -> None:
        head = told.head
        life = self.seen(head)
        life.images.put(head.time_ns, self._kept(life, told.image))
        if told.image.cwd:
            life.cwds.put(head.time_ns, told.image.cwd)
        life.comms.put(head.time_ns, head.name)
        if told.credentials:
            life.credentials.put(head.time_ns, told.credentials)
        if told.namespaces:
            life.namespaces.put(head.time_ns, told.namespaces)
        group = life.cgroup_at(head.time_ns)
        if group.id != head.cgroup or (told.cgroup_path and not group.path):
            path = told.cgroup_path or self._cgroup_path(head.cgroup)
            life.cgroups.put(head.time_ns, CgroupOf(id=head.cgroup, path=path))

    def _exit(self, told: Exit) -> None:
        head = told.head
        life = self.seen(head)
        life.threads -= 1
        if told.is_process:
            status = ExitStatus(
                time_ns=head.time_ns,
                code=told.code,
                signal=told.signal,
                is_core_dumped=told.is_core_dumped,
            )
            if not life.has_exited:
                self._end(life, status)
            elif not life.exit.is_seen:
                life.exit = status
                self.unseen_exits -= 1

    def _end(self, life: Life, status: ExitStatus) -> None:
        life.has_exited, life.exit = True, status
        self.retained_bytes += life.retained
        self._ended.append(life)

    def _kept(self, life: Life, image: Image) -> Image:
        environment = image.environment if self.bounds.is_environment_kept else ()
        words = image.argv + environment
        self._weigh(life, sum(map(len, words)) + _WORD_BYTES * len(words) + len(image.exe))
        if environment is image.environment:
            return image
        return Image(
            exe=image.exe,
            argv=image.argv,
            cwd=image.cwd,
            inode=image.inode,
            device=image.device,
            mode=image.mode,
            is_deleted=image.is_deleted,
            is_cut=image.is_cut,
            is_secure=image.is_secure,
        )

    def _weigh(self, life: Life, more: int) -> None:
        life.retained += more
        if life.has_exited:
            self.retained_bytes += more

    def _forget(self, life: Life) -> None:
        """Take it out of the table. Its children keep it, and it keeps only who is still known."""
        if self._lives.get(life.key) is life:
            del self._lives[life.key]
        lives = self._by_tgid[life.tgid]
        lives.remove(life)
        if not lives:
            del self._by_tgid[life.tgid]
        self.retained_bytes -= life.retained
        life.is_forgotten = True
        self.forgotten += 1
        parent = life.parent
        if parent is not None and parent.is_forgotten:
            life.settle()
            while parent is not None and parent.is_forgotten:
                life.missing += 1 + parent.missing
                life.parent_time_ns = parent.parent_time_ns
                parent = parent.parent
            life.parent = parent

    def _sweep(self) -> None:
        """Look for those that are gone without a word: they were not watched, or it was lost."""
        is_running = self._is_running
        if is_running is not None:
            for life in list(self._lives.values()):
                if not life.has_exited and not is_running(life.tgid, life.start_ns):
                    self._end(life, ExitStatus(time_ns=self.now_ns, is_seen=False))
                    self.unseen_exits += 1
        self._sweep_at = max(_SWEEP_LEAST, 2 * self.running)


def _adopt(child: Life, parent: Life, time_ns: int) -> bool:
    """Make one the other's parent; not where that cannot be: whoever forks was there before.

    Two that /proc told of are told apart by clock ticks only, so within one a circle is looked for.
    """
    is_exact = parent.is_exact and child.is_exact
    unit = 1 if is_exact else TICK_NS
    if parent.start_ns // unit > child.start_ns // unit:
        return False
    above: Life | None = parent
    while above is not None and above.start_ns // TICK_NS == child.start_ns // TICK_NS:
        if above is child:
            return False
        above = above.parent
    child.parent, child.parent_time_ns = parent, time_ns
    return True


def _start(life: Life) -> int:
    return life.start_ns
