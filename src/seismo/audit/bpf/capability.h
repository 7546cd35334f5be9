/* Checks of capabilities: which, and whether it was granted. */

static __always_inline void tell_capability(u32 slot, u32 capability, s64 ret) {
    long handler = wanting_handler(bpf_get_current_pid_tgid() >> 32, AUDIT_EVENT_CAPABILITY_USE);
    if (handler < 0)
        return;
    struct audit_record *record = record_new(slot);
    if (!record)
        return;
    record_begin(record, AUDIT_EVENT_CAPABILITY_USE, handler, sizeof(struct audit_capability));
    struct audit_capability *fixed = record_fixed(record);
    fixed->capability = capability;
    fixed->is_granted = ret == 0;
    record_header(record)->ret = ret;
    record_finish(record);
}
