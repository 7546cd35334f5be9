// The same by fexit, through a ring buffer that records are made in.
#include <uapi/linux/ptrace.h>
#include <linux/sched.h>
struct data_t {
    u64 id;
    int ret;
    char comm[TASK_COMM_LEN];
    char name[NAME_MAX];
};
BPF_RINGBUF_OUTPUT(events, 8);

#if defined(CONFIG_ARCH_HAS_SYSCALL_WRAPPER) && !defined(__s390x__)
KRETFUNC_PROBE(__x64_sys_openat, struct pt_regs *regs, int ret)
{
    const char __user *filename = (char *)PT_REGS_PARM2(regs);
    int flags = PT_REGS_PARM3(regs);
#else
KRETFUNC_PROBE(do_sys_openat, int dfd, const char __user *filename, int flags, int ret)
{
#endif
    struct data_t *data = events.ringbuf_reserve(sizeof(struct data_t));
    if (!data)
        return 0;
    data->id = bpf_get_current_pid_tgid();
    data->ret = ret;
    bpf_get_current_comm(&data->comm, sizeof(data->comm));
    bpf_probe_read_user_str(&data->name, sizeof(data->name), (void *)filename);
    if (flags & O_WRONLY)
        events.ringbuf_submit(data, BPF_RB_NO_WAKEUP);
    else
        events.ringbuf_discard(data, 0);
    return 0;
}
