/* What is recorded of a system call's arguments: `Capture` of record/layout.py.

   Each argument is a step of its own (bpf_loop), which keeps programs small: it is verified once.
   All of it is about the record of AUDIT_SLOT_SYSCALL. */

#define AUDIT_BIT(capture) (1u << AUDIT_CAPTURE_##capture)
#define AUDIT_STRINGS (AUDIT_BIT(STRING) | AUDIT_BIT(PATH) | AUDIT_BIT(PATH_AT))
#define AUDIT_RELATIVE (AUDIT_BIT(PATH) | AUDIT_BIT(PATH_AT))
#define AUDIT_FILES (AUDIT_BIT(FD) | AUDIT_BIT(FD_RETURNED))
#define AUDIT_CONTENTS \
    (AUDIT_BIT(BYTES_IN) | AUDIT_BIT(BYTES_OUT) | AUDIT_BIT(IOVEC_IN) | AUDIT_BIT(IOVEC_OUT))
#define AUDIT_MEMORY \
    (AUDIT_CONTENTS | AUDIT_BIT(SOCKADDR_IN) | AUDIT_BIT(SOCKADDR_OUT) | AUDIT_BIT(MSGHDR_IN) | \
     AUDIT_BIT(MSGHDR_OUT) | AUDIT_BIT(NUMBERS_OUT) | AUDIT_BIT(STRUCT_IN) | AUDIT_BIT(STRUCT_OUT))
#define AUDIT_FILLED (AUDIT_BIT(SOCKADDR_OUT) | AUDIT_BIT(MSGHDR_OUT))
#define AUDIT_AT_ENTRY \
    (AUDIT_STRINGS | AUDIT_BIT(SOCKADDR_IN) | AUDIT_BIT(WORDS) | AUDIT_BIT(FD) | AUDIT_FILLED)

#define AUDIT_STRING_BYTES 4104 /* more than PATH_MAX, so that what is cut is known */
#define AUDIT_PATH_MAX 4096
#define AUDIT_SOCKADDR_BYTES 128
#define AUDIT_CONTENT_BYTES 4096
#define AUDIT_STRUCT_BYTES 256
#define AUDIT_VECTORS 1024 /* UIO_MAXIOV */
#define AUDIT_AT_FDCWD -100

/* The record whose step it is, and whether there is an argument of that number. */
static __always_inline struct audit_record *record_of_step(u32 index) {
    return index < 6 ? record_new(AUDIT_SLOT_SYSCALL) : 0;
}

static __always_inline u32 capture_bit(struct audit_record *record, u32 index) {
    return index < 6 ? 1u << (record->plan.captures[index] & 31) : 0;
}

static __always_inline u64 argument(struct audit_record *record, u64 index) {
    return index < 6 ? record->call.args[index] : 0;
}

/* What the argument's parameter names. */
static __always_inline u64 other_argument(struct audit_record *record, u32 index) {
    return index < 6 ? argument(record, record->plan.parameters[index]) : 0;
}

static __always_inline int is_compat(struct audit_record *record) {
    return record->type >= AUDIT_COMPAT;
}

/* Which of the texts that were read at the entry is that of an argument; AUDIT_TEXTS for none. */
static __always_inline u32 entry_place(struct audit_record *record, u32 index) {
    if (record->entry.argument[0] == index)
        return 0;
    return record->entry.argument[1] == index ? 1 : AUDIT_TEXTS;
}

/* A section of `size` bytes of the process, at most `most`, a constant. */
static __always_inline void section_user(struct audit_record *record, u8 kind, u8 index, u64 from,
                                         u64 size, u64 most, u16 detail) {
    u32 flags = 0;
    u8 *to = section_begin(record, most);
    if (!to)
        return;
    if (size > most) {
        size = most;
        flags = AUDIT_SECTION_FLAG_TRUNCATED;
    }
    if (bpf_probe_read_user(to, size, (void *)from) < 0)
        flags = AUDIT_SECTION_FLAG_FAULTED;
    else
        record->pos += size;
    section_end(record, kind, index, flags, detail);
}

