/* Processes: how they begin, what they execute, how they end; and with that, who is watched. */

/* Processes that have ended while threads of theirs still were to come by: their watch entries.
   Which thread is the last one is known before any of them gets here, so others may come later. */
struct audit_life {
    u64 start_ns;
    u32 tgid;
    u32 pad;
};
BPF_TABLE("lru_hash", struct audit_life, struct audit_watch, ended_processes, 4096);

/* A child gets its parent's entry, before it runs. */
static __always_inline void watch_child(u32 parent, u32 child) {
    struct audit_watch *watch = watched_processes.lookup(&parent);
    if (!watch || !watch->inherited)
        return;
    struct audit_watch copy = *watch;
    if (watched_processes.update(&child, &copy) < 0)
        count(AUDIT_EVENT_PROCESS_FORK, AUDIT_COUNTER_NO_ENTRY);
}

/* In the parent. task_newtask comes before sched_process_fork, which does not tell the flags, and
   tells of the kernel's own threads in a process (io_uring), too. */
RAW_TRACEPOINT_PROBE(task_newtask) {
    struct task_struct *child = (struct task_struct *)ctx->args[0];
    u64 flags = ctx->args[1];
    u32 tgid = bpf_get_current_pid_tgid() >> 32, child_tgid = child->tgid;
    long handler = task_handler(tgid);
    if (child_tgid != tgid)
        watch_child(tgid, child_tgid);
    if (handler < 0 || !handler_wants(handler, AUDIT_EVENT_PROCESS_FORK))
        return 0;
    struct audit_record *record = record_new(AUDIT_SLOT_PROCESS);
    if (!record)
        return 0;
    record_begin(record, AUDIT_EVENT_PROCESS_FORK, handler, sizeof(struct audit_fork));
    struct audit_fork *fork = record_fixed(record);
    fork->child_tgid = child_tgid;
    fork->child_tid = child->pid;
    fork->child_start_ns = child->group_leader->start_boottime;
    fork->clone_flags = flags;
    fork->child_cgroup = child->cgroups->dfl_cgrp->kn->id;
    record_header(record)->ret = fork->child_tid;
    record_finish(record);
    return 0;
}

/* What a process executes. */

#define AUDIT_WORDS_MOST 32768 /* of argv and environment together */
#define AUDIT_WORDS_FEW 8192   /* of argv, that leaves so much room for the environment: */
#define AUDIT_ENVIRONMENT_MOST 24576
#define AUDIT_ENVIRONMENT_LEAST 12288

/* Strings of the process from where they begin to where they end, at most `most` of them, a
   constant, and `limit`; how many bytes there are now. */
static __always_inline u64 section_words(struct audit_record *record, u8 kind, u64 begin, u64 end,
                                         u64 limit, u64 most) {
    u64 size = end - begin;
    u32 flags = 0;
    u8 *place = section_begin(record, most);
    if (!place)
        return 0;
    if (limit > most)
        limit = most;
    if (end < begin)
        size = 0;
    if (size > limit) {
        size = limit;
        flags = AUDIT_SECTION_FLAG_TRUNCATED;
    }
    if (size > most) /* the verifier does not know */
        return 0;
    if (bpf_probe_read_user(place, size, (void *)begin) < 0) {
        size = 0;
        flags |= AUDIT_SECTION_FLAG_FAULTED;
    }
    record->pos += size;
    section_end(record, kind, AUDIT_NO_ARGUMENT, flags, 0);
    return size;
}

static __always_inline void section_exec_words(struct audit_record *record, struct mm_struct *mm) {
    struct audit_settings *set = audit_settings();
    if (!set)
        return;
    u64 limit = set->words_bytes, begin = mm->arg_start, end = mm->arg_end;
    if (limit > AUDIT_WORDS_MOST)
        limit = AUDIT_WORDS_MOST;
    u64 size = section_words(record, AUDIT_SECTION_WORDS, begin, end, limit, AUDIT_WORDS_MOST);
    if (!(set->flags & AUDIT_SETTING_ENVIRONMENT))
        return;
    begin = mm->env_start;
    end = mm->env_end;
    limit -= size;
    u8 kind = AUDIT_SECTION_ENVIRONMENT;
    if (size <= AUDIT_WORDS_FEW)
        section_words(record, kind, begin, end, limit, AUDIT_ENVIRONMENT_MOST);
    else
        section_words(record, kind, begin, end, limit, AUDIT_ENVIRONMENT_LEAST);
}

/* The name by which a program was asked for: of a script its own, where EXE is its interpreter. */
static __always_inline void section_name(struct audit_record *record, const char *name) {
    u8 *place = section_begin(record, AUDIT_PATH_BYTES);
    if (!place)
        return;
    long size = bpf_probe_read_kernel_str(place, AUDIT_PATH_BYTES, name);
    if (size > 0)
        record->pos += size - 1;
    section_end(record, AUDIT_SECTION_KERNEL_STRING, AUDIT_NO_ARGUMENT,
                size > 0 ? 0 : AUDIT_SECTION_FLAG_FAULTED, 0);
}

/* One that is in no directory (memfd) has a name of its own. */
static __always_inline void section_exe(struct audit_record *record, struct file *exe) {
    struct dentry *dentry = exe->f_path.dentry;
    struct vfsmount *mount = exe->f_path.mnt;
    u32 flags;
    if (!dentry || !section_begin(record, AUDIT_PATH_BYTES))
        return;
    if (has_own_name(dentry, mount))
        flags = put_own_name(record, dentry);
    else
        flags = walk_path(record, AUDIT_SLOT_PROCESS, dentry, mount, AUDIT_PATH_BYTES);
    section_end(record, AUDIT_SECTION_EXE, AUDIT_NO_ARGUMENT, flags, 0);
}

