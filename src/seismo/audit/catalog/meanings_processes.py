"""What the arguments of system calls mean that are about processes, their rights, signals, memory.

The form is that of `meaning.py`.
"""

from __future__ import annotations

__all__ = ("MEANINGS",)

MEANINGS = """
[process file exec]
execve | path words ptr | Run another program
execveat | dirfd path@0 words ptr flags:at_exec | Run another program relative to a directory
uselib | path | Load a library (removed in Linux 6.16)

[process fork]
fork | -> pid | Make a child
vfork | -> pid | Make a child that uses our memory until it runs a program
clone | flags:clone_call ptr ptr ptr ptr -> pid | Make a child or a thread
clone3 | in:clone_args size -> pid | Make a child or a thread

[process exit]
exit | int -> never | End a thread
exit_group | int -> never | End a process

[process wait]
wait4 | pid nums@1 flags:wait out:rusage -> pid | Wait for a child
waitid | enum:waitid pid out:siginfo flags:wait out:rusage | Wait for a child

[process]
set_tid_address | ptr -> pid | Where the thread's id is cleared at its end
setpgid | pid pid | Set a process's group
getpgid | pid -> pid | A process's group
getpgrp | -> pid | The own process group
setsid | -> pid | Begin a session
getsid | pid -> pid | A process's session
getpid | -> pid | The own process id
gettid | -> pid | The own thread id
getppid | -> pid | The parent's process id
prctl | enum:prctl ulong ulong ulong ulong | Change what holds for a process
arch_prctl | enum:arch_prctl ulong | Change what x86 has for a thread
personality | enum:personality | Change what the kernel pretends to be
getrlimit | enum:rlimit out:rlimit | A limit
setrlimit | enum:rlimit in:rlimit | Set a limit
prlimit64 | pid enum:rlimit in:rlimit out:rlimit | A limit of another process, or set it
getrusage | enum:rusage out:rusage | What has been used
times | out:tms -> size | Times of a process
acct | path | Record the end of processes in a file
set_robust_list | ptr size | Locks that are given up at a thread's end
get_robust_list | pid ptr ptr | The same, asked for
rseq | ptr uint flags:rseq uint | Restartable sequences
membarrier | enum:membarrier flags:membarrier_flags int | Order memory between threads
kcmp | pid pid enum:kcmp ulong ulong | Whether two processes share something
modify_ldt | int ptr size | Change segments of x86
set_thread_area | ptr | Change a thread's segments of x86
get_thread_area | ptr | The same, asked for
iopl | uint | Access to all ports of x86
ioperm | ulong ulong int | Access to some ports of x86
restart_syscall | | Go on with a call that a signal had interrupted
getcpu | nums@1 nums@1 ptr | The processor and the node

[process desc]
pidfd_open | pid flags:pidfd_open -> fd | A descriptor of a process
pidfd_getfd | fd int flags:none -> fd | Copy another process's descriptor
pidfd_send_signal | fd sig in:siginfo flags:pidfd_signal | Send a signal by descriptor

[process inject]
process_vm_readv | pid ptr uint ptr uint flags:none -> size | Read another process's memory
process_vm_writev | pid ptr uint ptr uint flags:none -> size | Write another process's memory

[ptrace process]
ptrace | enum:ptrace pid ptr ptr | Watch and change another process

[process seccomp]
seccomp | enum:seccomp flags:seccomp_flags ptr | Restrict the own system calls

[process landlock]
landlock_create_ruleset | in:landlock_ruleset size flags:landlock | Begin to restrict oneself
landlock_add_rule | fd enum:landlock_rule ptr flags:none | Add a rule
landlock_restrict_self | fd flags:landlock_restrict | Restrict oneself

[namespaces process]
unshare | flags:clone | Leave namespaces that are shared
setns | fd flags:clone | Join a namespace

[credentials]
getuid | -> uid | The user
getgid | -> gid | The group
geteuid | -> uid | The user that counts
getegid | -> gid | The group that counts
getresuid | nums@1 nums@1 nums@1 | Real, effective and saved user
getresgid | nums@1 nums@1 nums@1 | Real, effective and saved group
getgroups | int ptr | The further groups
capget | in:cap_header out:cap_data | Capabilities

[credentials setid]
setuid | uid | Become a user
setgid | gid | Become a group
setreuid | uid uid | Set real and effective user
setregid | gid gid | Set real and effective group
setresuid | uid uid uid | Set real, effective and saved user
setresgid | gid gid gid | Set real, effective and saved group
setfsuid | uid -> uid | Set the user for files
setfsgid | gid -> gid | Set the group for files
setgroups | int ptr | Set the further groups
capset | in:cap_header in:cap_data | Set capabilities

[credentials keys]
add_key | text text in@3 size int | Add a key
request_key | text text text int | Ask for a key
keyctl | enum:keyctl ulong ulong ulong ulong | Work with keys

[signals]
kill | pid sig | Send a signal to a process
tkill | pid sig | Send a signal to a thread (old)
tgkill | pid pid sig | Send a signal to a thread
rt_sigqueueinfo | pid sig in:siginfo | Send a signal with data
rt_tgsigqueueinfo | pid pid sig in:siginfo | Send a signal with data to a thread
rt_sigaction | sig in:sigaction out:sigaction size | What a signal does
rt_sigprocmask | enum:sigmask in:sigset out:sigset size | Which signals wait
rt_sigpending | out:sigset size | Which signals are waiting
rt_sigtimedwait | in:sigset out:siginfo in:timespec size -> sig | Wait for a signal
rt_sigsuspend | in:sigset size | Wait for a signal, with another mask
rt_sigreturn | | Go on where a signal came
sigaltstack | in:stack out:stack | Where handlers of signals have their stack
pause | | Wait for a signal
alarm | uint | Get a signal later

[memory]
brk | ptr -> ptr | Move the end of the heap
mmap | ptr size flags:prot flags:map fd size -> ptr | Map a file or memory
munmap | ptr size | Unmap
mremap | ptr size size flags:mremap ptr -> ptr | Move or resize a mapping
remap_file_pages | ptr size flags:prot size flags:map | Map pages of a file in another order
mprotect | ptr size flags:prot | Change what may be done with memory
pkey_mprotect | ptr size flags:prot int | The same, with a key
pkey_alloc | ulong flags:pkey | Get a key for memory
pkey_free | int | Give it back
msync | ptr size flags:msync | Write a mapping to its file
mincore | ptr size ptr | Which pages are in memory
madvise | ptr size enum:madvise | Say how memory is going to be used
process_madvise | fd ptr size enum:madvise flags:none -> size | The same of another process
process_mrelease | fd flags:none | Free the memory of a process that is dying
mlock | ptr size | Keep memory from being swapped
mlock2 | ptr size flags:mlock | The same, with flags
munlock | ptr size | Let it be swapped
mlockall | flags:mlockall | Keep all memory from being swapped
munlockall | | Let it be swapped
mseal | ptr size flags:none | Let nobody change a mapping any more
memfd_create | text flags:memfd -> fd | A file in memory, without a name
memfd_secret | flags:memfd_secret -> fd | A file in memory that the kernel does not see
map_shadow_stack | ptr size flags:shadow_stack -> ptr | Make a shadow stack
mbind | ptr size enum:mpol ptr uint flags:mbind | Bind memory to nodes
get_mempolicy | nums@1 ptr uint ptr flags:get_mempolicy | Where memory comes from
set_mempolicy | enum:mpol ptr uint | Set where memory comes from
set_mempolicy_home_node | ptr size uint flags:none | Set the node that comes first
migrate_pages | pid uint ptr ptr | Move memory to other nodes
move_pages | pid uint ptr ptr ptr flags:mbind | Move pages to other nodes

[sched]
sched_yield | | Let others run
sched_setparam | pid in:sched_param | Set a thread's priority
sched_getparam | pid out:sched_param | A thread's priority
sched_setscheduler | pid enum:sched in:sched_param | Set a thread's class and priority
sched_getscheduler | pid | A thread's class
sched_get_priority_max | enum:sched | The highest priority of a class
sched_get_priority_min | enum:sched | The lowest priority of a class
sched_rr_get_interval | pid out:timespec | The time slice
sched_setaffinity | pid size in:cpu_mask | Set the processors of a thread
sched_getaffinity | pid size out:cpu_mask -> size | The processors of a thread
sched_setattr | pid in:sched_attr flags:none | Set a thread's class and parameters
sched_getattr | pid out:sched_attr size flags:none | A thread's class and parameters
getpriority | enum:priority int | How nice a process is
setpriority | enum:priority int int | Set how nice a process is
ioprio_get | enum:ioprio int | Priority of input and output
ioprio_set | enum:ioprio int int | Set priority of input and output

[futex]
futex | ptr flags:futex uint ptr ptr uint | Wait for, or wake, a lock
futex_waitv | ptr uint flags:none in:timespec enum:clock | Wait for one of several locks
futex_wake | ptr ulong int flags:futex2 | Wake those that wait
futex_wait | ptr ulong ulong flags:futex2 in:timespec enum:clock | Wait for a lock
futex_requeue | ptr flags:none int int | Wake some, and let others wait elsewhere
"""