/* The first of `size` bytes that are wanted. */
static __always_inline void section_contents(struct audit_record *record, u8 index, u64 from,
                                             u64 size, u64 wanted) {
    u32 flags = 0;
    u8 *to = wanted <= AUDIT_CONTENT_BYTES ? section_begin(record, AUDIT_CONTENT_BYTES) : 0;
    if (!to)
        return;
    if (size > wanted) {
        size = wanted;
        flags = AUDIT_SECTION_FLAG_TRUNCATED;
    }
    if (size > AUDIT_CONTENT_BYTES) /* the verifier of Linux 6.1 does not see that it is not */
        size = AUDIT_CONTENT_BYTES;
    if (bpf_probe_read_user(to, size, (void *)from) < 0)
        flags |= AUDIT_SECTION_FLAG_FAULTED;
    else
        record->pos += size;
    section_end(record, AUDIT_SECTION_BYTES, index, flags, 0);
}

/* Strings. */

/* Whether `bytes` bytes, at most AUDIT_TEXT_BYTES, are the same. */
static __always_inline int same_bytes(const char *one, const char *other, u64 bytes) {
    const u64 *left = (const u64 *)one, *right = (const u64 *)other;
    u64 difference = 0;
    for (u64 i = 0; i < AUDIT_TEXT_BYTES / 8; i++) {
        u64 at = i * 8;
        if (at >= bytes)
            break;
        u64 word = left[i] ^ right[i], rest = bytes - at;
        if (rest < 8)
            word <<= (8 - rest) * 8;
        difference |= word;
    }
    return !difference;
}

static __always_inline void facts_path(struct audit_record *record, const char *text) {
#ifndef AUDIT_NO_FILTERS
    if (!record->facts.path[0])
        bpf_probe_read_kernel_str(record->facts.path, sizeof(record->facts.path), text);
#endif
}

/* A section of the text that was read at the entry; `size` counts its NUL. */
static __always_inline void section_kept(struct audit_record *record, u8 kind, u8 index,
                                         const char *text, s64 size, u32 flags) {
    u8 *to = size > 0 && size <= AUDIT_TEXT_BYTES ? section_begin(record, AUDIT_TEXT_BYTES) : 0;
    if (!to)
        return;
    if (size == AUDIT_TEXT_BYTES)
        flags |= AUDIT_SECTION_FLAG_TRUNCATED;
    bpf_probe_read_kernel(to, size, text);
    record->pos += size - 1;
    section_end(record, kind, index, flags | AUDIT_SECTION_FLAG_ENTRY, 0);
}

/* The string at the end is what was kept of it, as far as that goes. */
static __always_inline int is_unchanged(const char *kept, s64 size, const char *now, s64 now_size) {
    if (size < AUDIT_TEXT_BYTES ? now_size != size : now_size < size)
        return 0;
    return same_bytes(kept, now, size - 1);
}

static __always_inline void section_string(struct audit_record *record, u32 index) {
    u64 from = argument(record, index);
    u32 place = entry_place(record, index), flags = 0;
    s64 size = place < AUDIT_TEXTS ? record->entry.size[place] : 0;
    u8 *to = from ? section_begin(record, AUDIT_STRING_BYTES) : 0;
    if (!to)
        return;
    s64 now = record->is_gone ? -1 : read_user_string(to, AUDIT_STRING_BYTES, from);
    if (size > 0 && size <= AUDIT_TEXT_BYTES && place < AUDIT_TEXTS) {
        const char *kept = record->entry.text + place * AUDIT_TEXT_BYTES;
        facts_path(record, kept);
        if (now <= 0) {
            record->pos = record->begun;
            section_kept(record, AUDIT_SECTION_STRING, index, kept, size, 0);
            return;
        }
        if (!is_unchanged(kept, size, (const char *)to, now)) {
            record->flags |= AUDIT_EVENT_FLAG_CHANGED;
            flags = now > AUDIT_PATH_MAX ? AUDIT_SECTION_FLAG_TRUNCATED : 0;
            record->pos += now - 1;
            section_end(record, AUDIT_SECTION_CHANGED_STRING, index, flags, 0);
            section_kept(record, AUDIT_SECTION_STRING, index, kept, size, 0);
            return;
        }
        flags = now == size ? AUDIT_SECTION_FLAG_ENTRY : 0;
    } else {
        flags = now > 0 ? AUDIT_SECTION_FLAG_RETRIED : AUDIT_SECTION_FLAG_FAULTED;
        if (now > 0)
            facts_path(record, (const char *)to);
    }
    if (now > AUDIT_PATH_MAX)
        flags |= AUDIT_SECTION_FLAG_TRUNCATED;
    if (now > 0)
        record->pos += now - 1;
    section_end(record, AUDIT_SECTION_STRING, index, flags, 0);
}

