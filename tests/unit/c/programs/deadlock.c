// Locks in the order they are taken: a record with an array, walked in an unrolled loop.
#include <linux/sched.h>
#include <uapi/linux/ptrace.h>
#define MAX_HELD_MUTEXES 16

struct thread_created_leaf_t { u64 stack_id; u32 parent_pid; char comm[16]; };
BPF_HASH(thread_to_parent, u32, struct thread_created_leaf_t);

struct held_mutex_t { u64 mutex; u64 stack_id; };
struct thread_to_held_mutex_leaf_t { struct held_mutex_t held_mutexes[MAX_HELD_MUTEXES]; };
BPF_HASH(thread_to_held_mutexes, u32, struct thread_to_held_mutex_leaf_t, 10240);

struct edges_key_t { u64 mutex1; u64 mutex2; };
struct edges_leaf_t { u64 mutex1_stack_id; u64 mutex2_stack_id; u32 thread_pid; char comm[16]; };
BPF_HASH(edges, struct edges_key_t, struct edges_leaf_t, 65536);
BPF_STACK_TRACE(stack_traces, 1024);

int trace_mutex_acquire(struct pt_regs *ctx, void *mutex_addr) {
    // Higher 32 bits is process ID, Lower 32 bits is thread ID.
    u32 pid = bpf_get_current_pid_tgid();
    u64 mutex = (u64)mutex_addr;

    struct thread_to_held_mutex_leaf_t empty_leaf = {};
    struct thread_to_held_mutex_leaf_t *leaf =
        thread_to_held_mutexes.lookup_or_try_init(&pid, &empty_leaf);
    if (!leaf) {
        bpf_trace_printk("could not add thread_to_held_mutex key, thread: %d, mutex: %p\n", pid, mutex);
        return 1;
    }

    // Recursive mutexes lock the same mutex multiple times.
    #pragma unroll
    for (int i = 0; i < MAX_HELD_MUTEXES; ++i) {
        if (leaf->held_mutexes[i].mutex == mutex)
            return 1;
    }

    u64 stack_id = stack_traces.get_stackid(ctx, BPF_F_USER_STACK);
    int added_mutex = 0;
    #pragma unroll
    for (int i = 0; i < MAX_HELD_MUTEXES; ++i) {
        // If this is a free slot, see if we can insert.
        if (!leaf->held_mutexes[i].mutex) {
            if (!added_mutex) {
                leaf->held_mutexes[i].mutex = mutex;
                leaf->held_mutexes[i].stack_id = stack_id;
                added_mutex = 1;
            }
            continue;
        }
        // Add edges for an existing mutex.
        struct edges_key_t edge_key = {};
        edge_key.mutex1 = leaf->held_mutexes[i].mutex;
        edge_key.mutex2 = mutex;
        struct edges_leaf_t edge_leaf = {};
        edge_leaf.mutex1_stack_id = leaf->held_mutexes[i].stack_id;
        edge_leaf.mutex2_stack_id = stack_id;
        edge_leaf.thread_pid = pid;
        bpf_get_current_comm(&edge_leaf.comm, sizeof(edge_leaf.comm));
        edges.update(&edge_key, &edge_leaf);
    }
    return added_mutex ? 0 : 1;
}
