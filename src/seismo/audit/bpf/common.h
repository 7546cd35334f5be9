/* How records are begun, counted and sent.

     struct audit_record *record = record_new(AUDIT_SLOT_PROCESS);
     if (!record)
         return 0;
     record_begin(record, AUDIT_EVENT_PROCESS_EXIT, handler, sizeof(struct audit_exit));
     struct audit_exit *fixed = record_fixed(record);
     fixed->code = …;
     section_…(record, …);
     record_finish(record);

   A kernel event is counted as produced by record_begin, as filtered, submitted or lost by
   record_finish. */

#define AUDIT_FIXED_AT sizeof(struct audit_header)

static __always_inline struct task_struct *audit_task(void) {
    return bpf_get_current_task_btf();
}

static __always_inline void count(u32 type, u32 counter) {
    u32 key = type * 8 + counter;
    u64 *value = counters.lookup(&key);
    if (value)
        __sync_fetch_and_add(value, 1);
}

static __always_inline struct audit_settings *audit_settings(void) {
    u32 zero = 0;
    return settings.lookup(&zero);
}

/* The number of the next record of this CPU. */
static __always_inline u64 next_sequence(void) {
    u32 zero = 0;
    u64 *value = sequence.lookup(&zero);
    return value ? __sync_fetch_and_add(value, 1) + 1 : 0;
}

#define AUDIT_WAKE_WINDOW 4096

/* Wake the reader when so much waits for it, and again when it is twice as much …, not for each
   record in between: that takes longer than the record itself. The reader looks by itself, too. */
static __always_inline u64 wake_flags(struct audit_settings *set) {
    u64 waiting = events.ringbuf_query(BPF_RB_AVAIL_DATA), enough = set->wake_bytes;
    if (waiting < enough)
        return BPF_RB_NO_WAKEUP;
    return !enough || waiting % enough < AUDIT_WAKE_WINDOW ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP;
}

/* A string of the process with its NUL: how long it is, below 0 if it cannot be read. (Of an empty
   one Linux 6.12 and older say 0.) */
static __always_inline s64 read_user_string(void *to, u32 bytes, u64 from) {
    s64 size = bpf_probe_read_user_str(to, bytes, (void *)from);
    return size ? size : 1;
}

/* Who did it: all but time, type and what the event itself tells. */
static __always_inline void header_of_task(struct audit_header *header, struct task_struct *task) {
    u64 id = bpf_get_current_pid_tgid(), user = bpf_get_current_uid_gid();
    header->tgid = id >> 32;
    header->tid = id;
    header->uid = user;
    header->gid = user >> 32;
    header->cpu = bpf_get_smp_processor_id();
    header->cgroup = bpf_get_current_cgroup_id();
    bpf_get_current_comm(header->comm, sizeof(header->comm));
    struct task_struct *leader = task->group_leader;
    header->start_ns = leader == task ? task->start_boottime : leader->start_boottime;
    header->ppid = task->real_parent->tgid;
    header->mntns = task->nsproxy->mnt_ns->ns.inum;
}

static __always_inline void facts_of_header(struct audit_facts *facts,
                                            const struct audit_header *header) {
    facts->ret = header->ret;
    facts->cgroup = header->cgroup;
    facts->uid = header->uid;
    facts->gid = header->gid;
    facts->tgid = header->tgid;
    facts->ppid = header->ppid;
    facts->type = header->type;
    facts->handler = header->handler;
    *(u64 *)facts->comm = *(u64 *)header->comm;
    *(u64 *)(facts->comm + 8) = *(u64 *)(header->comm + 8);
}

static __always_inline struct audit_record *record_new(u32 slot) {
    u32 key = bpf_get_smp_processor_id() * AUDIT_SLOTS + slot;
    return scratch.lookup(&key);
}

static __always_inline void *record_fixed(struct audit_record *record) {
    return record->data + AUDIT_FIXED_AT;
}

static __always_inline struct audit_header *record_header(struct audit_record *record) {
    return (struct audit_header *)record->data;
}

/* Facts that only sections tell: none yet. */
static __always_inline void facts_clear(struct audit_facts *facts) {
    facts->path_mask = 0;
    facts->family = 0;
    facts->port = 0;
    *(u64 *)facts->address = 0;
    *(u64 *)(facts->address + 8) = 0;
    for (int i = 0; i < 8; i++)
        ((u64 *)facts->path)[i] = 0;
}

/* The header, of the current task, and room for the fixed part, which is not cleared. */
static __always_inline void record_start(struct audit_record *record, u32 type, u32 handler,
                                         u32 fixed_bytes) {
    struct audit_header *header = record_header(record);
    header_of_task(header, audit_task());
    header->duration_ns = 0;
    header->ret = 0;
    header->type = type;
    header->handler = handler;
    record->type = type;
    record->flags = 0;
    record->pos = AUDIT_FIXED_AT + ((fixed_bytes + 7) & ~7);
    facts_clear(&record->facts);
}

/* The same of a kernel event, which is counted as produced. */
static __always_inline void record_begin(struct audit_record *record, u32 type, u32 handler,
                                         u32 fixed_bytes) {
    count(type, AUDIT_COUNTER_PRODUCED);
    record_start(record, type, handler, fixed_bytes);
}

/* Send it as it is. */
static __always_inline void record_send(struct audit_record *record) {
    struct audit_header *header = record_header(record);
    struct audit_settings *set = audit_settings();
    u64 size = record->pos;
    u32 type = record->type;
    if (!set)
        return;
    header->flags = record->flags;
    header->sequence = next_sequence();
    header->time_ns = bpf_ktime_get_ns();
    if (size > AUDIT_DATA_BYTES)
        size = AUDIT_DATA_BYTES;
    if (events.ringbuf_output(record->data, size, wake_flags(set)) < 0) {
        count(type, AUDIT_COUNTER_LOST_RING);
        return;
    }
    count(type, AUDIT_COUNTER_SUBMITTED);
    if (record->flags & AUDIT_EVENT_FLAG_INCOMPLETE)
        count(type, AUDIT_COUNTER_FAULTED);
    if (record->flags & AUDIT_EVENT_FLAG_TRUNCATED)
        count(type, AUDIT_COUNTER_TRUNCATED);
}

/* Whether somebody wants it; if not, it is counted. `ret` and the task are in the header by now,
   what else filters go by in `facts`. */
static __always_inline int record_wanted(struct audit_record *record) {
#ifdef AUDIT_NO_FILTERS
    return 1;
#else
    facts_of_header(&record->facts, record_header(record));
    if (audit_wanted(&record->facts) && !audit_counted(&record->facts))
        return 1;
    count(record->type, AUDIT_COUNTER_FILTERED);
    return 0;
#endif
}

/* The end of every record: filter and send it. */
static __always_inline void record_finish(struct audit_record *record) {
    if (record_wanted(record))
        record_send(record);
}
