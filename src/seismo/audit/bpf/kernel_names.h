/* The name of a path argument as the kernel itself has copied it: what it goes by from then on,
   whatever the program's memory says before or after. What copies it cannot be traced everywhere
   (parts of getname_flags are inlined), so these are at what gets the copy. */

#define AUDIT_NAMES_BYTES 1024 /* of a name that is kept */

/* What a new entry of pending_kept is made of. The programs may be preempted: each has its own. */
BPF_PERCPU_ARRAY(name_scratch, struct audit_kept, 8);

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

/* What the kernel has taken for an argument of the call that the current task is in. */
static __always_inline void kernel_took(u32 place, struct filename *filename) {
    u32 tid = bpf_get_current_pid_tgid();
    struct audit_pending *call = pending.lookup(&tid);
    u64 from = (u64)filename->uptr;
    if (!call || !from)
        return;
    const char *name = filename->name;
    u32 index = argument_at(call, from);
    if (index >= 6)
        return;
    u32 how = compare_name(tid, index, name);
    if (how == AUDIT_NAME_SAME)
        return;
    if (how == AUDIT_NAME_OTHER)
        call->flags |= AUDIT_EVENT_FLAG_KERNEL_DIFFERS;
    struct audit_kept *kept = pending_kept.lookup(&tid);
    if (kept) {
        keep_name(kept, index, name);
        return;
    }
    kept = name_scratch.lookup(&place);
    if (!kept)
        return;
    __builtin_memset(kept, 0, AUDIT_KEPT_AT);
    if (keep_name(kept, index, name) && pending_kept.update(&tid, kept) == 0)
        call->has_kept = 1;
}

/* open(2) and its like, execve(2). */
KFUNC_PROBE(do_filp_open, int directory, struct filename *name, void *how) {
    kernel_took(0, name);
    return 0;
}

/* stat(2), access(2), chmod(2), chdir(2), mount(2) and all else that looks up what is there. */
KFUNC_PROBE(filename_lookup, int directory, struct filename *name, u32 flags, void *path,
            void *root) {
    kernel_took(1, name);
    return 0;
}

KFUNC_PROBE(do_unlinkat, int directory, struct filename *name) {
    kernel_took(2, name);
    return 0;
}

KFUNC_PROBE(do_rmdir, int directory, struct filename *name) {
    kernel_took(3, name);
    return 0;
}

KFUNC_PROBE(do_mkdirat, int directory, struct filename *name, u16 mode) {
    kernel_took(4, name);
    return 0;
}

KFUNC_PROBE(do_renameat2, int directory, struct filename *from, int to_directory,
            struct filename *to, u32 flags) {
    kernel_took(5, from);
    kernel_took(5, to);
    return 0;
}

KFUNC_PROBE(do_linkat, int directory, struct filename *from, int to_directory, struct filename *to,
            int flags) {
    kernel_took(6, from);
    kernel_took(6, to);
    return 0;
}

KFUNC_PROBE(do_symlinkat, struct filename *from, int directory, struct filename *to) {
    kernel_took(7, from);
    kernel_took(7, to);
    return 0;
}
