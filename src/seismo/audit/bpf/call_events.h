/* Kernel events that the ends of system calls tell: accepted connections, datagrams, changed
   credentials and namespaces, processes that are traced. */
#include "sockets.h"
#include "call_numbers.h"
#include "changes.h"
#include "datagrams.h"

/* The arguments of a call, as its end still has them. */
struct audit_call {
    u64 args[6];
    u32 type;
    u32 kind;
    u32 handler;
    u32 is_compat;
    s64 ret;
};

/* Of socketcall(2): which call it is, and its arguments out of the program's memory.
   include/uapi/linux/net.h */
static __always_inline void unpack_socketcall(struct audit_call *call) {
    u32 words[6] = {}, which = call->args[0];
    bpf_probe_read_user(words, sizeof(words), (void *)call->args[1]);
    for (int i = 0; i < 6; i++)
        call->args[i] = words[i];
    call->kind = which == 5 || which == 18   ? AUDIT_CALL_ACCEPT
                 : which == 9                ? AUDIT_CALL_SEND
                 : which == 10               ? AUDIT_CALL_RECVFROM
                 : which == 11               ? AUDIT_CALL_SENDTO
                 : which == 12               ? AUDIT_CALL_RECVFROM
                 : which == 16               ? AUDIT_CALL_SENDMSG
                 : which == 17               ? AUDIT_CALL_RECVMSG
                 : which == 19               ? AUDIT_CALL_RECVMMSG
                 : which == 20               ? AUDIT_CALL_SENDMMSG
                                             : AUDIT_CALL_NONE;
    if (which == 10) /* recv: no address */
        call->args[4] = 0;
}

/* Who accepts a connection is its owner. One that has ended meanwhile ends here. */
static __always_inline void tell_accepted(struct audit_call *call) {
    if (call->ret < 0)
        return;
    struct sock *sk = sock_of(file_of(audit_task(), call->ret));
    if (!sk || sk->sk_protocol != AUDIT_IPPROTO_TCP)
        return;
    u32 state = sk->__sk_common.skc_state;
    struct audit_header header = {};
    struct audit_owner owner = {};
    header_of_task(&header, audit_task());
    owner_of_header(&owner, &header);
    owner.handler = call->handler;
    owner.how = AUDIT_ACCEPTED;
    owner.started_ns = bpf_ktime_get_ns();
    owner.inode = sk->sk_socket->file->f_inode->i_ino;
    stream_event(AUDIT_SLOT_PROCESS, AUDIT_EVENT_NET_ACCEPT, &owner, sk, state, call->ret);
#ifdef AUDIT_TELLS_CLOSE
    u64 key = (u64)sk;
    if (!handler_wants(owner.handler, AUDIT_EVENT_NET_CLOSE))
        return;
    if (sockets.update(&key, &owner) < 0) {
        count_forgotten(owner.handler, AUDIT_EVENT_NET_CLOSE);
        return;
    }
    state = sk->__sk_common.skc_state;
    if (state == AUDIT_TCP_CLOSE && sockets.delete(&key) == 0)
        stream_event(AUDIT_SLOT_PROCESS, AUDIT_EVENT_NET_CLOSE, &owner, sk, state,
                     -(s64)sk->sk_err);
#endif
}

static __always_inline void tell_sent(struct audit_call *call) {
    struct audit_datagram what = {};
    u64 name = 0;
    if (call->ret < 0 || !handler_wants(call->handler, AUDIT_EVENT_NET_SEND))
        return;
    what.type = AUDIT_EVENT_NET_SEND;
    what.handler = call->handler;
    what.fd = call->args[0];
    what.is_compat = call->is_compat;
    if (call->kind == AUDIT_CALL_SENDMMSG) {
        tell_messages(&what, call->args[1], call->ret);
        return;
    }
    if (call->kind == AUDIT_CALL_SENDTO)
        name = call->args[4];
    else if (call->kind == AUDIT_CALL_SENDMSG)
        name = name_of_message(call->args[1], call->is_compat);
    tell_datagram(&what, name, call->ret);
}

