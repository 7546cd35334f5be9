"""Boots one guest, lets it run one job, and says how that ended."""

from __future__ import annotations

import enum
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lab.errors import LabError, LabUnavailable
from lab.fetch import Kernel

__all__ = ("Boot", "Ending", "Job", "boot", "qemu_binary")

_HIDDEN_BY_TMPFS = (Path("/tmp"), Path("/run"))
_APPEND = (
    "console=ttyS0 quiet panic=-1 oops=panic lsm=landlock,lockdown,yama,bpf "
    "mitigations=off random.trust_cpu=on"
)


class Ending(enum.Enum):
    """How a guest came to its end."""

    FINISHED = "finished"
    NOT_BOOTED = "did not boot"
    CRASHED = "crashed"
    TIMED_OUT = "ran into its time limit"


@dataclass(frozen=True, slots=True)
class Job:
    """A command for the guest, run as root in `directory`."""

    command: Sequence[str]
    directory: Path
    environment: Mapping[str, str]

    def script(self) -> str:
        """The shell script that the guest runs."""
        lines = [f"mount -t tmpfs tmpfs {place}" for place in self._free_places()]
        lines += [f"export {name}={shlex.quote(text)}" for name, text in self.environment.items()]
        lines += [f"cd {shlex.quote(str(self.directory))}", f"exec {shlex.join(self.command)}"]
        return "\n".join(lines) + "\n"

    def _free_places(self) -> list[Path]:
        """Where a tmpfs hides neither the directory nor the interpreter."""
        used = [self.directory, Path(sys.prefix), Path(sys.base_prefix)]
        return [
            place
            for place in _HIDDEN_BY_TMPFS
            if not any(path.is_relative_to(place) for path in used)
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Boot:
    """What a guest left behind: `status` is its job's exit status, -1 unless it finished."""

    ending: Ending
    status: int
    seconds: float
    boot_seconds: float
    output: str
    """What the job wrote to standard output and error."""
    junit: str
    """The job's `junit.xml`; empty if it wrote none."""
    console: str
    """The kernel's log, from the serial port."""

    def console_tail(self, lines: int = 50) -> str:
        """The last lines of the console, without terminal codes."""
        plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]|\x1bc|\r", "", self.console)
        return "\n".join(plain.splitlines()[-lines:])


def qemu_binary() -> str:
    """The emulator's path; raises `LabUnavailable` without one."""
    path = shutil.which("qemu-system-x86_64")
    if path is None:
        raise LabUnavailable(
            "qemu-system-x86_64 is not installed\n"
            "hint: apt-get install --no-install-recommends qemu-system-x86"
        )
    return path


def boot(kernel: Kernel, initrd: Path, job: Job, out: Path, limit: float) -> Boot:
    """Runs the job in a fresh guest for at most `limit` seconds; `out` is the shared directory.

    Raises `LabError` when QEMU itself fails.
    """
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    (out / "job").write_text(job.script())
    shutil.copy(Path(__file__).parent / "guest.sh", out)
    # Where programs look for how the kernel was built: beside its image.
    for config in kernel.image.parent.glob("config-*"):
        shutil.copy(config, out)
    start = time.monotonic()
    in_time = _run(_qemu_command(kernel, initrd, out), limit)
    return Boot(
        ending=_ending(out, in_time=in_time),
        status=int(_text(out / "status") or -1),
        seconds=time.monotonic() - start,
        boot_seconds=float(_text(out / "booted") or 0),
        output=_text(out / "output"),
        junit=_text(out / "junit.xml"),
        console=_text(out / "console"),
    )


def _qemu_command(kernel: Kernel, initrd: Path, out: Path) -> list[str]:
    shares = {"host": "path=/,readonly=on,multidevs=remap", "out": f"path={_escaped(out)}"}
    command = [qemu_binary(), "-nodefaults", "-no-reboot", "-display", "none"]
    command += ["-serial", f"file:{_escaped(out / 'console')}", "-m", "3G", "-smp", "2"]
    # With a thread for each processor, one may run code that another is just patching, as kernels
    # do for static keys (text_poke): then it meets a breakpoint that nobody waits for, and panics.
    command += ["-cpu", "max", "-accel", "tcg,thread=single"]
    command += ["-kernel", str(kernel.image), "-initrd", str(initrd), "-append", _APPEND]
    for tag, options in shares.items():
        command += ["-fsdev", f"local,id={tag},security_model=none,{options}"]
        command += ["-device", f"virtio-9p-pci,fsdev={tag},mount_tag={tag}"]
    return command


def _run(command: Sequence[str], limit: float) -> bool:
    """Whether QEMU ended by itself; it is killed otherwise."""
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=limit, check=False
        )
    except subprocess.TimeoutExpired:
        return False
    if done.returncode != 0:
        raise LabError(f"QEMU failed: {done.stderr.decode(errors='replace').strip()}")
    return True


def _escaped(path: Path) -> str:
    """A path as an option value: QEMU reads `,,` as one comma."""
    return str(path).replace(",", ",,")


def _ending(out: Path, *, in_time: bool) -> Ending:
    if (out / "status").exists():
        return Ending.FINISHED
    if not in_time:
        return Ending.TIMED_OUT
    return Ending.CRASHED if (out / "booted").exists() else Ending.NOT_BOOTED


def _text(file: Path) -> str:
    return file.read_text(errors="replace") if file.exists() else ""
