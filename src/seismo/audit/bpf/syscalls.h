/* System calls: their entry, their end.

   A call that records numbers alone goes the short way: entry, end. For any other the programs go
   on by tail calls, stage by stage, the record under construction in between. */

/* What the stages do, in this order; a program of the map `stages` each. */
#define AUDIT_STAGE_STRINGS 0
#define AUDIT_STAGE_DIRECTORIES 1
#define AUDIT_STAGE_FILES 2
#define AUDIT_STAGE_MEMORY 3
#define AUDIT_STAGE_SEND 4
#define AUDIT_STAGE_ENTRY 5

#define AUDIT_LATE_FILTERS (AUDIT_PATH_FILTERS || AUDIT_ADDRESS_FILTERS)

/* The type of a system call by its number, AUDIT_TYPES for none that has one. */
static __always_inline u32 syscall_type(u64 number) {
    if (number >= AUDIT_COMPAT)
        return AUDIT_TYPES;
#ifdef AUDIT_TS_COMPAT
    if (audit_task()->thread_info.status & AUDIT_TS_COMPAT)
        return number + AUDIT_COMPAT;
#endif
#ifdef AUDIT_TIF_32BIT
    if (audit_task()->thread_info.flags >> AUDIT_TIF_32BIT & 1)
        return AUDIT_TYPES; /* 32-bit ARM has numbers of its own, which no type stands for */
#endif
    return number;
}

static __always_inline void syscall_arguments(struct audit_pending *call, struct pt_regs *from) {
#ifdef __aarch64__
    bpf_probe_read_kernel(call->args, sizeof(call->args), &from->regs[0]);
#else
    struct pt_regs regs;
    bpf_probe_read_kernel(&regs, sizeof(regs), from);
    if (call->type >= AUDIT_COMPAT) {
        call->args[0] = (u32)regs.bx;
        call->args[1] = (u32)regs.cx;
        call->args[2] = (u32)regs.dx;
        call->args[3] = (u32)regs.si;
        call->args[4] = (u32)regs.di;
        call->args[5] = (u32)regs.bp;
        return;
    }
    call->args[0] = regs.di;
    call->args[1] = regs.si;
    call->args[2] = regs.dx;
    call->args[3] = regs.r10;
    call->args[4] = regs.r8;
    call->args[5] = regs.r9;
#endif
}

/* Which captures a plan has: a bit for each kind, without those that settings leave out. */
static __always_inline u32 captures_of(const struct audit_plan *plan, u32 setting) {
    u32 kinds = 1u << (plan->returned & 31);
    for (int i = 0; i < 6; i++)
        kinds |= 1u << (plan->captures[i] & 31);
    if (!(setting & AUDIT_SETTING_CONTENT))
        kinds &= ~AUDIT_CONTENTS;
    return kinds & ~1;
}

/* Whether something is kept at the entry: of descriptors only where the plan says so. */
static __always_inline int has_entry(const struct audit_plan *plan) {
    u32 kinds = 0;
    for (int i = 0; i < 6; i++)
        if (plan->captures[i] != AUDIT_CAPTURE_FD || plan->parameters[i])
            kinds |= 1u << (plan->captures[i] & 31);
    return (kinds & AUDIT_AT_ENTRY) != 0;
}

static __always_inline u32 stages_of(u32 kinds) {
    u32 stages = 0;
    if (kinds & AUDIT_STRINGS)
        stages |= 1 << AUDIT_STAGE_STRINGS;
    if (kinds & AUDIT_RELATIVE)
        stages |= 1 << AUDIT_STAGE_DIRECTORIES;
    if (kinds & AUDIT_FILES)
        stages |= 1 << AUDIT_STAGE_FILES;
    if (kinds & AUDIT_MEMORY)
        stages |= 1 << AUDIT_STAGE_MEMORY;
    return stages;
}

/* The record of a call that has ended, or will not. */
static __always_inline void record_call(struct audit_record *record,
                                        const struct audit_pending *call) {
    record_start(record, call->type, call->handler, sizeof(struct audit_syscall));
    if (call->type >= AUDIT_COMPAT)
        record->flags = AUDIT_EVENT_FLAG_COMPAT;
    record->call = *call; /* filters and stages go by it */
    struct audit_syscall *fixed = record_fixed(record);
    for (int i = 0; i < 6; i++)
        fixed->args[i] = call->args[i];
}

