"""What the arguments of system calls mean that are about time and the system as a whole.

The form is that of `meaning.py`.
"""

from __future__ import annotations

__all__ = ("MEANINGS",)

MEANINGS = """
[time]
time | ptr -> size | Seconds since 1970
gettimeofday | out:timeval ptr | The time (microseconds)
clock_gettime | enum:clock out:timespec | A clock
clock_getres | enum:clock out:timespec | A clock's resolution
nanosleep | in:timespec out:timespec | Sleep
clock_nanosleep | enum:clock flags:timer in:timespec out:timespec | Sleep by a clock
timer_create | enum:clock ptr nums@1 | Make a timer
timer_settime | int flags:timer in:itimerspec out:itimerspec | Set a timer
timer_gettime | int out:itimerspec | What is left of a timer
timer_getoverrun | int | How often a timer was late
timer_delete | int | Remove a timer
getitimer | enum:itimer out:itimerval | What is left of an interval timer
setitimer | enum:itimer in:itimerval out:itimerval | Set an interval timer

[time settime]
settimeofday | in:timeval ptr | Set the time
clock_settime | enum:clock in:timespec | Set a clock
adjtimex | out:timex | Tune the clock
clock_adjtime | enum:clock out:timex | Tune a clock

[bpf]
bpf | enum:bpf in:bpf_attr size | Load, attach or ask about BPF programs and maps

[perf desc]
perf_event_open | in:perf_event_attr pid int int flags:perf -> fd | Count or sample events

[modules]
init_module | ptr size text | Load a module from memory
finit_module | fd text flags:finit_module | Load a module from a file
delete_module | text flags:unload | Unload a module
create_module | ulong ulong ulong ulong ulong ulong | Not implemented since Linux 2.6
query_module | ulong ulong ulong ulong ulong ulong | Not implemented since Linux 2.6
get_kernel_syms | ulong ulong ulong ulong ulong ulong | Not implemented since Linux 2.6

[modules reboot]
kexec_load | ptr uint ptr flags:kexec | Load another kernel
kexec_file_load | fd fd size text flags:kexec_file | Load another kernel from a file
reboot | enum:reboot_magic enum:reboot_magic2 enum:reboot ptr | Reboot, or allow it by keys

[system]
uname | out:utsname | The kernel's name and version
sethostname | in@1 size | Set the host's name
setdomainname | in@1 size | Set the domain's name
sysinfo | out:sysinfo | Memory, load and processes
syslog | enum:syslog ptr size -> size | The kernel's log
vhangup | | Hang up the terminal
getrandom | out@1 size flags:getrandom -> size | Random bytes
lsm_get_self_attr | enum:lsm_attr ptr ptr flags:lsm -> int | What security modules say of oneself
lsm_set_self_attr | enum:lsm_attr ptr size flags:none | Tell security modules
lsm_list_modules | ptr ptr flags:none | Which security modules there are
uprobe | | What the kernel puts at a probe of user space; not for programs
uretprobe | | What the kernel puts at a function's return; not for programs

[system obsolete]
_sysctl | ulong ulong ulong ulong ulong ulong | Removed in Linux 5.5
nfsservctl | ulong ulong ulong ulong ulong ulong | Removed in Linux 3.1
getpmsg | ulong ulong ulong ulong ulong ulong | Not implemented
putpmsg | ulong ulong ulong ulong ulong ulong | Not implemented
afs_syscall | ulong ulong ulong ulong ulong ulong | Not implemented
tuxcall | ulong ulong ulong ulong ulong ulong | Not implemented
security | ulong ulong ulong ulong ulong ulong | Not implemented
vserver | ulong ulong ulong ulong ulong ulong | Not implemented
"""
