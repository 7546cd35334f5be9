/* What system calls do whose ends tell kernel events, by their types. */
#ifndef AUDIT_CALL_NUMBERS
#define AUDIT_CALL_NUMBERS 1

#define AUDIT_CALL_NONE 0
#define AUDIT_CALL_ACCEPT 1
#define AUDIT_CALL_SEND 2      /* send and write */
#define AUDIT_CALL_SENDTO 3
#define AUDIT_CALL_SENDMSG 4
#define AUDIT_CALL_SENDMMSG 5
#define AUDIT_CALL_RECEIVE 6   /* read */
#define AUDIT_CALL_RECVFROM 7
#define AUDIT_CALL_RECVMSG 8
#define AUDIT_CALL_RECVMMSG 9
#define AUDIT_CALL_PTRACE 10
#define AUDIT_CALL_SOCKET 11   /* socketcall(2) of 32-bit programs: any of them */

#ifdef __aarch64__

static __always_inline u64 call_number(struct pt_regs *regs) { return (u32)regs->syscallno; }

static __always_inline u32 call_kind(u32 type) {
    switch (type) {
    case 202: case 242: return AUDIT_CALL_ACCEPT;
    case 64: case 66: return AUDIT_CALL_SEND;
    case 206: return AUDIT_CALL_SENDTO;
    case 211: return AUDIT_CALL_SENDMSG;
    case 269: return AUDIT_CALL_SENDMMSG;
    case 63: case 65: return AUDIT_CALL_RECEIVE;
    case 207: return AUDIT_CALL_RECVFROM;
    case 212: return AUDIT_CALL_RECVMSG;
    case 243: return AUDIT_CALL_RECVMMSG;
    case 117: return AUDIT_CALL_PTRACE;
    }
    return AUDIT_CALL_NONE;
}

/* Calls that may change credentials (execve execveat set*id capset prctl) or namespaces, too. */
static __always_inline int may_change(u32 type) {
    switch (type) {
    case 221: case 281:
    case 143: case 144: case 145: case 146: case 147: case 149: case 151: case 152:
    case 91: case 167: case 97: case 268:
        return 1;
    }
    return 0;
}

/* Which numbers those are, of either width: a bit for each, by 64 of them. Most calls are none of
   them, and that is to be found out at once. */
static __always_inline u64 change_bits(u64 word) {
    switch (word) {
    case 1: return 0x208000000;
    case 2: return 0x8001af8000;
    case 3: return 0x20000000;
    case 4: return 0x2001000;
    }
    return 0;
}

/* All of them. */
static __always_inline u64 call_bits(u64 word) {
    switch (word) {
    case 0: return 0x8000000000000000;
    case 1: return 0x20000208000007;
    case 2: return 0x8001af8000;
    case 3: return 0xc00002018c400;
    case 4: return 0x2003000;
    }
    return 0;
}

#else

static __always_inline u64 call_number(struct pt_regs *regs) { return regs->orig_ax; }

static __always_inline u32 call_kind(u32 type) {
    switch (type) {
    case 43: case 288: case 1024 + 364: return AUDIT_CALL_ACCEPT;
    case 1: case 20: case 1024 + 4: case 1024 + 146: return AUDIT_CALL_SEND;
    case 44: case 1024 + 369: return AUDIT_CALL_SENDTO;
    case 46: case 1024 + 370: return AUDIT_CALL_SENDMSG;
    case 307: case 1024 + 345: return AUDIT_CALL_SENDMMSG;
    case 0: case 19: case 1024 + 3: case 1024 + 145: return AUDIT_CALL_RECEIVE;
    case 45: case 1024 + 371: return AUDIT_CALL_RECVFROM;
    case 47: case 1024 + 372: return AUDIT_CALL_RECVMSG;
    case 299: case 1024 + 337: case 1024 + 417: return AUDIT_CALL_RECVMMSG;
    case 101: case 1024 + 26: return AUDIT_CALL_PTRACE;
    case 1024 + 102: return AUDIT_CALL_SOCKET;
    }
    return AUDIT_CALL_NONE;
}

/* Calls that may change credentials (execve execveat set*id capset prctl) or namespaces, too. */
static __always_inline int may_change(u32 type) {
    switch (type) {
    case 59: case 322: case 1024 + 11: case 1024 + 358:
    case 105: case 106: case 113: case 114: case 117: case 119: case 122: case 123:
    case 126: case 157: case 272: case 308:
    case 1024 + 23: case 1024 + 46: case 1024 + 70: case 1024 + 71: case 1024 + 138:
    case 1024 + 139: case 1024 + 164: case 1024 + 170: case 1024 + 203: case 1024 + 204:
    case 1024 + 208: case 1024 + 210: case 1024 + 213: case 1024 + 214: case 1024 + 215:
    case 1024 + 216: case 1024 + 185: case 1024 + 172: case 1024 + 310: case 1024 + 346:
        return 1;
    }
    return 0;
}

#endif

/* Which numbers those are, of either width: a bit for each, by 64 of them. Most calls are none of
   them, and that is to be found out at once. */
static __always_inline u64 change_bits(u64 word) {
    switch (word) {
    case 0: return 0x800400000800800;
    case 1: return 0x4ca60600000000c0;
    case 2: return 0x200141020000c00;
    case 3: return 0x1e51800;
    case 4: return 0x50000000010000;
    case 5: return 0x4004000004;
    }
    return 0;
}

/* All of them. */
static __always_inline u64 call_bits(u64 word) {
    switch (word) {
    case 0: return 0x800f8000498081b;
    case 1: return 0x4ca60660000000c0;
    case 2: return 0x200141020060c00;
    case 3: return 0x1e51800;
    case 4: return 0x58080100010000;
    case 5: return 0x1e104006020004;
    case 6: return 0x200000000;
    }
    return 0;
}

static __always_inline int is_change(u64 number) {
    return change_bits(number >> 6) >> (number & 63) & 1;
}

static __always_inline int is_telling(u64 number) {
    return call_bits(number >> 6) >> (number & 63) & 1;
}
#endif
