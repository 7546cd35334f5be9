/* Signals: who sends which to whom, and what a process does when one comes. */

/* include/uapi/asm-generic/siginfo.h: below 0 and SI_USER are of system calls */
#define AUDIT_SI_USER 0
#define AUDIT_SI_KERNEL 0x80
#define AUDIT_SIGCHLD 17

/* What si_code is: the kernel passes 0 for one of a process, 1 for one of its own. */
static __always_inline s32 code_of(struct kernel_siginfo *info) {
    if ((u64)info == 0)
        return AUDIT_SI_USER;
    if ((u64)info == 1)
        return AUDIT_SI_KERNEL;
    return info->si_code;
}

/* Signals of timers, terminals and the like are sent in interrupts, where the current task is
   anybody's: these are told of the task that gets them. The end of a child is the child's. */
static __always_inline int is_sender(s32 code, u32 signal, u64 info, struct task_struct *to) {
    struct task_struct *task = audit_task();
    if (task == to || code <= AUDIT_SI_USER)
        return 1;
    return signal == AUDIT_SIGCHLD && info > 1 &&
           ((struct kernel_siginfo *)info)->_sifields._sigchld._pid != 0 && task->exit_state != 0;
}

/* SI_TIMER, SI_MESGQ, SI_ASYNCIO, SI_SIGIO: below 0, yet of the kernel. */
static __always_inline int is_of_kernel(s32 code) { return code <= -2 && code >= -5; }

/* The sender's handler. A process that has ended, and tells its parent so, is watched no more. */
static __always_inline long sender_handler(void) {
    struct task_struct *task = audit_task();
    u32 tgid = bpf_get_current_pid_tgid() >> 32;
    if (task->exit_state) {
        struct audit_life life = {.start_ns = task->group_leader->start_boottime, .tgid = tgid};
        struct audit_watch *watch = ended_processes.lookup(&life);
        if (watch)
            return watch->handler;
    }
    return task_handler(tgid);
}

RAW_TRACEPOINT_PROBE(signal_generate) {
    u32 signal = ctx->args[0];
    struct kernel_siginfo *info = (struct kernel_siginfo *)ctx->args[1];
    struct task_struct *to = (struct task_struct *)ctx->args[2];
    s32 code = code_of(info);
    int is_ours = !is_of_kernel(code) && is_sender(code, signal, (u64)info, to);
    long handler = is_ours ? sender_handler() : handler_of_other(to);
    if (handler < 0 || !handler_wants(handler, AUDIT_EVENT_SIGNAL_SEND))
        return 0;
    struct audit_record *record = record_new(AUDIT_SLOT_SIGNAL);
    if (!record)
        return 0;
    record_begin(record, AUDIT_EVENT_SIGNAL_SEND, handler, sizeof(struct audit_signal));
    struct audit_signal *fixed = record_fixed(record);
    fixed->signal = signal;
    fixed->code = code;
    fixed->to_tgid = to->tgid;
    fixed->to_tid = to->pid;
    if (!is_ours)
        header_of_other(record_header(record), to);
    record_header(record)->ret = (s32)ctx->args[4]; /* enum of TRACE_SIGNAL_: 0 delivered */
    record_finish(record);
    return 0;
}

RAW_TRACEPOINT_PROBE(signal_deliver) {
    struct k_sigaction *action = (struct k_sigaction *)ctx->args[2];
    long handler = wanting_handler(bpf_get_current_pid_tgid() >> 32, AUDIT_EVENT_SIGNAL_DELIVER);
    if (handler < 0)
        return 0;
    struct audit_record *record = record_new(AUDIT_SLOT_SIGNAL);
    if (!record)
        return 0;
    record_begin(record, AUDIT_EVENT_SIGNAL_DELIVER, handler, sizeof(struct audit_signal_deliver));
    struct audit_signal_deliver *fixed = record_fixed(record);
    fixed->signal = ctx->args[0];
    fixed->code = code_of((struct kernel_siginfo *)ctx->args[1]);
    fixed->handler = (u64)action->sa.sa_handler;
    record_finish(record);
    return 0;
}