/* On to the next stage, of what is left. */
static __always_inline void next_stage(void *ctx, struct audit_record *record) {
    u32 left = record->stages, stage = AUDIT_STAGE_SEND;
    for (u32 i = 0; i < AUDIT_STAGE_SEND; i++) {
        if (left >> i & 1) {
            stage = i;
            break;
        }
    }
    record->stages = left & ~(1u << stage);
    stages.call(ctx, stage);
    count(record->type, AUDIT_COUNTER_LOST_RING); /* only if there is no such stage */
}

int audit_stage_0_strings(struct bpf_raw_tracepoint_args *ctx) {
    struct audit_record *record = record_new(AUDIT_SLOT_SYSCALL);
    if (!record)
        return 0;
    bpf_loop(6, string_step, 0, 0);
    next_stage(ctx, record);
    return 0;
}

int audit_stage_1_directories(struct bpf_raw_tracepoint_args *ctx) {
    struct audit_record *record = record_new(AUDIT_SLOT_SYSCALL);
    if (!record)
        return 0;
    bpf_loop(6, directory_step, 0, 0);
    next_stage(ctx, record);
    return 0;
}

int audit_stage_2_files(struct bpf_raw_tracepoint_args *ctx) {
    struct audit_record *record = record_new(AUDIT_SLOT_SYSCALL);
    if (!record)
        return 0;
    bpf_loop(7, file_step, 0, 0);
    next_stage(ctx, record);
    return 0;
}

int audit_stage_3_memory(struct bpf_raw_tracepoint_args *ctx) {
    struct audit_record *record = record_new(AUDIT_SLOT_SYSCALL);
    if (!record)
        return 0;
    bpf_loop(6, memory_step, 0, 0);
    next_stage(ctx, record);
    return 0;
}

int audit_stage_4_send(struct bpf_raw_tracepoint_args *ctx) {
    struct audit_record *record = record_new(AUDIT_SLOT_SYSCALL);
    if (!record)
        return 0;
    if (AUDIT_LATE_FILTERS && !record_wanted(record))
        return 0;
    record_send(record);
    return 0;
}

int audit_stage_5_entry(struct bpf_raw_tracepoint_args *ctx) {
    struct audit_record *record = record_new(AUDIT_SLOT_SYSCALL);
    if (record)
        keep_entry(record, bpf_get_current_pid_tgid());
    return 0;
}

/* A call that will not return is told at once: by its numbers. */
static __always_inline void send_unended(const struct audit_pending *call) {
    struct audit_record *record = record_new(AUDIT_SLOT_SYSCALL);
    if (!record)
        return;
    record_call(record, call);
    record->flags |= AUDIT_EVENT_FLAG_NO_RETURN;
    record_finish(record);
}

RAW_TRACEPOINT_PROBE(sys_enter) {
    u64 id = bpf_get_current_pid_tgid();
    u32 tid = id;
    long handler = task_handler(id >> 32);
    if (handler < 0)
        return 0;
    u32 type = syscall_type(ctx->args[1]);
    if (!handler_wants(handler, type))
        return 0;
    struct audit_plan *plan = plans.lookup(&type);
    if (!plan)
        return 0;
    struct audit_pending call = {};
    call.type = type;
    call.handler = handler;
    count(type, AUDIT_COUNTER_PRODUCED);
    syscall_arguments(&call, (struct pt_regs *)ctx->args[0]);
    call.started_ns = bpf_ktime_get_ns();
    if (plan->flags & AUDIT_SHAPE_NO_RETURN) {
        send_unended(&call);
        return 0;
    }
    if (pending.update(&tid, &call) < 0) {
        count(type, AUDIT_COUNTER_LOST_PENDING);
        unkept.update(&tid, &type);
        return 0;
    }
    if (plan->flags & AUDIT_SHAPE_NO_CAPTURE || !has_entry(plan))
        return 0;
    struct audit_record *record = record_new(AUDIT_SLOT_SYSCALL);
    if (!record)
        return 0;
    record->type = type;
    record->call = call;
    record->plan = *plan;
    stages.call(ctx, AUDIT_STAGE_ENTRY);
    return 0;
}

