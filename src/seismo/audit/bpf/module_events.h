/* Modules of the kernel, on kernels that have them. */

RAW_TRACEPOINT_PROBE(module_load) {
    struct module *module = (struct module *)ctx->args[0];
    long handler = wanting_handler(bpf_get_current_pid_tgid() >> 32, AUDIT_EVENT_MODULE_LOAD);
    if (handler < 0)
        return 0;
    struct audit_record *record = record_new(AUDIT_SLOT_OTHER);
    if (!record)
        return 0;
    record_begin(record, AUDIT_EVENT_MODULE_LOAD, handler, sizeof(struct audit_module));
    struct audit_module *fixed = record_fixed(record);
    fixed->taints = module->taints;
    bpf_probe_read_kernel(fixed->name, 56, module->name); /* MODULE_NAME_LEN */
    *(u64 *)(fixed->name + 56) = 0;
    record_finish(record);
    return 0;
}

RAW_TRACEPOINT_PROBE(module_free) {
    struct module *module = (struct module *)ctx->args[0];
    long handler = wanting_handler(bpf_get_current_pid_tgid() >> 32, AUDIT_EVENT_MODULE_FREE);
    if (handler < 0)
        return 0;
    struct audit_record *record = record_new(AUDIT_SLOT_OTHER);
    if (!record)
        return 0;
    record_begin(record, AUDIT_EVENT_MODULE_FREE, handler, sizeof(struct audit_module_free));
    struct audit_module_free *fixed = record_fixed(record);
    bpf_probe_read_kernel(fixed->name, 56, module->name);
    *(u64 *)(fixed->name + 56) = 0;
    record_finish(record);
    return 0;
}
