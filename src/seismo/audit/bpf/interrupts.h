/* Interrupts that took a watched task's time: of devices, and what is put off from them (softirqs).

   A handler of a device runs with interrupts off; a softirq can be interrupted by one, never by
   another softirq of its CPU. What runs in threads of interrupts and in ksoftirqd is theirs. The
   timer of each CPU and what CPUs tell one another have no handlers of this kind. */

#define AUDIT_BEGAN_INTERRUPT 0
#define AUDIT_BEGAN_SOFTIRQ 1

BPF_PERCPU_ARRAY(interrupt_began, u64, 2); /* 0: none is in progress whose begin was seen */

static __always_inline void interrupt_begins(u32 which) {
    u64 *began = interrupt_began.lookup(&which);
    if (began)
        *began = bpf_ktime_get_ns();
}

/* How long it took; 0 where its begin was not seen. */
static __always_inline u64 interrupt_ends(u32 which) {
    u64 *began = interrupt_began.lookup(&which);
    u64 since = began ? *began : 0;
    if (!since)
        return 0;
    *began = 0;
    return bpf_ktime_get_ns() - since;
}

RAW_TRACEPOINT_PROBE(irq_handler_entry) {
    interrupt_begins(AUDIT_BEGAN_INTERRUPT);
    return 0;
}

RAW_TRACEPOINT_PROBE(irq_handler_exit) {
    u64 duration_ns = interrupt_ends(AUDIT_BEGAN_INTERRUPT);
    struct irqaction *action = (struct irqaction *)ctx->args[1];
    long handler = running_handler(AUDIT_EVENT_INTERRUPT);
    if (handler < 0)
        return 0;
    struct audit_record *record = record_new(AUDIT_SLOT_ATOMIC);
    if (!record)
        return 0;
    record_begin(record, AUDIT_EVENT_INTERRUPT, handler, sizeof(struct audit_interrupt));
    struct audit_interrupt *fixed = record_fixed(record);
    fixed->irq = ctx->args[0];
    fixed->is_handled = (u32)ctx->args[2] != 0; /* IRQ_NONE: it was another device's */
    if (bpf_probe_read_kernel_str(fixed->name, sizeof(fixed->name), action->name) < 0)
        fixed->name[0] = 0;
    record_header(record)->duration_ns = duration_ns;
    record_finish(record);
    return 0;
}

RAW_TRACEPOINT_PROBE(softirq_entry) {
    interrupt_begins(AUDIT_BEGAN_SOFTIRQ);
    return 0;
}

RAW_TRACEPOINT_PROBE(softirq_exit) {
    u64 duration_ns = interrupt_ends(AUDIT_BEGAN_SOFTIRQ);
    long handler = running_handler(AUDIT_EVENT_SOFTIRQ);
    if (handler < 0)
        return 0;
    struct audit_record *record = record_new(AUDIT_SLOT_SOFTIRQ);
    if (!record)
        return 0;
    record_begin(record, AUDIT_EVENT_SOFTIRQ, handler, sizeof(struct audit_softirq));
    struct audit_softirq *fixed = record_fixed(record);
    fixed->vector = ctx->args[0];
    fixed->pad = 0;
    record_header(record)->duration_ns = duration_ns;
    record_finish(record);
    return 0;
}
