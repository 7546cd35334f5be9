// Objects of the kernel, reached through members, copies, casts and elements.
#include <linux/fs.h>
#include <linux/sched.h>
#include <net/sock.h>
#include <bcc/proto.h>

static u32 address_of(struct sock *sk)
{
    struct inet_sock *inet = (struct inet_sock *)sk;
    u32 sent_from = inet->inet_sport;

    return sk->__sk_common.skc_rcv_saddr + sent_from + tcp_sk(sk)->srtt_us;
}

int kprobe__tcp_close(struct pt_regs *ctx, struct sock *sk)
{
    u16 local = sk->sk_num, remote = sk->sk_dport;
    unsigned __int128 address;

    bpf_probe_read_kernel(&address, sizeof(address),
                          sk->__sk_common.skc_v6_daddr.in6_u.u6_addr32);
    return local + ntohs(remote) + address_of(sk) + ((u32 *)&address)[3] + sk->sk_state;
}

int kprobe__vfs_read(struct pt_regs *ctx, struct file *file)
{
    struct dentry *at = file->f_path.dentry;
    struct qstr name = at->d_name;
    char text[32];
    int depth = 0;

    bpf_probe_read_kernel_str(&text, sizeof(text), name.name);
    for (int i = 0; i < 10; i++) {
        if (at == at->d_parent)
            break;
        at = at->d_parent;
        depth++;
    }
    return depth + name.len + at->d_name.len + S_ISREG(file->f_inode->i_mode) + text[0];
}

int kprobe__ip_rcv(struct pt_regs *ctx, struct sk_buff *skb)
{
    struct iphdr *ip = (struct iphdr *)(skb->head + skb->network_header);
    struct tcphdr *tcp = (struct tcphdr *)(skb->head + skb->transport_header);
    u8 flags = ((u8 *)tcp)[13];

    return ip->version + ip->saddr + flags + ntohs(tcp->dest) + tcp->syn + skb->dev->name[0];
}

int kprobe__blk_mq_start_request(struct pt_regs *ctx, struct request *request)
{
    struct bio *bio = request->bio;
    u64 bytes = 0;

    for (int i = 0; i < 3; i++) {
        if (!bio)
            break;
        bytes += bio->bi_iter.bi_size;
        bio = bio->bi_next;
    }
    return bytes + request->__data_len;
}

int fd_of(struct pt_regs *ctx, int fd)
{
    struct task_struct *task = (struct task_struct *)bpf_get_current_task();
    struct fdtable *table = task->files->fdt;

    if (fd < 0 || fd >= table->max_fds)
        return 0;
    return table->fd[fd]->f_flags + task->files->fdt->fd[fd]->f_path.dentry->d_inode->i_ino;
}

int registers(struct pt_regs *ctx, struct sockaddr *address)
{
    struct pt_regs *regs = ctx, copy = *ctx;
    u64 *first = (u64 *)&ctx->di;
    struct sockaddr_in *in = (struct sockaddr_in *)address;

    if (address->sa_family == AF_INET)
        return in->sin_addr.s_addr + ntohs(in->sin_port);
    return regs->ip + copy.sp + *first + first[1];
}
