/* Maps and what is in them. Their names, keys and values are what user space goes by. */

#define AUDIT_DATA_BYTES 49152 /* of a record */
#define AUDIT_TEXT_BYTES 256   /* of a string that is kept from the entry to the end */
#define AUDIT_LEVELS 16        /* of cgroups, one below the other */

/* Who builds a record: programs of different slots may interrupt one another on a CPU. */
#define AUDIT_SLOT_SYSCALL 0
#define AUDIT_SLOT_PROCESS 1
#define AUDIT_SLOT_NETWORK 2
#define AUDIT_SLOT_SIGNAL 3
#define AUDIT_SLOT_OTHER 4
#define AUDIT_SLOT_CAPABILITY 5  /* programs at functions, which may be preempted: */
#define AUDIT_SLOT_CREDENTIALS 6 /* each has its own */
#define AUDIT_SLOT_ATOMIC 7  /* programs that run with interrupts off: none interrupts another */
#define AUDIT_SLOT_SOFTIRQ 8 /* those in softirqs, one of which runs at a time */
#define AUDIT_SLOTS 9

struct audit_watch {
    u16 handler;
    u8 inherited; /* children get it, too */
    u8 pad;
    u32 program_pad;
};

struct audit_inode { /* a file, by what stat(2) says */
    u64 inode;
    u32 device;
    u32 pad;
};

struct audit_bits {
    u64 words[AUDIT_TYPES / 64];
};

struct audit_facts { /* what filters go by */
    u64 path_mask;
    s64 ret;
    u64 cgroup;
    u32 uid, gid, tgid, ppid;
    u16 type, handler, family, port;
    char comm[16];
    u8 address[16];
    char path[64]; /* the first bytes of the string as given */
};

struct audit_pending { /* a call in progress */
    u64 started_ns;
    u64 args[6];
    u16 type;
    u16 handler;
    u8 has_text; /* there is an entry in pending_text */
    u8 has_kept; /* there is one in pending_kept */
    u16 flags;   /* AUDIT_EVENT_FLAG_ of what happened at the entry */
};

#define AUDIT_TEXTS 2

struct audit_text { /* of a call in progress: what two arguments pointed to at its entry */
    s32 size[AUDIT_TEXTS]; /* of a string with its NUL; below 0: it could not be read */
    u8 argument[AUDIT_TEXTS]; /* AUDIT_NO_ARGUMENT: none */
    u8 pad[6];
    char text[AUDIT_TEXTS * AUDIT_TEXT_BYTES];
};

#define AUDIT_KEPT_BYTES 2048

struct audit_kept { /* of a call in progress: sections that are made at its entry */
    u64 size;
    u64 path_mask; /* and what else of facts they tell */
    u8 address[16];
    u16 family, port;
    u32 pad;
    u8 sections[AUDIT_KEPT_BYTES];
};

struct audit_walk { /* a path that is being walked */
    struct dentry *dentry;
    struct mount *mount;
    struct dentry *root;
    struct mount *root_mount;
    u64 pos;
    u64 limit;
    u64 mask;
    u32 flags;
    u32 is_done;
};

struct audit_vectors { /* contents that are being gathered */
    u64 pointer;
    u64 left;  /* bytes that are wanted yet */
    u64 total; /* of all vectors */
    u32 is_compat;
    u32 flags;
};

struct audit_record { /* a record under construction */
    u64 pos;   /* bytes in `data` */
    u64 begun; /* where the section under construction begins */
    u32 type;
    u32 flags;   /* AUDIT_EVENT_FLAG_ */
    u32 stages;  /* what is still to be done: a bit for each stage */
    u32 is_gone; /* the program that made the call is replaced by another: execve(2) */
    u32 texts;   /* how many of `entry` are in use */
    u32 pad;
    struct audit_pending call;
    struct audit_plan plan;
    struct audit_facts facts;
    struct audit_walk walk;
    struct audit_vectors vectors;
    struct audit_text entry;
    u8 data[AUDIT_DATA_BYTES];
};

BPF_RINGBUF_OUTPUT(events, AUDIT_RING_PAGES);
BPF_ARRAY(settings, struct audit_settings, 1);
BPF_ARRAY(plans, struct audit_plan, AUDIT_TYPES);
BPF_ARRAY(handler_events, struct audit_bits, AUDIT_HANDLERS);
BPF_HASH(watched_processes, u32, struct audit_watch, 65536);
BPF_HASH(watched_cgroups, u64, struct audit_watch, 1024);
BPF_HASH(watched_exes, struct audit_inode, struct audit_watch, 1024);
BPF_HASH(pending, u32, struct audit_pending, AUDIT_PENDING);
BPF_F_TABLE("hash", u32, struct audit_text, pending_text, AUDIT_PENDING, BPF_F_NO_PREALLOC);
BPF_F_TABLE("hash", u32, struct audit_kept, pending_kept, AUDIT_PENDING, BPF_F_NO_PREALLOC);
BPF_TABLE("lru_hash", u32, u32, unkept, 1024); /* threads in a call that had no room in pending */
BPF_PERCPU_ARRAY(counters, u64, AUDIT_TYPES * 8);
BPF_PERCPU_ARRAY(sequence, u64, 1);
BPF_HASH(path_prefixes, struct audit_inode, u64, 64);
BPF_ARRAY(scratch, struct audit_record, AUDIT_CPUS * AUDIT_SLOTS);
BPF_PROG_ARRAY(stages, 8);
