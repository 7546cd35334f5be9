/* What calls have changed: credentials and namespaces at their end, compared with those before. */
#include "credentials.h"

struct audit_before {
    u32 type; /* of the call */
    u32 pad;
    struct audit_credentials credentials;
    struct audit_namespaces namespaces;
};

/* Of calls in progress, by thread. */
BPF_HASH(before, u32, struct audit_before, 10240);

/* Namespaces of PIDs and times are chosen for children: those count here. */
static __always_inline void fill_chosen_namespaces(struct audit_namespaces *to,
                                                   struct task_struct *task) {
    struct nsproxy *proxy = task->nsproxy;
    fill_namespaces(to, task);
    to->pid = proxy->pid_ns_for_children->ns.inum;
    to->time = proxy->time_ns_for_children->ns.inum;
}

static __always_inline int wants_changes(u32 handler) {
    return handler_wants(handler, AUDIT_EVENT_CREDENTIALS_CHANGE) ||
           handler_wants(handler, AUDIT_EVENT_NAMESPACE_CHANGE);
}

static __always_inline void change_begins(u32 type) {
    u64 id = bpf_get_current_pid_tgid();
    u32 tid = id;
    struct task_struct *task = audit_task();
    struct audit_before was = {.type = type};
    long handler = task_handler(id >> 32);
    if (handler < 0 || !wants_changes(handler))
        return;
    fill_credentials(&was.credentials, task, task->cred);
    fill_chosen_namespaces(&was.namespaces, task);
    if (before.update(&tid, &was) < 0)
        count(AUDIT_EVENT_CREDENTIALS_CHANGE, AUDIT_COUNTER_NO_ENTRY);
}

/* `task` is whom it is about: the current one, or its child. */
static __always_inline void tell_namespaces(u32 handler, u32 by, s64 ret, struct task_struct *task,
                                            int is_child, const struct audit_namespaces *was) {
    struct audit_record *record = record_new(AUDIT_SLOT_PROCESS);
    if (!record || !handler_wants(handler, AUDIT_EVENT_NAMESPACE_CHANGE))
        return;
    struct audit_namespace_change *change = record_fixed(record);
    fill_chosen_namespaces((struct audit_namespaces *)change->after, task);
    if (!words_differ(change->after, was, sizeof(*was) / 8))
        return;
    record_begin(record, AUDIT_EVENT_NAMESPACE_CHANGE, handler, sizeof(*change));
    change->by = by;
    change->pad = 0;
    *(struct audit_namespaces *)change->before = *was;
    record_header(record)->ret = ret;
    if (is_child)
        header_of_other(record_header(record), task);
    record_finish(record);
}

static __always_inline void tell_changes(const struct audit_before *was, u32 handler, s64 ret) {
    struct task_struct *task = audit_task();
#ifndef AUDIT_TELLS_CREDENTIALS
    tell_credentials(AUDIT_SLOT_PROCESS, handler, was->type, task, task->cred, &was->credentials);
#endif
    tell_namespaces(handler, was->type, ret, task, 0, &was->namespaces);
}

static __always_inline void change_ends(u32 tid, u32 handler, s64 ret) {
    struct audit_before *was = before.lookup(&tid);
    if (!was)
        return;
    tell_changes(was, handler, ret);
    before.delete(&tid);
}

/* include/uapi/linux/sched.h: CLONE_NEWTIME NEWNS NEWCGROUP NEWUTS NEWIPC NEWUSER NEWPID NEWNET */
#define AUDIT_CLONE_NEW 0x7e020080ULL

/* A child in namespaces of its own: told as a change of the child's, by PROCESS_FORK. */
RAW_TRACEPOINT_PROBE(task_newtask__changes) {
    struct task_struct *child = (struct task_struct *)ctx->args[0], *parent = audit_task();
    struct audit_before was = {};
    if (!(ctx->args[1] & AUDIT_CLONE_NEW))
        return 0;
    long handler = task_handler(bpf_get_current_pid_tgid() >> 32);
    if (handler < 0 || !wants_changes(handler))
        return 0;
    fill_credentials(&was.credentials, parent, parent->cred);
    fill_chosen_namespaces(&was.namespaces, parent);
    tell_credentials(AUDIT_SLOT_PROCESS, handler, AUDIT_EVENT_PROCESS_FORK, child, child->cred,
                     &was.credentials);
    tell_namespaces(handler, AUDIT_EVENT_PROCESS_FORK, 0, child, 1, &was.namespaces);
    return 0;
}

/* execve(2) ends here: the program may be one of another width, whose calls have other numbers, and
   the thread may have got another number, that of its process's first. */
RAW_TRACEPOINT_PROBE(sched_process_exec__changes) {
    u64 id = bpf_get_current_pid_tgid();
    u32 old = ctx->args[1];
    struct audit_before *was = before.lookup(&old);
    if (!was)
        return 0;
    long handler = task_handler(id >> 32);
    if (handler >= 0)
        tell_changes(was, handler, 0);
    before.delete(&old);
    return 0;
}

RAW_TRACEPOINT_PROBE(sched_process_exit__changes) {
    u32 tid = bpf_get_current_pid_tgid();
    before.delete(&tid);
    return 0;
}
