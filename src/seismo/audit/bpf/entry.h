/* What is kept of a call at its entry, because the end is too late: strings and addresses, which
   others may change meanwhile; the words of execve(2), whose memory goes; the file of close(2).

   The call is in `record->call`, and in `pending` already. */

/* A string or an address as it is now: one of two that there is room for. */
static __always_inline void keep_text(struct audit_record *record, u32 index, u32 capture) {
    u32 place = record->texts;
    u64 from = argument(record, index);
    s64 size;
    if (place >= AUDIT_TEXTS || !from)
        return;
    char *to = record->entry.text + place * AUDIT_TEXT_BYTES;
    if (capture & AUDIT_BIT(SOCKADDR_IN)) {
        u64 wanted = (u32)other_argument(record, index);
        size = wanted < AUDIT_SOCKADDR_BYTES ? wanted : AUDIT_SOCKADDR_BYTES;
        if (bpf_probe_read_user(to, size, (void *)from) < 0)
            size = -1;
    } else {
        size = read_user_string(to, AUDIT_TEXT_BYTES, from);
    }
    record->entry.size[place] = size;
    record->entry.argument[place] = index;
    record->texts = place + 1;
}

/* How much room the program has for an address that is to be filled in: the end has its length. */
static __always_inline void keep_room(struct audit_record *record, u32 index, u32 capture) {
    u32 place = record->texts, room = 0;
    u64 from = argument(record, index), at = other_argument(record, index);
    if (place >= AUDIT_TEXTS || !from)
        return;
    if (capture & AUDIT_BIT(MSGHDR_OUT)) { /* struct user_msghdr: the name, how long it may be */
        u32 bytes = is_compat(record) ? 4 : 8;
        u64 name = 0;
        if (bpf_probe_read_user(&name, bytes, (void *)from) < 0 || !name)
            return;
        at = from + bytes;
    }
    if (bpf_probe_read_user(&room, sizeof(room), (void *)at) < 0)
        return;
    record->entry.size[place] = room;
    record->entry.argument[place] = index;
    record->texts = place + 1;
}

#define AUDIT_WORD_BYTES 240 /* of a word, with its NUL */

/* One of the words of execve(2); 1 behind the last. */
static long word_step(u32 index, void *unused) {
    struct audit_record *record = record_new(AUDIT_SLOT_SYSCALL);
    if (!record)
        return 1;
    struct audit_vectors *vectors = &record->vectors;
    u64 word = 0, pos = record->pos;
    u32 bytes = vectors->is_compat ? 4 : 8;
    if (bpf_probe_read_user(&word, bytes, (void *)(vectors->pointer + index * bytes)) < 0) {
        vectors->flags |= AUDIT_SECTION_FLAG_FAULTED;
        return 1;
    }
    if (!word) {
        vectors->left = 0;
        return 1;
    }
    if (pos > AUDIT_KEPT_BYTES - 256)
        return 1;
    s64 size = read_user_string(&record->data[pos], AUDIT_WORD_BYTES + 1, word);
    if (size <= 0) {
        vectors->flags |= AUDIT_SECTION_FLAG_FAULTED;
        return 1;
    }
    if (size > AUDIT_WORD_BYTES) {
        vectors->flags |= AUDIT_SECTION_FLAG_TRUNCATED;
        size = AUDIT_WORD_BYTES;
        record->data[pos + AUDIT_WORD_BYTES - 1] = 0;
    }
    record->pos = pos + size;
    return 0;
}

static __always_inline void keep_words(struct audit_record *record, u32 index) {
    struct audit_vectors *vectors = &record->vectors;
    vectors->pointer = argument(record, index);
    vectors->flags = 0;
    vectors->is_compat = is_compat(record);
    vectors->left = 1;
    if (!vectors->pointer || !section_begin(record, AUDIT_KEPT_BYTES))
        return;
    bpf_loop(AUDIT_KEPT_BYTES, word_step, 0, 0);
    if (vectors->left)
        vectors->flags |= AUDIT_SECTION_FLAG_TRUNCATED;
    section_end(record, AUDIT_SECTION_WORDS, index, vectors->flags | AUDIT_SECTION_FLAG_ENTRY, 0);
}

