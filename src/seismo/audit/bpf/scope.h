/* Which handler a task has. */

#define AUDIT_NO_HANDLER -1

/* That of the nearest watched cgroup around the current task. */
static __always_inline long cgroup_handler(void) {
    u64 id = bpf_get_current_cgroup_id();
    struct audit_watch *watch = watched_cgroups.lookup(&id);
    long handler = watch ? watch->handler : AUDIT_NO_HANDLER;
    if (watch)
        return handler;
#pragma unroll
    for (int level = 0; level < AUDIT_LEVELS; level++) {
        u64 above = bpf_get_current_ancestor_cgroup_id(level);
        if (!above)
            break;
        watch = watched_cgroups.lookup(&above);
        if (watch)
            handler = watch->handler;
    }
    return handler;
}

/* The handler of the current task, whose thread group is `tgid`; AUDIT_NO_HANDLER for none. */
static __always_inline long task_handler(u32 tgid) {
    struct audit_settings *set = audit_settings();
    if (!set || tgid == set->self_tgid)
        return AUDIT_NO_HANDLER;
    struct audit_watch *watch = watched_processes.lookup(&tgid);
    if (watch)
        return watch->handler;
    if (set->flags & AUDIT_SETTING_CGROUPS) {
        long handler = cgroup_handler();
        if (handler >= 0)
            return handler;
    }
    return set->flags & AUDIT_SETTING_DEFAULT ? (long)set->default_handler : AUDIT_NO_HANDLER;
}

/* Whether a handler wants events of a type. */
static __always_inline int handler_wants(u32 handler, u32 type) {
    struct audit_bits *bits = handler_events.lookup(&handler);
    u64 word = type / 64;
    if (!bits || word >= AUDIT_TYPES / 64)
        return 0;
    return bits->words[word] >> (type & 63) & 1;
}

/* The handler of the current task as `task_handler` has it, if it wants events of the type. */
static __always_inline long wanting_handler(u32 tgid, u32 type) {
    long handler = task_handler(tgid);
    return handler >= 0 && handler_wants(handler, type) ? handler : AUDIT_NO_HANDLER;
}

/* The same for what happens to whoever has the CPU: idling is nobody's and not told of, nor what comes
   after a task's end, which is told already. */
static __always_inline long running_handler(u32 type) {
    u32 tgid = bpf_get_current_pid_tgid() >> 32;
    struct task_struct *task = audit_task();
    return tgid && !task->exit_state ? wanting_handler(tgid, type) : AUDIT_NO_HANDLER;
}
