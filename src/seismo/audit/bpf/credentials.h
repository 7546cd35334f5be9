/* A change of credentials. */
#ifndef AUDIT_CREDENTIALS
#define AUDIT_CREDENTIALS

/* If `now` differs from what was: of the current task, or of its child. `by` is the type of the
   call that did it, or PROCESS_FORK. */
static __always_inline void tell_credentials(u32 slot, u32 handler, u32 by,
                                             struct task_struct *task, const struct cred *now,
                                             const struct audit_credentials *was) {
    struct audit_record *record = record_new(slot);
    if (!record || !handler_wants(handler, AUDIT_EVENT_CREDENTIALS_CHANGE))
        return;
    struct audit_credentials_change *change = record_fixed(record);
    fill_credentials((struct audit_credentials *)change->after, task, now);
    if (!words_differ(change->after, was, sizeof(*was) / 8))
        return;
    record_begin(record, AUDIT_EVENT_CREDENTIALS_CHANGE, handler, sizeof(*change));
    change->by = by;
    change->pad = 0;
    *(struct audit_credentials *)change->before = *was;
    struct audit_header *header = record_header(record);
    if (task != audit_task())
        header_of_other(header, task);
    header->uid = now->uid.val;
    header->gid = now->gid.val;
    record_finish(record);
}

#endif