static long string_step(u32 index, void *unused) {
    struct audit_record *record = record_of_step(index);
    if (!record)
        return 1;
    if (capture_bit(record, index) & AUDIT_STRINGS)
        section_string(record, index);
    return 0;
}

/* What relative paths are relative to. */

/* The first byte of a string argument; '/' where it cannot be read. */
static __always_inline char first_byte(struct audit_record *record, u32 index) {
    u32 place = entry_place(record, index);
    char byte = '/';
    if (place < AUDIT_TEXTS && record->entry.size[place] > 0)
        return record->entry.text[place * AUDIT_TEXT_BYTES];
    if (!record->is_gone)
        bpf_probe_read_user(&byte, 1, (void *)argument(record, index));
    return byte;
}

static long directory_step(u32 index, void *unused) {
    struct audit_record *record = record_of_step(index);
    if (!record)
        return 1;
    u32 capture = capture_bit(record, index);
    if (!(capture & AUDIT_RELATIVE) || !argument(record, index) || first_byte(record, index) == '/')
        return 0;
    struct task_struct *task = audit_task();
    s32 fd = capture & AUDIT_BIT(PATH_AT) ? (s32)other_argument(record, index) : AUDIT_AT_FDCWD;
    const struct path *path = &task->fs->pwd;
    if (fd != AUDIT_AT_FDCWD) {
        struct file *file = file_of(task, fd);
        if (!file)
            return 0;
        path = &file->f_path;
    }
    section_path(record, AUDIT_SLOT_SYSCALL, AUDIT_SECTION_DIRECTORY, index, path);
    return 0;
}

/* Descriptors. */

static __always_inline void sections_of_fd(struct audit_record *record, u8 index, s32 fd,
                                           u64 path_bytes) {
    struct audit_settings *set = audit_settings();
    struct file *file = file_of(audit_task(), fd);
    if (!set || !file)
        return;
    struct sock *sk = sock_of(file);
    if (AUDIT_PATH_FILTERS || index == AUDIT_NO_ARGUMENT || set->flags & AUDIT_SETTING_FD_PATHS) {
        section_file(record, index, file, fd);
        section_file_path(record, AUDIT_SLOT_SYSCALL, index, file, path_bytes);
    }
    if (sk)
        section_socket(record, index, sk, fd);
}

/* Descriptors that are arguments, and as number 6 the one that the call returned. */
static long file_step(u32 index, void *unused) {
    struct audit_record *record = record_new(AUDIT_SLOT_SYSCALL);
    s64 fd;
    if (!record)
        return 1;
    if (index < 6) {
        if (!(capture_bit(record, index) & AUDIT_BIT(FD)) || record->plan.parameters[index])
            return 0;
        fd = (s32)argument(record, index);
    } else {
        if (record->plan.returned != AUDIT_CAPTURE_FD_RETURNED)
            return 1;
        fd = record_header(record)->ret;
    }
    if (fd >= 0)
        sections_of_fd(record, index < 6 ? index : AUDIT_NO_ARGUMENT, fd, AUDIT_PATH_BYTES);
    return 0;
}

/* Memory. */

static __always_inline void facts_address(struct audit_record *record, const u8 *address,
                                          u64 size) {
#if AUDIT_ADDRESS_FILTERS
    struct audit_facts *facts = &record->facts;
    u16 family = *(u16 *)address;
    if (family == AUDIT_AF_INET ? size < 8 : family != AUDIT_AF_INET6 || size < 24)
        return; /* one that was cut says nothing: its socket does */
    facts->port = __builtin_bswap16(*(u16 *)(address + 2));
    *(u64 *)facts->address = 0;
    *(u64 *)(facts->address + 8) = 0;
    if (family == AUDIT_AF_INET) {
        *(u32 *)facts->address = *(u32 *)(address + 4);
    } else if (is_mapped(address + 8)) {
        family = AUDIT_AF_INET;
        *(u32 *)facts->address = *(u32 *)(address + 20);
    } else {
        *(u64 *)facts->address = *(u64 *)(address + 8);
        *(u64 *)(facts->address + 8) = *(u64 *)(address + 16);
    }
    facts->family = family;
#endif
}

/* Of an address that was filled in the entry has told how much room there was: what is behind that
   is the program's own. */