static __always_inline void tell_received(struct audit_call *call) {
    struct audit_datagram what = {};
    u64 name = 0, flags = 0;
    if (call->ret < 0 || !handler_wants(call->handler, AUDIT_EVENT_NET_RECEIVE))
        return;
    what.type = AUDIT_EVENT_NET_RECEIVE;
    what.handler = call->handler;
    what.fd = call->args[0];
    what.is_compat = call->is_compat;
    if (call->kind == AUDIT_CALL_RECVFROM || call->kind == AUDIT_CALL_RECVMMSG)
        flags = call->args[3];
    else if (call->kind == AUDIT_CALL_RECVMSG)
        flags = call->args[2];
    if (flags & AUDIT_NOT_RECEIVED)
        return;
    if (call->kind == AUDIT_CALL_RECVMMSG) {
        tell_messages(&what, call->args[1], call->ret);
        return;
    }
    if (call->kind == AUDIT_CALL_RECVFROM)
        name = call->args[4];
    else if (call->kind == AUDIT_CALL_RECVMSG)
        name = name_of_message(call->args[1], call->is_compat);
    tell_datagram(&what, name, call->ret);
}

/* include/uapi/linux/ptrace.h */
#define AUDIT_PTRACE_TRACEME 0
#define AUDIT_PTRACE_ATTACH 16
#define AUDIT_PTRACE_SEIZE 0x4206
#define AUDIT_TRACED 64 /* how many of the traced are looked at: a new one is the first of them */

/* The task that the current one traces by this number of its own namespace; NULL for none. */
static __always_inline struct task_struct *traced_task(struct task_struct *tracer, s32 number) {
    u32 level = tracer->thread_pid->level;
    struct list_head *head = &tracer->ptraced, *at = tracer->ptraced.next;
    for (int i = 0; i < AUDIT_TRACED; i++) {
        struct upid id = {};
        if (!at || at == head)
            break;
        struct task_struct *task = container_of(at, struct task_struct, ptrace_entry);
        struct pid *pid = task->thread_pid;
        bpf_probe_read_kernel(&id, sizeof(id), &pid->numbers[level]);
        if (id.nr == number)
            return task;
        at = at->next;
    }
    return 0;
}

static __always_inline void tell_traced(struct audit_call *call) {
    struct task_struct *task = audit_task(), *target = task;
    u64 request = call->args[0];
    if (call->ret != 0 || !handler_wants(call->handler, AUDIT_EVENT_PTRACE_ATTACH))
        return;
    if (request == AUDIT_PTRACE_ATTACH || request == AUDIT_PTRACE_SEIZE)
        target = traced_task(task, call->args[1]);
    else if (request != AUDIT_PTRACE_TRACEME)
        return;
    struct audit_record *record = record_new(AUDIT_SLOT_PROCESS);
    if (!record)
        return;
    record_begin(record, AUDIT_EVENT_PTRACE_ATTACH, call->handler, sizeof(struct audit_ptrace));
    struct audit_ptrace *fixed = record_fixed(record);
    fixed->request = request;
    fixed->target_tgid = target->tgid;
    fixed->target_tid = target->pid;
    record_finish(record);
}

RAW_TRACEPOINT_PROBE(sys_enter__events) {
    u64 number = ctx->args[1];
    if (!is_change(number))
        return 0;
    u32 type = syscall_type(number);
    if (may_change(type))
        change_begins(type);
    return 0;
}

static __always_inline void call_ends(struct audit_call *call, struct pt_regs *regs) {
    struct audit_pending arguments = {.type = call->type};
    syscall_arguments(&arguments, regs);
    for (int i = 0; i < 6; i++)
        call->args[i] = arguments.args[i];
    call->is_compat = call->type >= AUDIT_COMPAT;
    if (call->kind == AUDIT_CALL_SOCKET)
        unpack_socketcall(call);
    if (call->kind == AUDIT_CALL_ACCEPT)
        tell_accepted(call);
    else if (call->kind == AUDIT_CALL_PTRACE)
        tell_traced(call);
    else if (call->kind >= AUDIT_CALL_RECEIVE)
        tell_received(call);
    else if (call->kind != AUDIT_CALL_NONE)
        tell_sent(call);
}

RAW_TRACEPOINT_PROBE(sys_exit__events) {
    struct pt_regs *regs = (struct pt_regs *)ctx->args[0];
    struct audit_call call;
    u64 id = bpf_get_current_pid_tgid(), number = call_number(regs);
    if (!is_telling(number))
        return 0;
    long handler = task_handler(id >> 32);
    if (handler < 0)
        return 0;
    call.handler = handler;
    call.type = syscall_type(number);
    call.kind = call_kind(call.type);
    call.ret = ctx->args[1];
    change_ends(id, handler, call.ret);
    if (call.kind != AUDIT_CALL_NONE)
        call_ends(&call, regs);
    return 0;
}
