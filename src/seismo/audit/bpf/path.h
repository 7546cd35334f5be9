/* Paths as the kernel has them: from a dentry up, through mounts, to the root of the process.

   What a path is of is a `struct path`: what an open file, a working directory, an executable have.
   A section of a path holds the names, the last first: `x\0dir\0home\0` is /srv/dir/x. The record
   at work is named by its slot, because a step is a function of its own. */

#define AUDIT_NAME_BYTES 256   /* NAME_MAX and a NUL */
#define AUDIT_PATH_BYTES 4096  /* a path's names begin within so many */
#define AUDIT_PATH_STEPS 2100  /* PATH_MAX / 2 names, and mounts */

/* include/uapi/linux/magic.h */
#define AUDIT_PIPEFS_MAGIC 0x50495045
#define AUDIT_SOCKFS_MAGIC 0x534f434b
#define AUDIT_ANON_INODE_MAGIC 0x09041934
#define AUDIT_NSFS_MAGIC 0x6e736673
#define AUDIT_PIDFS_MAGIC 0x50494446

/* As st_dev has it: new_encode_dev. */
static __always_inline u32 device_of(const struct super_block *block) {
    u32 device = block->s_dev;
    u32 major = device >> 20, minor = device & 0xfffff;
    return (minor & 0xff) | (major << 8) | ((minor & ~0xff) << 12);
}

/* Sections. */

/* The head of a section that ends where the record ends now; the next one is aligned. */
static __always_inline void section_end(struct audit_record *record, u8 kind, u8 argument,
                                        u16 flags, u16 detail) {
    u64 begun = record->begun, end = record->pos;
    if (begun > AUDIT_DATA_BYTES - 8 || end > AUDIT_DATA_BYTES - 8)
        return;
    struct audit_section *head = (struct audit_section *)&record->data[begun];
    head->kind = kind;
    head->argument = argument;
    head->flags = flags;
    head->size = end - begun - sizeof(*head);
    head->detail = detail;
    *(u64 *)&record->data[end] = 0;
    record->pos = (end + 7) & ~7ULL;
    if (flags & AUDIT_SECTION_FLAG_TRUNCATED)
        record->flags |= AUDIT_EVENT_FLAG_TRUNCATED;
    if (flags & AUDIT_SECTION_FLAG_FAULTED)
        record->flags |= AUDIT_EVENT_FLAG_INCOMPLETE;
}

/* Begin one that takes at most `bytes`, a constant; its place, or NULL (and the record is cut). */
static __always_inline u8 *section_begin(struct audit_record *record, u64 bytes) {
    u64 pos = record->pos;
    if (pos > AUDIT_DATA_BYTES - 16 - bytes) {
        record->flags |= AUDIT_EVENT_FLAG_TRUNCATED;
        return 0;
    }
    record->begun = pos;
    record->pos = pos + sizeof(struct audit_section);
    return &record->data[pos + sizeof(struct audit_section)];
}

/* A section of `bytes` bytes, a constant: its place, to be filled; NULL where there is no room. */
static __always_inline u8 *section_fixed(struct audit_record *record, u8 kind, u8 argument,
                                         u64 bytes) {
    u8 *place = section_begin(record, bytes);
    if (!place)
        return 0;
    record->pos += bytes;
    section_end(record, kind, argument, 0, 0);
    return place;
}

/* Walking. */

static __always_inline void walk_mask(struct audit_walk *walk, struct dentry *dentry) {
#if AUDIT_PATH_FILTERS
    struct inode *inode = dentry->d_inode;
    struct audit_inode key = {.inode = inode->i_ino, .device = device_of(dentry->d_sb)};
    u64 *mask = path_prefixes.lookup(&key);
    if (mask)
        walk->mask |= *mask;
#endif
}