static long entry_step(u32 index, void *unused) {
    struct audit_record *record = record_of_step(index);
    if (!record)
        return 1;
    u32 capture = capture_bit(record, index);
    if (capture & (AUDIT_STRINGS | AUDIT_BIT(SOCKADDR_IN)))
        keep_text(record, index, capture);
    else if (capture & AUDIT_FILLED)
        keep_room(record, index, capture);
    else if (capture & AUDIT_BIT(WORDS))
        keep_words(record, index);
    else if (capture & AUDIT_BIT(FD) && index < 6 && record->plan.parameters[index])
        sections_of_fd(record, index, (s32)argument(record, index), AUDIT_KEPT_BYTES - 512);
    return 0;
}

/* Sections are made where they would be in a record; what stands before them becomes the head of
   what is kept. */
#define AUDIT_KEPT_AT (sizeof(struct audit_kept) - AUDIT_KEPT_BYTES)

static __always_inline void keep_entry(struct audit_record *record, u32 tid) {
    struct audit_kept *kept = (struct audit_kept *)record->data;
    const struct audit_facts *facts = &record->facts;
    struct audit_pending *call;
    record->pos = AUDIT_KEPT_AT;
    record->flags = 0;
    record->texts = 0;
    record->entry.argument[0] = AUDIT_NO_ARGUMENT;
    record->entry.argument[1] = AUDIT_NO_ARGUMENT;
    facts_clear(&record->facts);
    bpf_loop(6, entry_step, 0, 0);
    call = pending.lookup(&tid);
    if (!call)
        return;
    if (record->texts && pending_text.update(&tid, &record->entry) == 0)
        call->has_text = 1; /* without it the end does */
    kept->size = record->pos - AUDIT_KEPT_AT;
    kept->path_mask = facts->path_mask;
    kept->family = facts->family;
    kept->port = facts->port;
    *(u64 *)kept->address = *(const u64 *)facts->address;
    *(u64 *)(kept->address + 8) = *(const u64 *)(facts->address + 8);
    if (kept->size && kept->size <= AUDIT_KEPT_BYTES && pending_kept.update(&tid, kept) == 0)
        call->has_kept = 1;
    else if (kept->size)
        record->flags |= AUDIT_EVENT_FLAG_INCOMPLETE;
    call->flags = record->flags;
}

/* The sections to the record's end, and what they tell to the facts. */
static __always_inline void take_kept(struct audit_record *record, struct audit_kept *kept) {
    struct audit_facts *facts = &record->facts;
    u64 pos = record->pos, size = kept->size;
    if (!size || size > AUDIT_KEPT_BYTES || pos > AUDIT_DATA_BYTES - AUDIT_KEPT_BYTES - 16)
        return;
    bpf_probe_read_kernel(&record->data[pos], size, kept->sections);
    record->pos = pos + size;
    facts->path_mask |= kept->path_mask;
    facts->family = kept->family;
    facts->port = kept->port;
    *(u64 *)facts->address = *(u64 *)kept->address;
    *(u64 *)(facts->address + 8) = *(u64 *)(kept->address + 8);
}

/* What was kept goes where it belongs, and out of the maps. */
static __always_inline void take_entry(struct audit_record *record, u32 tid) {
    record->entry.argument[0] = AUDIT_NO_ARGUMENT;
    record->entry.argument[1] = AUDIT_NO_ARGUMENT;
    record->flags |= record->call.flags;
    if (record->call.has_text) {
        struct audit_text *text = pending_text.lookup(&tid);
        if (text)
            bpf_probe_read_kernel(&record->entry, sizeof(record->entry), text);
        pending_text.delete(&tid);
    }
    if (record->call.has_kept) {
        struct audit_kept *kept = pending_kept.lookup(&tid);
        if (kept)
            take_kept(record, kept);
        pending_kept.delete(&tid);
    }
}