static __always_inline void exec_sections(struct audit_record *record, struct task_struct *task,
                                          struct linux_binprm *bprm) {
    struct mm_struct *mm = task->mm;
    struct file *exe = mm->exe_file;
    section_exec_words(record, mm);
    section_name(record, bprm->filename);
    struct audit_credentials *who = (struct audit_credentials *)section_fixed(
        record, AUDIT_SECTION_CREDENTIALS, AUDIT_NO_ARGUMENT, sizeof(*who));
    if (who)
        fill_credentials(who, task, task->cred);
    struct audit_namespaces *where = (struct audit_namespaces *)section_fixed(
        record, AUDIT_SECTION_NAMESPACES, AUDIT_NO_ARGUMENT, sizeof(*where));
    if (where)
        fill_namespaces(where, task);
    section_cgroup(record, task->cgroups->dfl_cgrp);
    section_path(record, AUDIT_SLOT_PROCESS, AUDIT_SECTION_CWD, AUDIT_NO_ARGUMENT, &task->fs->pwd);
    record->facts.path_mask = 0; /* filters go by the executable */
    facts_path(record, bprm->filename);
    section_exe(record, exe);
    section_file(record, AUDIT_NO_ARGUMENT, exe, -1);
}

/* An executable that is watched makes its process so, and what that forks. */
static __always_inline void watch_executed(u32 tgid, struct file *exe) {
    struct audit_settings *set = audit_settings();
    if (!set || !(set->flags & AUDIT_SETTING_EXES))
        return;
    struct inode *inode = exe->f_inode;
    struct audit_inode key = {.inode = inode->i_ino, .device = device_of(inode->i_sb)};
    struct audit_watch *watch = watched_exes.lookup(&key);
    if (!watch)
        return;
    struct audit_watch copy = *watch;
    if (watched_processes.update(&tgid, &copy) < 0)
        count(AUDIT_EVENT_PROCESS_EXEC, AUDIT_COUNTER_NO_ENTRY);
}

/* In the process, which is the new program by now. A thread that is not the first takes over the
   first one's number, `tid`, having had another one till then. */
RAW_TRACEPOINT_PROBE(sched_process_exec) {
    struct task_struct *task = audit_task();
    u32 old_tid = ctx->args[1];
    struct linux_binprm *bprm = (struct linux_binprm *)ctx->args[2];
    u64 id = bpf_get_current_pid_tgid();
    u32 tgid = id >> 32;
    call_moves(old_tid, id);
    watch_executed(tgid, task->mm->exe_file);
    long handler = wanting_handler(tgid, AUDIT_EVENT_PROCESS_EXEC);
    if (handler < 0)
        return 0;
    struct audit_record *record = record_new(AUDIT_SLOT_PROCESS);
    if (!record)
        return 0;
    record_begin(record, AUDIT_EVENT_PROCESS_EXEC, handler, sizeof(struct audit_exec));
    struct audit_exec *exec = record_fixed(record);
    exec->old_tid = old_tid;
    exec->argc = bprm->argc;
    exec->envc = bprm->envc;
    exec->secure = bprm->secureexec;
    exec_sections(record, task, bprm);
    record_finish(record);
    return 0;
}

/* The handler of a thread that ends; `*is_last`: it is the one that ends its process. */
static __always_inline long ending_handler(struct task_struct *task, u32 tgid, u32 *is_last) {
    struct audit_life life = {.start_ns = task->group_leader->start_boottime, .tgid = tgid};
    struct audit_watch none = {};
    struct audit_watch *watch = ended_processes.lookup(&life);
    *is_last = 0;
    if (watch)
        return watch->handler;
    long handler = task_handler(tgid);
    if (handler < 0 || task->signal->live.counter > 0)
        return handler;
    none.handler = handler;
    *is_last = ended_processes.update(&life, &none, BPF_NOEXIST) == 0;
    return handler;
}

static __always_inline void fill_exit(struct audit_exit *to, struct task_struct *task,
                                      u32 is_last) {
    u32 status = task->exit_code;
    if (is_last) {
        struct signal_struct *signal = task->signal;
        /* As wait(2) gets it: kernel/exit.c, wait_task_zombie; 4 is SIGNAL_GROUP_EXIT. */
        status = signal->flags & 4 ? signal->group_exit_code : task->group_leader->exit_code;
    }
    to->code = status >> 8 & 255;
    to->signal = status & 127;
    to->is_core_dumped = status >> 7 & 1;
    to->is_process = is_last;
}

RAW_TRACEPOINT_PROBE(sched_process_exit) {
    struct task_struct *task = audit_task();
    u64 id = bpf_get_current_pid_tgid();
    u32 tgid = id >> 32, is_last;
    call_dies(id);
    long handler = ending_handler(task, tgid, &is_last);
    if (handler < 0)
        return 0;
    if (handler_wants(handler, AUDIT_EVENT_PROCESS_EXIT)) {
        struct audit_record *record = record_new(AUDIT_SLOT_PROCESS);
        if (!record)
            return 0;
        record_begin(record, AUDIT_EVENT_PROCESS_EXIT, handler, sizeof(struct audit_exit));
        fill_exit(record_fixed(record), task, is_last);
        record_finish(record);
    }
    if (is_last)
        watched_processes.delete(&tgid);
    return 0;
}
