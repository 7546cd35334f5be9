/* Scheduling: each time that a watched task leaves a CPU. The state that it leaves in is told since
   Linux 5.18. The program runs with interrupts off. */

/* include/linux/sched.h: bits of a task's state, and those that ps(1) tells apart */
#define AUDIT_TASK_UNINTERRUPTIBLE 2
#define AUDIT_TASK_REPORTED 0x4f /* sleeping, uninterruptible, stopped, traced, parked */
#define AUDIT_TASK_IDLE 0x402
#define AUDIT_TASK_HELD 0x9000 /* TASK_RTLOCK_WAIT, TASK_FROZEN: they wait uninterruptibly */

BPF_PERCPU_ARRAY(switched, u64, 1); /* when the task of this CPU got it; 0: that was not seen */

/* A state as the catalog's table `task_state` has it. */
static __always_inline u32 state_of(u32 state, u32 is_preempted) {
    if (is_preempted)
        return 0;
    if ((state & AUDIT_TASK_IDLE) == AUDIT_TASK_IDLE)
        return AUDIT_TASK_IDLE;
    if (state & AUDIT_TASK_HELD)
        return AUDIT_TASK_UNINTERRUPTIBLE;
    return state & AUDIT_TASK_REPORTED;
}

/* How long the task that leaves had the CPU; from now on the next one has it. */
static __always_inline u64 time_on_cpu(void) {
    u32 zero = 0;
    u64 now = bpf_ktime_get_ns(), *since = switched.lookup(&zero);
    if (!since)
        return 0;
    u64 began = *since;
    *since = now;
    return began ? now - began : 0;
}

RAW_TRACEPOINT_PROBE(sched_switch) {
    u64 duration_ns = time_on_cpu();
    u32 is_preempted = ctx->args[0] & 1;
    struct task_struct *next = (struct task_struct *)ctx->args[2];
    long handler = running_handler(AUDIT_EVENT_SCHED_SWITCH);
    if (handler < 0)
        return 0;
    struct audit_record *record = record_new(AUDIT_SLOT_ATOMIC);
    if (!record)
        return 0;
    record_begin(record, AUDIT_EVENT_SCHED_SWITCH, handler, sizeof(struct audit_sched_switch));
    struct audit_sched_switch *fixed = record_fixed(record);
    fixed->next_tgid = next->tgid;
    fixed->next_tid = next->pid;
    fixed->state = state_of(ctx->args[3], is_preempted);
    fixed->is_preempted = is_preempted;
    bpf_probe_read_kernel(fixed->next_comm, sizeof(fixed->next_comm), next->comm);
    record_header(record)->duration_ns = duration_ns;
    record_finish(record);
    return 0;
}
