/* What depends on the machine: registers of system calls, numbers of some of them. */
#ifdef __aarch64__
#define AUDIT_NR_CLOSE 57
#define AUDIT_NR_CLONE 220
#define AUDIT_NR_CLONE3 435
#define AUDIT_NR_EXECVE 221
#define AUDIT_NR_EXECVEAT 281
#define AUDIT_TIF_32BIT 22 /* arch/arm64/include/asm/thread_info.h */
#else
#define AUDIT_NR_CLOSE 3
#define AUDIT_NR_CLONE 56
#define AUDIT_NR_FORK 57
#define AUDIT_NR_VFORK 58
#define AUDIT_NR_CLONE3 435
#define AUDIT_NR_EXECVE 59
#define AUDIT_NR_EXECVEAT 322
#define AUDIT_TS_COMPAT 2 /* arch/x86/include/asm/thread_info.h */
#endif
