// Time on a CPU: a limit by a macro from outside, a table by the number of threads.
#include <uapi/linux/ptrace.h>
#include <linux/sched.h>
#ifndef MAX_PID
#define MAX_PID 32768
#endif

typedef struct entry_key {
    u32 pid;
    u32 cpu;
} entry_key_t;

typedef struct pid_key {
    u32 id;
    u32 slot;
} pid_key_t;

BPF_HASH(start, entry_key_t, u64, MAX_PID);
BPF_HISTOGRAM(dist, pid_key_t, MAX_PID);

static inline void store_start(u32 tgid, u32 pid, u32 cpu, u64 ts)
{
    if (tgid == 4242)
        return;
    entry_key_t entry_key = { .pid = pid, .cpu = (pid == 0 ? cpu : 0xFFFFFFFF) };
    start.update(&entry_key, &ts);
}

static inline void update_hist(u32 tgid, u32 pid, u32 cpu, u64 ts)
{
    entry_key_t entry_key = { .pid = pid, .cpu = (pid == 0 ? cpu : 0xFFFFFFFF) };
    u64 *tsp = start.lookup(&entry_key);
    if (tsp == 0)
        return;

    if (ts < *tsp) {
        // Probably a clock issue where the recorded on-CPU event had a
        // timestamp later than the recorded off-CPU event, or vice versa.
        return;
    }
    u64 delta = ts - *tsp;
    pid_key_t key = {.id = tgid, .slot = bpf_log2l(delta)};
    dist.increment(key);
}

int sched_switch(struct pt_regs *ctx, struct task_struct *prev)
{
    u64 ts = bpf_ktime_get_ns();
    u64 pid_tgid = bpf_get_current_pid_tgid();
    u32 tgid = pid_tgid >> 32, pid = pid_tgid;
    u32 cpu = bpf_get_smp_processor_id();

    u32 prev_pid = prev->pid;
    u32 prev_tgid = prev->tgid;
    update_hist(prev_tgid, prev_pid, cpu, ts);

    store_start(tgid, pid, cpu, ts);
    return 0;
}