static __always_inline void section_sockaddr(struct audit_record *record, u8 index, u32 capture,
                                             u64 from, u64 size) {
    u32 flags = 0, place = entry_place(record, index);
    s64 kept = place < AUDIT_TEXTS ? record->entry.size[place] : 0;
    u8 *to = section_begin(record, AUDIT_SOCKADDR_BYTES);
    if (!to)
        return;
    if (place < AUDIT_TEXTS && capture & AUDIT_FILLED) {
        if (size > (u32)kept) {
            size = (u32)kept;
            flags = AUDIT_SECTION_FLAG_TRUNCATED;
        }
        kept = 0;
    }
    if (size > AUDIT_SOCKADDR_BYTES) {
        size = AUDIT_SOCKADDR_BYTES;
        flags = AUDIT_SECTION_FLAG_TRUNCATED;
    }
    if (bpf_probe_read_user(to, size, (void *)from) < 0) {
        size = 0;
        flags = AUDIT_SECTION_FLAG_FAULTED;
    } else if (kept < 0) {
        flags |= AUDIT_SECTION_FLAG_RETRIED;
    }
    if (kept > 0 && kept <= AUDIT_SOCKADDR_BYTES && place < AUDIT_TEXTS) {
        const char *text = record->entry.text + place * AUDIT_TEXT_BYTES;
        if (size && !same_bytes(text, (const char *)to, kept)) {
            record->flags |= AUDIT_EVENT_FLAG_CHANGED;
            record->pos += size;
            section_end(record, AUDIT_SECTION_CHANGED_STRING, index, 0, 0);
            to = section_begin(record, AUDIT_SOCKADDR_BYTES);
            if (!to)
                return;
        }
        flags = AUDIT_SECTION_FLAG_ENTRY;
        size = kept;
        bpf_probe_read_kernel(to, kept, text);
    }
    facts_address(record, to, size);
    record->pos += size;
    section_end(record, AUDIT_SECTION_SOCKADDR, index, flags, 0);
}

/* One vector; 1 ends it. */
static long vector_step(u32 index, void *unused) {
    struct audit_record *record = record_new(AUDIT_SLOT_SYSCALL);
    if (!record)
        return 1;
    struct audit_vectors *vectors = &record->vectors;
    u64 vector[2] = {}, at = vectors->pointer + index * (vectors->is_compat ? 8 : 16);
    if (bpf_probe_read_user(vector, vectors->is_compat ? 8 : 16, (void *)at) < 0) {
        vectors->flags |= AUDIT_SECTION_FLAG_FAULTED;
        return 1;
    }
    if (vectors->is_compat) {
        vector[1] = vector[0] >> 32;
        vector[0] = (u32)vector[0];
    }
    u64 pos = record->pos, size = vector[1];
    vectors->total += size;
    if (size > vectors->left)
        size = vectors->left;
    if (!size)
        return 0;
    if (size > AUDIT_CONTENT_BYTES || pos > AUDIT_DATA_BYTES - AUDIT_CONTENT_BYTES - 16)
        return 1;
    if (bpf_probe_read_user(&record->data[pos], size, (void *)vector[0]) < 0) {
        vectors->flags |= AUDIT_SECTION_FLAG_FAULTED;
        return 1;
    }
    record->pos = pos + size;
    vectors->left -= size;
    return 0;
}

/* Contents of `count` vectors: no more than the call moved, `size`, and than `most`. */
static __always_inline void section_vectors(struct audit_record *record, u8 index, u64 from,
                                            u64 count, u64 size, u64 most) {
    struct audit_vectors *vectors = &record->vectors;
    vectors->flags = 0;
    vectors->pointer = from;
    vectors->left = size < most ? size : most;
    vectors->total = 0;
    vectors->is_compat = is_compat(record);
    if (!vectors->left || !count || !section_begin(record, AUDIT_CONTENT_BYTES))
        return;
    bpf_loop(count < AUDIT_VECTORS ? count : AUDIT_VECTORS, vector_step, 0, 0);
    if (vectors->total > most && size > most)
        vectors->flags |= AUDIT_SECTION_FLAG_TRUNCATED;
    section_end(record, AUDIT_SECTION_IOVEC, index, vectors->flags, 0);
}

#define AUDIT_ANY_SIZE ~0ULL

/* What of memory is to be recorded of an argument. */
struct audit_wanted_memory {
    u64 address, address_size; /* a sockaddr */
    u64 vectors, count;        /* an iovec */
    u64 contents, size;        /* bytes, where contents are asked for */
    u64 moved;                 /* how much of the vectors, or of the contents */
};

