/* A string argument as the kernel itself has copied it: what it goes by from then on, whatever the
   program's memory says before or after. */

#define AUDIT_NAMES_BYTES 1024 /* of a name that is kept */

/* What a new entry of pending_kept is made of: this program's alone. */
BPF_PERCPU_ARRAY(name_scratch, struct audit_kept, 1);

/* Which argument of the call is at this address; 6 for none. */
static __always_inline u32 argument_at(const struct audit_pending *call, u64 address) {
    u32 found = 6;
    for (u32 i = 0; i < 6; i++)
        if (call->args[i] == address && found == 6)
            found = i;
    return found;
}

#define AUDIT_NAME_SAME 0    /* what was read of it at the entry, as far as that goes */
#define AUDIT_NAME_OTHER 1
#define AUDIT_NAME_UNKNOWN 2 /* then it could not be read */

static __always_inline u32 compare_name(u32 tid, u32 index, const char *name) {
    struct audit_text *text = pending_text.lookup(&tid);
    char now[AUDIT_TEXT_BYTES];
    u32 place = AUDIT_TEXTS;
    if (!text)
        return AUDIT_NAME_SAME;
    for (u32 i = 0; i < AUDIT_TEXTS; i++)
        if (text->argument[i] == index)
            place = i;
    if (place >= AUDIT_TEXTS)
        return AUDIT_NAME_SAME;
    s64 kept = text->size[place];
    if (kept <= 0)
        return AUDIT_NAME_UNKNOWN;
    s64 size = bpf_probe_read_kernel_str(now, sizeof(now), name);
    if (size != kept || !same_bytes(text->text + place * AUDIT_TEXT_BYTES, now, size - 1))
        return AUDIT_NAME_OTHER;
    return AUDIT_NAME_SAME;
}

/* Add the name to what is kept of the call; 0 where there is no room. */
static __always_inline int keep_name(struct audit_kept *kept, u32 index, const char *name) {
    u64 at = kept->size;
    if (at > AUDIT_KEPT_BYTES - AUDIT_NAMES_BYTES - 16)
        return 0;
    struct audit_section *head = (struct audit_section *)&kept->sections[at];
    u8 *place = &kept->sections[at + sizeof(*head)];
    s64 size = bpf_probe_read_kernel_str(place, AUDIT_NAMES_BYTES, name);
    if (size <= 0)
        return 0;
    head->kind = AUDIT_SECTION_KERNEL_STRING;
    head->argument = index;
    head->flags = size == AUDIT_NAMES_BYTES ? AUDIT_SECTION_FLAG_TRUNCATED : 0;
    head->size = size - 1;
    head->detail = 0;
    kept->size = at + sizeof(*head) + ((size - 1 + 7) & ~7ULL);
    return 1;
}

/* What copies all of them, wherever the compiler has put its callers. `most` is how many bytes there
   was room for: if it took so many, the kernel tries again with more. */
KRETFUNC_PROBE(strncpy_from_user, const char *name, const char *from, long most, long size) {
    u32 tid = bpf_get_current_pid_tgid(), zero = 0;
    struct audit_pending *call = pending.lookup(&tid);
    if (!call || size < 0 || size >= most)
        return 0;
    u32 index = argument_at(call, (u64)from);
    if (index >= 6)
        return 0;
    u32 how = compare_name(tid, index, name);
    if (how == AUDIT_NAME_SAME)
        return 0;
    if (how == AUDIT_NAME_OTHER)
        call->flags |= AUDIT_EVENT_FLAG_KERNEL_DIFFERS;
    struct audit_kept *kept = pending_kept.lookup(&tid);
    if (kept) {
        keep_name(kept, index, name);
        return 0;
    }
    kept = name_scratch.lookup(&zero);
    if (!kept)
        return 0;
    __builtin_memset(kept, 0, AUDIT_KEPT_AT);
    if (keep_name(kept, index, name) && pending_kept.update(&tid, kept) == 0)
        call->has_kept = 1;
    return 0;
}
