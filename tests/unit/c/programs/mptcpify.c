// What a system call is made to do instead: fmod_ret, LSM, fexit.
#include <uapi/linux/in.h>
#include <linux/net.h>
#include <linux/fs.h>
#define AF_ANY 99
struct app_name { char name[TASK_COMM_LEN]; };
BPF_HASH(support_apps, struct app_name);
KMOD_RET(update_socket_protocol, int family, int type, int protocol, int ret)
{
    struct app_name target = {};
    bpf_get_current_comm(&target.name, TASK_COMM_LEN);
    if (family != AF_ANY && support_apps.lookup(&target) && type == SOCK_STREAM &&
        (!protocol || protocol == IPPROTO_TCP))
        return IPPROTO_MPTCP;
    return protocol;
}
LSM_PROBE(file_open, struct file *file)
{
    return file->f_mode & FMODE_CREATED ? -EPERM : 0;
}
