/* Who a task is: its credentials, its namespaces, and the header of a task that is not the current
   one. */

#define AUDIT_NO_LOGIN 0xffffffffu

struct task_struct___login { /* of kernels with CONFIG_AUDIT */
    kuid_t loginuid;
    unsigned int sessionid;
} __attribute__((preserve_access_index));

/* Who has logged in, where the kernel keeps that. */
static __always_inline void fill_login(struct audit_credentials *to, struct task_struct *task) {
    struct task_struct___login *known = (struct task_struct___login *)task;
    to->loginuid = AUDIT_NO_LOGIN;
    to->sessionid = AUDIT_NO_LOGIN;
    if (bpf_core_field_exists(known->loginuid)) {
        to->loginuid = known->loginuid.val;
        to->sessionid = known->sessionid;
    }
}

/* Credentials lie in the kernel's struct as they lie in ours: eight ids, five sets of capabilities
   (Linux 2.6.29 to 6.18; a set was two u32 before 6.3). */
static __always_inline void fill_credentials(struct audit_credentials *to,
                                             struct task_struct *task, const struct cred *cred) {
    bpf_probe_read_kernel(&to->uid, 32, &cred->uid);
    bpf_probe_read_kernel(&to->cap_inheritable, 40, &cred->cap_inheritable);
    fill_login(to, task);
}

static __always_inline void fill_namespaces(struct audit_namespaces *to, struct task_struct *task) {
    struct nsproxy *proxy = task->nsproxy;
    struct pid *pid = task->thread_pid;
    u32 level = pid->level;
    struct upid upid = {};
    bpf_probe_read_kernel(&upid, sizeof(upid), &pid->numbers[level]);
    to->mnt = proxy->mnt_ns->ns.inum;
    to->pid = upid.ns->ns.inum;
    to->net = proxy->net_ns->ns.inum;
    to->uts = proxy->uts_ns->ns.inum;
    to->ipc = proxy->ipc_ns->ns.inum;
    to->user = task->cred->user_ns->ns.inum;
    to->cgroup = proxy->cgroup_ns->ns.inum;
    to->time = proxy->time_ns->ns.inum;
}

/* Whether two of the structs above differ. */
static __always_inline int words_differ(const void *one, const void *other, u32 words) {
    const u64 *left = one, *right = other;
    u64 difference = 0;
#pragma unroll
    for (u32 i = 0; i < words; i++)
        difference |= left[i] ^ right[i];
    return difference != 0;
}

/* A header tells of this task instead of the current one. */
static __always_inline void header_of_other(struct audit_header *header, struct task_struct *task) {
    header->tgid = task->tgid;
    header->tid = task->pid;
    header->uid = task->real_cred->uid.val;
    header->gid = task->real_cred->gid.val;
    header->cgroup = task->cgroups->dfl_cgrp->kn->id;
    bpf_probe_read_kernel(header->comm, sizeof(header->comm), task->comm);
    header->start_ns = task->group_leader->start_boottime;
    header->ppid = task->real_parent->tgid;
    header->mntns = task->nsproxy->mnt_ns->ns.inum;
}

/* The names of a cgroup, the last first; the root of the hierarchy has none. A cgroup begins with
   its css, whose parent is its parent's. */
static __always_inline void section_cgroup(struct audit_record *record, struct cgroup *cgroup) {
    u32 flags = AUDIT_SECTION_FLAG_ABSOLUTE;
    if (!section_begin(record, AUDIT_PATH_BYTES))
        return;
    for (int level = 0; level < AUDIT_LEVELS; level++) {
        struct cgroup *above = (struct cgroup *)cgroup->self.parent;
        u64 pos = record->pos;
        if (!above)
            break;
        if (level == AUDIT_LEVELS - 1)
            flags = AUDIT_SECTION_FLAG_TRUNCATED;
        if (pos > AUDIT_DATA_BYTES - AUDIT_NAME_BYTES - 8)
            break;
        long size = bpf_probe_read_kernel_str(&record->data[pos], AUDIT_NAME_BYTES,
                                              cgroup->kn->name);
        if (size > 0)
            record->pos = pos + size;
        cgroup = above;
    }
    section_end(record, AUDIT_SECTION_CGROUP, AUDIT_NO_ARGUMENT, flags, 0);
}

/* The handler of the nearest watched cgroup around a task. */
static __always_inline long cgroup_handler_of(struct task_struct *task) {
    struct cgroup *cgroup = task->cgroups->dfl_cgrp;
    for (int level = 0; level < AUDIT_LEVELS; level++) {
        if (!cgroup)
            break;
        u64 id = cgroup->kn->id;
        struct audit_watch *watch = watched_cgroups.lookup(&id);
        if (watch)
            return watch->handler;
        cgroup = (struct cgroup *)cgroup->self.parent;
    }
    return AUDIT_NO_HANDLER;
}

/* What task_handler says, of a task that is not the current one. */
static __always_inline long handler_of_other(struct task_struct *task) {
    struct audit_settings *set = audit_settings();
    u32 tgid = task->tgid;
    if (!set || tgid == set->self_tgid)
        return AUDIT_NO_HANDLER;
    struct audit_watch *watch = watched_processes.lookup(&tgid);
    if (watch)
        return watch->handler;
    if (set->flags & AUDIT_SETTING_CGROUPS) {
        long handler = cgroup_handler_of(task);
        if (handler >= 0)
            return handler;
    }
    return set->flags & AUDIT_SETTING_DEFAULT ? (long)set->default_handler : AUDIT_NO_HANDLER;
}
