"""The lab's command line: `python -m lab [KERNEL...] [options] [-- pytest arguments]`.

One line per kernel, the guest's own text where something failed, and a closing line in pytest's
manner; the exit status is 0 only if every guest booted, ran tests and had none fail.
"""

from __future__ import annotations

import argparse
import compileall
import fcntl
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lab.boot import Boot, Ending, Job, boot, qemu_binary
from lab.errors import LabError, LabUnavailable
from lab.fetch import Kernel, fetch_busybox, fetch_kernel
from lab.initramfs import initramfs
from lab.results import Counts, Verdict, judge

__all__ = ("KERNELS", "main")

KERNELS = ("6.1", "6.12")
"""The series that `make test` covers: Debian's stable kernel and its newest backport."""

_REPOSITORY = Path(__file__).resolve().parents[2]
_LAB = _REPOSITORY / ".lab"
_SHARE = "/.lab"
_SHIPPED = _LAB / "shipped"
_GUEST_SECONDS = 70 * 60.0
_TEST_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Options:
    """The command line, read."""

    kernels: tuple[str, ...]
    limit: float
    jobs: int
    optional: bool
    shell: str | None
    pytest: tuple[str, ...]


def main(arguments: Sequence[str]) -> int:
    """Runs the guests and returns the exit status."""
    options = _parse(arguments)
    start = time.monotonic()
    try:
        qemu_binary()
        # The guest cannot write here, and compiles 15 times slower than this machine.
        compileall.compile_dir(_REPOSITORY / "src", quiet=1)
        _build_shipped()
        busybox = fetch_busybox(_LAB)
        kernels = [fetch_kernel(version, _LAB) for version in options.kernels]
        return _run(kernels, busybox, options, start)
    except LabUnavailable as reason:
        return _unavailable(reason, optional=options.optional)
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        return 1


def _build_shipped() -> None:
    """Compile here what the guests only run: scripts that are shipped from kernel to kernel."""
    _SHIPPED.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, str(_REPOSITORY / "tests" / "shipped_scripts.py"), str(_SHIPPED)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise LabError(f"scripts for the guests could not be built:\n{done.stderr}")


def _run(kernels: Sequence[Kernel], busybox: Path, options: Options, start: float) -> int:
    with ThreadPoolExecutor(options.jobs) as pool:
        boots = pool.map(lambda kernel: _boot(kernel, busybox, options), kernels)
        if options.shell is not None:
            return max(_show(boot) for boot in boots)
        verdicts = [_report(kernel, boot) for kernel, boot in zip(kernels, boots, strict=True)]
    return _conclude(verdicts, time.monotonic() - start)


def _parse(arguments: Sequence[str]) -> Options:
    split = arguments.index("--") if "--" in arguments else len(arguments)
    parser = argparse.ArgumentParser(prog="lab", description=__doc__.partition("\n")[0])
    parser.add_argument("kernels", nargs="*", metavar="KERNEL", help=f"default: {KERNELS}")
    parser.add_argument("--limit", type=float, default=_GUEST_SECONDS, help="seconds per guest")
    parser.add_argument("--jobs", type=int, default=len(KERNELS), help="guests at a time")
    parser.add_argument(
        "--optional",
        action="store_true",
        help="a machine that cannot boot guests is no failure, unless CI=true",
    )
    parser.add_argument("--shell", metavar="COMMAND", help="run this instead of the tests")
    chosen = parser.parse_args(arguments[:split])
    return Options(
        kernels=tuple(chosen.kernels) or KERNELS,
        limit=chosen.limit,
        jobs=chosen.jobs,
        optional=chosen.optional,
        shell=chosen.shell,
        pytest=tuple(arguments[split + 1 :]),
    )


def _unavailable(reason: LabUnavailable, *, optional: bool) -> int:
    if optional and os.environ.get("CI") != "true":
        print(f"lab: skipped: {reason}")
        return 0
    print(f"lab: cannot run: {reason}", file=sys.stderr)
    return 1


def _boot(kernel: Kernel, busybox: Path, options: Options) -> Boot:
    home = _LAB / kernel.version
    with _alone(home / "lock"):
        initrd = home / "initrd"
        initrd.write_bytes(initramfs(kernel, busybox))
        return boot(kernel, initrd, _job(kernel, options), home / "out", options.limit)


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """One guest per kernel and repository at a time: they share the output directory."""
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _job(kernel: Kernel, options: Options) -> Job:
    path = [f"{sys.prefix}/bin", "/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin"]
    return Job(
        command=_pytest(options) if options.shell is None else ["/bin/sh", "-c", options.shell],
        directory=_REPOSITORY,
        environment={
            "HOME": "/",
            "LANG": "C.UTF-8",
            "PATH": ":".join([*path, "/sbin", "/bin"]),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONPATH": str(_REPOSITORY / "dev"),
            "SEISMO_LAB_KERNEL": kernel.release,
            "SEISMO_SHIPPED": str(_SHIPPED),
        },
    )


def _pytest(options: Options) -> list[str]:
    command = [sys.executable, "-m", "pytest", "-rfE", "--color=no"]
    command += ["-m", "(kernel or guest) and not slow"]
    command += ["-p", "no:cacheprovider", "-p", "lab.limits", f"--test-limit={_TEST_SECONDS}"]
    command += ["-o", f"faulthandler_timeout={_TEST_SECONDS + 30}"]
    command += [f"--junitxml={_SHARE}/junit.xml", "tests/kernel"]
    return [*command, *options.pytest]


def _show(result: Boot) -> int:
    _explain(result)
    return result.status if result.ending is Ending.FINISHED else 1


def _report(kernel: Kernel, result: Boot) -> Verdict:
    verdict = judge(result)
    if verdict.problem:
        _explain(result)
    problem = f" ({verdict.problem})" if verdict.problem else ""
    print(
        f"lab {kernel.version} [{kernel.release}]: {verdict.counts}{problem}"
        f" in {result.seconds:.0f} s, booted in {result.boot_seconds:.1f} s",
        flush=True,
    )
    return verdict


def _explain(result: Boot) -> None:
    print(result.output)
    if result.ending is not Ending.FINISHED:
        print(f"--- the guest {result.ending.value}; its console ends with:")
        print(result.console_tail())


def _conclude(verdicts: Sequence[Verdict], seconds: float) -> int:
    total = sum((verdict.counts for verdict in verdicts), Counts())
    bad = sum(1 for verdict in verdicts if verdict.problem)
    guests = f", {bad} of {len(verdicts)} guests bad" if bad else f" on {len(verdicts)} kernels"
    print(f" {total}{guests} in {seconds:.2f}s ".center(80, "="))
    return 1 if bad else 0
