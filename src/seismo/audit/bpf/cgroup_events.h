/* Cgroups of all hierarchies: made, removed, and whom somebody moves into them. */

static __always_inline void tell_cgroup(u32 type, struct cgroup *cgroup) {
    long handler = wanting_handler(bpf_get_current_pid_tgid() >> 32, type);
    if (handler < 0)
        return;
    struct audit_record *record = record_new(AUDIT_SLOT_OTHER);
    if (!record)
        return;
    record_begin(record, type, handler, sizeof(struct audit_cgroup));
    struct audit_cgroup *fixed = record_fixed(record); /* audit_cgroup_remove is the same */
    fixed->id = cgroup->kn->id;
    fixed->level = cgroup->level;
    fixed->hierarchy = cgroup->root->hierarchy_id;
    section_cgroup(record, cgroup);
    record_finish(record);
}

RAW_TRACEPOINT_PROBE(cgroup_mkdir) {
    tell_cgroup(AUDIT_EVENT_CGROUP_CREATE, (struct cgroup *)ctx->args[0]);
    return 0;
}

RAW_TRACEPOINT_PROBE(cgroup_rmdir) {
    tell_cgroup(AUDIT_EVENT_CGROUP_REMOVE, (struct cgroup *)ctx->args[0]);
    return 0;
}

/* In whoever moves the task. */
RAW_TRACEPOINT_PROBE(cgroup_attach_task) {
    struct cgroup *cgroup = (struct cgroup *)ctx->args[0];
    struct task_struct *moved = (struct task_struct *)ctx->args[2];
    long handler = wanting_handler(bpf_get_current_pid_tgid() >> 32, AUDIT_EVENT_CGROUP_MOVE);
    if (handler < 0)
        return 0;
    struct audit_record *record = record_new(AUDIT_SLOT_OTHER);
    if (!record)
        return 0;
    record_begin(record, AUDIT_EVENT_CGROUP_MOVE, handler, sizeof(struct audit_cgroup_move));
    struct audit_cgroup_move *fixed = record_fixed(record);
    fixed->id = cgroup->kn->id;
    fixed->moved_tgid = moved->tgid;
    fixed->moved_tid = moved->pid;
    fixed->hierarchy = cgroup->root->hierarchy_id;
    fixed->whole_process = (u8)ctx->args[3];
    section_cgroup(record, cgroup);
    record_finish(record);
    return 0;
}
