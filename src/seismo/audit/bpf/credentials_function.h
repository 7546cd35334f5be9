/* Changes of credentials where they are made, by whatever: a system call that is there for it, or
   one that has no business to. */
#include "call_numbers.h"
#include "credentials.h"

#define AUDIT_TELLS_CREDENTIALS 1

KFUNC_PROBE(commit_creds, struct cred *now) {
    struct task_struct *task = audit_task();
    struct audit_credentials was = {};
    u32 tgid = bpf_get_current_pid_tgid() >> 32;
    long handler = wanting_handler(tgid, AUDIT_EVENT_CREDENTIALS_CHANGE);
    if (handler < 0)
        return 0;
    fill_credentials(&was, task, task->cred);
    struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf());
    u32 by = syscall_type(call_number(regs));
    tell_credentials(AUDIT_SLOT_CREDENTIALS, handler, by, task, now, &was);
    return 0;
}
