/* Sections whose programs belong to a function of the kernel. */
#include "common.h"

#define PROGRAM(section, name) SEC(section) int name(void *ctx) { return 0; }
PROGRAM("fentry/do_exit", is_fentry)
PROGRAM("fexit/do_exit", is_fexit)
PROGRAM("fentry.s/__x64_sys_nanosleep", is_fentry_s)
PROGRAM("fexit.s/__x64_sys_nanosleep", is_fexit_s)
PROGRAM("fmod_ret/security_file_open", is_fmod_ret)
PROGRAM("lsm/file_open", is_lsm)
PROGRAM("lsm.s/file_open", is_lsm_s)
PROGRAM("lsm_cgroup/socket_bind", is_lsm_cgroup)
GPL;
