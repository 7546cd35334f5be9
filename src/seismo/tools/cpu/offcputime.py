"""`offcputime`: how long tasks waited, by the stacks that they waited with."""

from __future__ import annotations

from seismo.tools.tool import Area, Column, Option, Stacks, Tool, columns, natural

__all__ = ("TOOL",)

TOOL = Tool(
    name="offcputime",
    area=Area.CPU,
    summary="Sum up the time that tasks are off the CPU, by stack: what they wait for.",
    about="""The time from where a task leaves its CPU to where it runs again: blocked, or runnable
and waiting for its turn. It is summed up by the task's name, its process, and the stacks of the
kernel and the program with which it left. A task that has not come back when tracing ends is not
counted, nor is one that left before tracing began. --state 1 is what sleeps until an event or a
signal (TASK_INTERRUPTIBLE), 2 what nothing can interrupt (mostly disks), 0 what could have run.
Stacks of programs follow frame pointers.""",
    kernel="Linux 5.8: the tracepoint sched:sched_switch.",
    scripts=("offcputime",),
    reports=(
        Stacks(
            "@us",
            (
                *columns("comm pid"),
                Column("kstack", is_stack=True),
                Column("ustack", is_stack=True),
            ),
            "us",
        ),
    ),
    options=(
        Option("user", "stacks of the program only", "-U"),
        Option("kernel", "stacks of the kernel only", "-K"),
        Option("user_threads", "no threads of the kernel"),
        Option("kernel_threads", "only threads of the kernel"),
        Option(
            "min_block_time", "waits of at least so many us (1)", "-m", metavar="US", type=natural
        ),
        Option("max_block_time", "waits of at most so many us", "-M", metavar="US", type=natural),
        Option("state", "waits in these states, a mask of TASK_*", metavar="MASK", type=natural),
    ),
    example="""examples:
  seismo offcputime                        every wait on the machine, until Ctrl-C
  seismo offcputime -p 1234 --duration 10  what process 1234 waits for
  seismo offcputime -K --state 2 --top 5   the five longest of those that cannot be interrupted
  seismo offcputime -c 'sleep 1' --flame off.svg
                                           a flame graph of where a command waits

      schedule+35
      do_nanosleep+103
      hrtimer_nanosleep+153
      __x64_sys_clock_nanosleep+203
      do_syscall_64+113
      entry_SYSCALL_64_after_hwframe+118
      clock_nanosleep+90
      comm = sleep, pid = 4711, 1000067 us
""",
)
