// Processes that end, from their own task; typeof, bit operations, statement expressions.
#include <linux/ptrace.h>
#include <linux/sched.h>

#define READ_KERN(ptr) ({ typeof(ptr) _val; __builtin_memset((void *)&_val, 0, sizeof(_val)); \
    bpf_probe_read_kernel((void *)&_val, sizeof(_val), &ptr); _val; })

struct data_t {
    u64 start_time;
    u64 exit_time;
    u32 pid;
    u32 tid;
    u32 ppid;
    int exit_code;
    u32 sig_info;
    char task[TASK_COMM_LEN];
} __attribute__((packed));

BPF_PERF_OUTPUT(events);

TRACEPOINT_PROBE(sched, sched_process_exit)
{
    struct task_struct *task = (typeof(task))bpf_get_current_task();
    if (task->pid != task->tgid) { return 0; }

    struct data_t data = {};

    data.start_time = task->start_time;
    data.exit_time = bpf_ktime_get_ns();
    data.pid = task->tgid;
    data.tid = READ_KERN(task->pid);
    data.ppid = task->real_parent->tgid;
    data.exit_code = task->exit_code >> 8;
    data.sig_info = task->exit_code & 0xFF;
    bpf_get_current_comm(&data.task, sizeof(data.task));

    events.perf_submit(args, &data, sizeof(data));
    return 0;
}