/* One step up; 1 ends it. */
static long walk_step(u32 index, void *slot) {
    struct audit_record *record = record_new(*(u32 *)slot);
    if (!record)
        return 1;
    struct audit_walk *walk = &record->walk;
    struct dentry *dentry = walk->dentry;
    struct mount *mount = walk->mount;
    walk_mask(walk, dentry);
    if (dentry == walk->root && mount == walk->root_mount) {
        walk->flags |= AUDIT_SECTION_FLAG_ABSOLUTE;
        return 1;
    }
    struct dentry *parent = dentry->d_parent;
    if (dentry == mount->mnt.mnt_root) {
        struct mount *outer = mount->mnt_parent;
        if (outer == mount) {
            walk->flags |= AUDIT_SECTION_FLAG_UNREACHABLE;
            return 1;
        }
        walk->dentry = mount->mnt_mountpoint;
        walk->mount = outer;
        return 0;
    }
    if (dentry == parent) {
        walk->flags |= AUDIT_SECTION_FLAG_UNREACHABLE;
        return 1;
    }
    u64 pos = record->pos;
    if (pos > walk->limit || pos > AUDIT_DATA_BYTES - AUDIT_NAME_BYTES - 8) {
        walk->flags |= AUDIT_SECTION_FLAG_TRUNCATED;
        return 1;
    }
    u8 *to = &record->data[pos];
    long size = bpf_probe_read_kernel_str(to, AUDIT_NAME_BYTES, dentry->d_name.name);
    if (size <= 0) {
        walk->flags |= AUDIT_SECTION_FLAG_FAULTED;
        return 1;
    }
    record->pos = pos + size;
    walk->dentry = parent;
    return 0;
}

/* The names of a path from where the record ends: those that begin within `bytes`; flags of the
   section. */
static __always_inline u32 walk_path(struct audit_record *record, u32 slot, struct dentry *dentry,
                                     struct vfsmount *mount, u64 bytes) {
    struct audit_walk *walk = &record->walk;
    struct fs_struct *fs = audit_task()->fs;
    walk->dentry = dentry;
    walk->mount = container_of(mount, struct mount, mnt);
    walk->root = fs->root.dentry;
    walk->root_mount = container_of(fs->root.mnt, struct mount, mnt);
    walk->limit = record->pos + bytes;
    walk->mask = 0;
    walk->flags = 0;
    if (!dentry->d_hash.pprev && dentry != dentry->d_parent)
        walk->flags = AUDIT_SECTION_FLAG_DELETED;
    bpf_loop(AUDIT_PATH_STEPS, walk_step, &slot, 0);
    record->facts.path_mask |= walk->mask;
    if (!(walk->flags & (AUDIT_SECTION_FLAG_ABSOLUTE | AUDIT_SECTION_FLAG_UNREACHABLE)))
        walk->flags |= AUDIT_SECTION_FLAG_TRUNCATED;
    return walk->flags;
}

/* A section with a path. `slot` is the record's. */
static __always_inline void section_path(struct audit_record *record, u32 slot, u8 kind,
                                         u8 argument, const struct path *path) {
    struct dentry *dentry = path->dentry;
    if (!dentry || !section_begin(record, AUDIT_PATH_BYTES + AUDIT_NAME_BYTES))
        return;
    u32 flags = walk_path(record, slot, dentry, path->mnt, AUDIT_PATH_BYTES);
    section_end(record, kind, argument, flags, 0);
}

/* Names of what has no path: as /proc/PID/fd shows them. */

/* Where the record ends: a text, which must have room. */
static __always_inline void put_text(struct audit_record *record, const char *text, u32 bytes) {
    u64 pos = record->pos;
    if (pos > AUDIT_DATA_BYTES - AUDIT_NAME_BYTES - 8)
        return;
    long size = bpf_probe_read_kernel_str(&record->data[pos], bytes, text);
    if (size > 0)
        record->pos = pos + size - 1;
}

static __always_inline void put_byte(struct audit_record *record, char byte) {
    u64 pos = record->pos;
    if (pos > AUDIT_DATA_BYTES - 8)
        return;
    record->data[pos] = byte;
    record->pos = pos + 1;
}

#define AUDIT_DIGITS 20

