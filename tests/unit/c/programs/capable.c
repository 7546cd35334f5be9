// Checks of capabilities, each once.
#include <uapi/linux/ptrace.h>
#include <linux/sched.h>
#include <linux/security.h>

struct data_t {
   u32 tgid;
   u32 pid;
   u32 uid;
   int cap;
   int audit;
   int insetid;
   char comm[TASK_COMM_LEN];
   int kernel_stack_id;
   int user_stack_id;
};
BPF_PERF_OUTPUT(events);

struct repeat_t {
    int cap;
    u64 cgroupid;
    u32 pid;
};
BPF_HASH(seen, struct repeat_t, u64);
BPF_STACK_TRACE(stacks, 2048);

int kprobe__cap_capable(struct pt_regs *ctx, const struct cred *cred,
    struct user_namespace *targ_ns, int cap, int cap_opt)
{
    u64 __pid_tgid = bpf_get_current_pid_tgid();
    u32 tgid = __pid_tgid >> 32;
    u32 pid = __pid_tgid;
    int audit;
    int insetid;

  #ifdef CAP_OPT_NONE
    audit = (cap_opt & 0b10) == 0;
    insetid = (cap_opt & 0b100) != 0;
  #else
    audit = cap_opt;
    insetid = -1;
  #endif

    if (!(audit)) { return 0; }

    u32 uid = bpf_get_current_uid_gid();

    struct data_t data = {.tgid = tgid, .pid = pid, .uid = uid, .cap = cap, .audit = audit,
                          .insetid = insetid};
    struct repeat_t repeat = {0,};
    repeat.cap = cap;
    repeat.cgroupid = bpf_get_current_cgroup_id(),
    repeat.pid = tgid;
    if (seen.lookup(&repeat) != NULL) {
        return 0;
    }
    u64 zero = 0;
    seen.update(&repeat, &zero);
    data.kernel_stack_id = stacks.get_stackid(ctx, 0);
    data.user_stack_id = stacks.get_stackid(ctx, BPF_F_USER_STACK);
    bpf_get_current_comm(&data.comm, sizeof(data.comm));
    events.perf_submit(ctx, &data, sizeof(data));
    return 0;
}
