// A system call by its tracepoint, where there are no kprobes.
#include <linux/sched.h>
struct data_t { u32 pid; u64 ts_ns; int ret; char comm[TASK_COMM_LEN]; char fname[NAME_MAX]; };
BPF_HASH(args_filename, u32, const char *);
BPF_PERF_OUTPUT(events);
TRACEPOINT_PROBE(syscalls, sys_enter_newstat) {
    u32 pid = bpf_get_current_pid_tgid() >> 32;
    const char *name = args->filename;
    args_filename.update(&pid, &name);
    return 0;
}
TRACEPOINT_PROBE(syscalls, sys_exit_newstat) {
    u32 pid = bpf_get_current_pid_tgid() >> 32;
    const char **filenamep;
    int ret = args->ret;
    filenamep = args_filename.lookup(&pid);
    if (filenamep == 0) return 0;
    struct data_t data = {.pid = pid};
    bpf_get_current_comm(&data.comm, sizeof(data.comm));
    bpf_probe_read_user(&data.fname, sizeof(data.fname), (void *)*filenamep);
    data.ts_ns = bpf_ktime_get_ns();
    data.ret = ret;
    events.perf_submit(args, &data, sizeof(data));
    args_filename.delete(&pid);
    return 0;
}