static __always_inline void put_number(struct audit_record *record, u64 number) {
    char digits[24];
    u64 first = AUDIT_DIGITS - 1, pos = record->pos;
    for (int i = AUDIT_DIGITS - 1; i >= 0; i--) {
        digits[i] = '0' + number % 10;
        if (number)
            first = i;
        number /= 10;
    }
    if (pos > AUDIT_DATA_BYTES - 32 || first >= AUDIT_DIGITS)
        return;
    u64 size = AUDIT_DIGITS - first;
    bpf_probe_read_kernel(&record->data[pos], size, &digits[first]);
    record->pos = pos + size;
}

/* `pipe:[7]` */
static __always_inline void put_numbered(struct audit_record *record, u64 number) {
    put_byte(record, ':');
    put_byte(record, '[');
    put_number(record, number);
    put_byte(record, ']');
}

/* Whether the file system names the file by itself: d_path asks d_dname then. */
static __always_inline int has_own_name(struct dentry *dentry, struct vfsmount *mount) {
    return dentry->d_op->d_dname && (dentry != dentry->d_parent || dentry != mount->mnt_root);
}

/* The own name; flags of the section. */
static __always_inline u32 put_own_name(struct audit_record *record, struct dentry *dentry) {
    struct inode *inode = dentry->d_inode;
    u64 magic = dentry->d_sb->s_magic;
    u32 flags = AUDIT_SECTION_FLAG_NAME;
    if (magic == AUDIT_PIPEFS_MAGIC) {
        put_text(record, "pipe", 5);
        put_numbered(record, inode->i_ino);
    } else if (magic == AUDIT_SOCKFS_MAGIC) {
        put_text(record, "socket", 7);
        put_numbered(record, inode->i_ino);
    } else if (magic == AUDIT_NSFS_MAGIC) {
        struct ns_common *namespace = inode->i_private;
        put_text(record, namespace->ops->name, 32);
        put_numbered(record, inode->i_ino);
    } else if (magic == AUDIT_ANON_INODE_MAGIC) {
        put_text(record, "anon_inode:", 12);
        put_text(record, (const char *)dentry->d_name.name, AUDIT_NAME_BYTES - 16);
    } else if (magic == AUDIT_PIDFS_MAGIC) {
        put_text(record, "anon_inode:[pidfd]", 19);
    } else {
        put_text(record, (const char *)dentry->d_name.name, AUDIT_NAME_BYTES);
        flags = AUDIT_SECTION_FLAG_ABSOLUTE | AUDIT_SECTION_FLAG_DELETED;
    }
    put_byte(record, 0);
    return flags;
}

/* Open files. */

/* The open file behind a descriptor of a task; NULL for none. */
static __always_inline struct file *file_of(struct task_struct *task, s32 fd) {
    struct fdtable *table = task->files->fdt;
    struct file *file = 0;
    if ((u32)fd >= table->max_fds)
        return 0;
    bpf_probe_read_kernel(&file, sizeof(file), table->fd + (u32)fd);
    return file;
}

/* What the file is. */
static __always_inline void section_file(struct audit_record *record, u8 argument,
                                         struct file *file, s32 fd) {
    struct audit_file *to =
        (struct audit_file *)section_fixed(record, AUDIT_SECTION_FILE, argument, sizeof(*to));
    if (!to)
        return;
    struct inode *inode = file->f_inode;
    to->inode = inode->i_ino;
    to->device = device_of(inode->i_sb);
    to->mode = inode->i_mode;
    to->flags = file->f_flags;
    to->fd = fd;
    to->position = file->f_pos;
    to->links = inode->i_nlink;
    to->uid = inode->i_uid.val;
}

/* Where it is; `bytes` as above. */
static __always_inline void section_file_path(struct audit_record *record, u32 slot, u8 argument,
                                              struct file *file, u64 bytes) {
    struct dentry *dentry = file->f_path.dentry;
    struct vfsmount *mount = file->f_path.mnt;
    u32 flags;
    if (!dentry || !section_begin(record, AUDIT_PATH_BYTES + AUDIT_NAME_BYTES))
        return;
    if (has_own_name(dentry, mount))
        flags = put_own_name(record, dentry);
    else
        flags = walk_path(record, slot, dentry, mount, bytes);
    section_end(record, AUDIT_SECTION_PATH, argument, flags, 0);
}
