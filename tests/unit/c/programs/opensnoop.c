// Files opened, with their names and results: a system call's entry and return.
#include <uapi/linux/ptrace.h>
#include <uapi/linux/limits.h>
#include <linux/fcntl.h>
#include <linux/sched.h>

enum event_kind { EVENT_ENTRY, EVENT_END };

struct val_t {
    u64 id;
    char comm[TASK_COMM_LEN];
    const char *fname;
    int flags;
    u32 mode;
};

struct data_t {
    u64 id;
    u64 ts;
    u32 uid;
    int ret;
    char comm[TASK_COMM_LEN];
    enum event_kind kind;
    char name[NAME_MAX];
    int flags;
    u32 mode;
};

BPF_HASH(infotmp, u64, struct val_t);
BPF_PERF_OUTPUT(events);

static int note(u64 id, const char __user *filename, int flags, u32 mode)
{
    struct val_t val = {};
    u32 pid = id >> 32;
    u32 tid = id;
    u32 uid = bpf_get_current_uid_gid();

    if (pid == 1 || tid == 1 || uid == 4242) { return 0; }
    if (!(flags & (O_CREAT | O_TMPFILE)))
        mode = 0;
    if (bpf_get_current_comm(&val.comm, sizeof(val.comm)) == 0) {
        val.id = id;
        val.fname = filename;
        val.flags = flags;
        val.mode = mode;
        infotmp.update(&id, &val);
    }
    return 0;
}

int syscall__trace_entry_open(struct pt_regs *ctx, const char __user *filename, int flags, u32 mode)
{
    return note(bpf_get_current_pid_tgid(), filename, flags, mode);
}

int syscall__trace_entry_openat(struct pt_regs *ctx, int dfd, const char __user *filename, int flags,
                                u32 mode)
{
    return note(bpf_get_current_pid_tgid(), filename, flags, mode);
}

#include <uapi/linux/openat2.h>
int syscall__trace_entry_openat2(struct pt_regs *ctx, int dfd, const char __user *filename,
                                 struct open_how *how)
{
    int flags = how->flags;
    return note(bpf_get_current_pid_tgid(), filename, flags, how->mode);
}

int trace_return(struct pt_regs *ctx)
{
    u64 id = bpf_get_current_pid_tgid();
    struct val_t *valp;
    struct data_t data = {};
    u64 tsp = bpf_ktime_get_ns();

    valp = infotmp.lookup(&id);
    if (valp == 0) {
        // missed entry
        return 0;
    }
    bpf_probe_read_kernel(&data.comm, sizeof(data.comm), valp->comm);
    bpf_probe_read_user_str(&data.name, sizeof(data.name), (void *)valp->fname);
    data.id = valp->id;
    data.ts = tsp / 1000;
    data.uid = bpf_get_current_uid_gid();
    data.flags = valp->flags;
    data.mode = valp->mode;
    data.ret = PT_REGS_RC(ctx);
    data.kind = EVENT_END;
    events.perf_submit(ctx, &data, sizeof(data));
    infotmp.delete(&id);
    return 0;
}