/* Where a new thread begins, a call ends that it did not make. */
static __always_inline int is_birth(u32 type, s64 ret) {
    if (ret)
        return 0;
#ifdef AUDIT_TS_COMPAT
    if (type == AUDIT_NR_FORK || type == AUDIT_NR_VFORK || type == AUDIT_COMPAT + 2 ||
        type == AUDIT_COMPAT + 120 || type == AUDIT_COMPAT + 190)
        return 1;
#endif
    return type == AUDIT_NR_CLONE || type == AUDIT_NR_CLONE3 ||
           type == AUDIT_COMPAT + AUDIT_NR_CLONE3;
}

/* A call that ends without an entry: it began before we came, or seccomp refused it before it
   began. Not those for which there was no room: they are counted as lost. */
static __always_inline void count_unentered(u64 id, struct pt_regs *regs, s64 ret) {
    u32 tid = id;
    long handler = task_handler(id >> 32);
    if (handler < 0 || unkept.delete(&tid) == 0)
        return;
#ifdef __aarch64__
    u32 type = syscall_type((u32)regs->syscallno);
#else
    u32 type = syscall_type((u32)regs->orig_ax);
#endif
    if (handler_wants(handler, type) && !is_birth(type, ret))
        count(type, AUDIT_COUNTER_NO_ENTRY);
}

RAW_TRACEPOINT_PROBE(sys_exit) {
    u64 id = bpf_get_current_pid_tgid();
    u32 tid = id;
    struct audit_pending *call = pending.lookup(&tid);
    if (!call) {
        count_unentered(id, (struct pt_regs *)ctx->args[0], ctx->args[1]);
        return 0;
    }
    struct audit_record *record = record_new(AUDIT_SLOT_SYSCALL);
    struct audit_settings *set = audit_settings();
    u32 type = call->type;
    struct audit_plan *plan = plans.lookup(&type);
    if (!record || !plan || !set)
        return 0;
    record_call(record, call);
    struct audit_header *header = record_header(record);
    header->ret = ctx->args[1];
    header->duration_ns = bpf_ktime_get_ns() - call->started_ns;
    if (plan->flags & AUDIT_SHAPE_NO_CAPTURE) {
        pending.delete(&tid);
        record_finish(record);
        return 0;
    }
    record->plan = *plan;
    pending.delete(&tid);
    take_entry(record, tid);
    if (!AUDIT_LATE_FILTERS && !record_wanted(record))
        return 0;
    u32 kinds = captures_of(&record->plan, set->flags);
    record->is_gone = kinds & AUDIT_BIT(WORDS) && !header->ret;
    record->stages = stages_of(kinds);
    next_stage(ctx, record);
    return 0;
}

/* For programs at processes' events. */

/* The thread that ends was in a call, which will not return: take it, and tell it. */
static __always_inline void call_dies(u32 tid) {
    struct audit_pending *found = pending.lookup(&tid);
    if (!found)
        return;
    struct audit_pending call = *found;
    pending.delete(&tid);
    struct audit_record *record = record_new(AUDIT_SLOT_SYSCALL);
    if (!record)
        return;
    record_call(record, &call);
    record->flags |= AUDIT_EVENT_FLAG_NO_RETURN;
    record_header(record)->duration_ns = bpf_ktime_get_ns() - call.started_ns;
    take_entry(record, tid);
    record_finish(record);
}

/* A thread that is not its process's first has executed a program, and is the first now: so is the
   call that it is in. */
static __always_inline void call_moves(u32 from, u32 to) {
    struct audit_pending *found = pending.lookup(&from);
    if (!found || from == to)
        return;
    struct audit_pending call = *found;
    pending.delete(&from);
    if (pending.update(&to, &call) < 0)
        count(call.type, AUDIT_COUNTER_LOST_PENDING);
    struct audit_text *text = pending_text.lookup(&from);
    struct audit_kept *kept = pending_kept.lookup(&from);
    if (text)
        pending_text.update(&to, text);
    if (kept)
        pending_kept.update(&to, kept);
    pending_text.delete(&from);
    pending_kept.delete(&from);
}