/* sendmsg(2), recvmsg(2): a struct user_msghdr. */
static __always_inline void want_message(struct audit_record *record,
                                         struct audit_wanted_memory *wanted, u64 from) {
    u64 words[4] = {}; /* name; length of the name; vectors; how many */
    if (bpf_probe_read_user(words, is_compat(record) ? 16 : 32, (void *)from) < 0) {
        record->flags |= AUDIT_EVENT_FLAG_INCOMPLETE;
        return;
    }
    if (is_compat(record)) {
        words[3] = words[1] >> 32;
        words[2] = (u32)words[1];
        words[1] = words[0] >> 32;
        words[0] = (u32)words[0];
    }
    wanted->address = words[0];
    wanted->address_size = (u32)words[1];
    wanted->vectors = words[2];
    wanted->count = words[3];
}

#define AUDIT_GIVEN \
    (AUDIT_BIT(SOCKADDR_IN) | AUDIT_BIT(BYTES_IN) | AUDIT_BIT(IOVEC_IN) | AUDIT_BIT(MSGHDR_IN) | \
     AUDIT_BIT(STRUCT_IN))

/* Of a call that failed only what it was given counts; of what it filled in, as much as it says. */
static __always_inline void want_memory(struct audit_record *record, u32 index, u32 capture,
                                        struct audit_wanted_memory *wanted) {
    u64 from = argument(record, index), other = other_argument(record, index);
    u32 size = 0;
    if (capture & (AUDIT_BIT(SOCKADDR_IN) | AUDIT_BIT(SOCKADDR_OUT))) {
        wanted->address = from;
        wanted->address_size = (u32)other;
        if (capture & AUDIT_BIT(SOCKADDR_OUT)) {
            bpf_probe_read_user(&size, sizeof(size), (void *)other);
            wanted->address_size = size;
        }
    } else if (capture & (AUDIT_BIT(BYTES_IN) | AUDIT_BIT(BYTES_OUT))) {
        wanted->contents = from;
        wanted->size = other;
        if (wanted->moved < other) /* with MSG_TRUNC more may be told than has found room */
            wanted->size = wanted->moved;
    } else if (capture & (AUDIT_BIT(IOVEC_IN) | AUDIT_BIT(IOVEC_OUT))) {
        wanted->vectors = from;
        wanted->count = other;
    } else if (capture & (AUDIT_BIT(MSGHDR_IN) | AUDIT_BIT(MSGHDR_OUT))) {
        want_message(record, wanted, from);
    }
}

/* Structs and numbers, whose size the plan has. */
static __always_inline void section_struct(struct audit_record *record, u32 index, u32 capture) {
    u64 size = record->plan.parameters[index];
    if (capture & AUDIT_BIT(NUMBERS_OUT))
        section_user(record, AUDIT_SECTION_NUMBERS, index, argument(record, index), size * 4,
                     AUDIT_STRUCT_BYTES, 0);
    else
        section_user(record, AUDIT_SECTION_STRUCT, index, argument(record, index), size,
                     AUDIT_STRUCT_BYTES, size);
}

static long memory_step(u32 index, void *unused) {
    struct audit_record *record = record_of_step(index);
    struct audit_settings *set = audit_settings();
    struct audit_wanted_memory wanted = {};
    if (!record || !set || index >= 6)
        return 1;
    u32 capture = capture_bit(record, index);
    s64 ret = record_header(record)->ret;
    u64 most = set->flags & AUDIT_SETTING_CONTENT ? set->content_bytes : 0;
    if (!(capture & AUDIT_MEMORY) || !argument(record, index) || record->is_gone)
        return 0;
    if (ret < 0 && !(capture & AUDIT_GIVEN))
        return 0;
    if (capture & (AUDIT_BIT(NUMBERS_OUT) | AUDIT_BIT(STRUCT_IN) | AUDIT_BIT(STRUCT_OUT))) {
        section_struct(record, index, capture);
        return 0;
    }
    wanted.moved = capture & AUDIT_GIVEN ? AUDIT_ANY_SIZE : ret;
    want_memory(record, index, capture, &wanted);
    if (most > record->plan.content)
        most = record->plan.content;
    if (most > AUDIT_CONTENT_BYTES)
        most = AUDIT_CONTENT_BYTES;
    if (wanted.address && wanted.address_size)
        section_sockaddr(record, index, capture, wanted.address, wanted.address_size);
    if (wanted.vectors && most)
        section_vectors(record, index, wanted.vectors, wanted.count, wanted.moved, most);
    if (wanted.contents && wanted.size && most)
        section_contents(record, index, wanted.contents, wanted.size, most);
    return 0;
}
