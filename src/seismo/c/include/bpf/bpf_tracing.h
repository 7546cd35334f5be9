/*
 * Arguments and returned values of what is traced, by the registers they are in: on x86-64 and
 * arm64, as -D__TARGET_ARCH_x86 or -D__TARGET_ARCH_arm64 says.
 */
#ifndef SEISMO_BPF_TRACING_H
#define SEISMO_BPF_TRACING_H

#include <bpf/bpf_core_read.h>

#if defined(__TARGET_ARCH_x86)
#define SEISMO_REGS struct pt_regs
#if defined(__KERNEL__) || defined(__VMLINUX_H__)
#define SEISMO_PARM1 di
#define SEISMO_PARM2 si
#define SEISMO_PARM3 dx
#define SEISMO_PARM4 cx
#define SEISMO_RESULT ax
#define SEISMO_FRAME bp
#define SEISMO_STACK sp
#define SEISMO_PROGRAM ip
#else
#define SEISMO_PARM1 rdi
#define SEISMO_PARM2 rsi
#define SEISMO_PARM3 rdx
#define SEISMO_PARM4 rcx
#define SEISMO_RESULT rax
#define SEISMO_FRAME rbp
#define SEISMO_STACK rsp
#define SEISMO_PROGRAM rip
#endif
#define SEISMO_PARM5 r8
#define SEISMO_PARM6 r9
/* The instruction of system calls has rcx for itself. */
#define SEISMO_CALL_PARM4 r10
/* The address of the return address. */
#define SEISMO_RETURN SEISMO_STACK

#elif defined(__TARGET_ARCH_arm64)
#define SEISMO_REGS const struct user_pt_regs
#define SEISMO_PARM1 regs[0]
#define SEISMO_PARM2 regs[1]
#define SEISMO_PARM3 regs[2]
#define SEISMO_PARM4 regs[3]
#define SEISMO_PARM5 regs[4]
#define SEISMO_PARM6 regs[5]
#define SEISMO_CALL_PARM4 SEISMO_PARM4
#define SEISMO_RESULT regs[0]
#define SEISMO_FRAME regs[29]
#define SEISMO_RETURN regs[30]
#define SEISMO_STACK sp
#define SEISMO_PROGRAM pc

/* The register of a system call's first argument gets its result; the kernel keeps the argument. */
struct pt_regs___arm64 {
	unsigned long orig_x0;
} __attribute__((preserve_access_index));
#endif

#ifdef SEISMO_REGS
#define SEISMO_REG(ctx, name) (((SEISMO_REGS *)(ctx))->name)
#define SEISMO_REG_CORE(ctx, name) BPF_CORE_READ((SEISMO_REGS *)(ctx), name)

#define PT_REGS_PARM1(ctx) SEISMO_REG(ctx, SEISMO_PARM1)
#define PT_REGS_PARM2(ctx) SEISMO_REG(ctx, SEISMO_PARM2)
#define PT_REGS_PARM3(ctx) SEISMO_REG(ctx, SEISMO_PARM3)
#define PT_REGS_PARM4(ctx) SEISMO_REG(ctx, SEISMO_PARM4)
#define PT_REGS_PARM5(ctx) SEISMO_REG(ctx, SEISMO_PARM5)
#define PT_REGS_PARM6(ctx) SEISMO_REG(ctx, SEISMO_PARM6)
#define PT_REGS_RET(ctx) SEISMO_REG(ctx, SEISMO_RETURN)
#define PT_REGS_FP(ctx) SEISMO_REG(ctx, SEISMO_FRAME)
#define PT_REGS_RC(ctx) SEISMO_REG(ctx, SEISMO_RESULT)
#define PT_REGS_SP(ctx) SEISMO_REG(ctx, SEISMO_STACK)
#define PT_REGS_IP(ctx) SEISMO_REG(ctx, SEISMO_PROGRAM)

/* The same of registers that are not the program's context: a helper reads them. */
#define PT_REGS_PARM1_CORE(ctx) SEISMO_REG_CORE(ctx, SEISMO_PARM1)
#define PT_REGS_PARM2_CORE(ctx) SEISMO_REG_CORE(ctx, SEISMO_PARM2)
#define PT_REGS_PARM3_CORE(ctx) SEISMO_REG_CORE(ctx, SEISMO_PARM3)
#define PT_REGS_PARM4_CORE(ctx) SEISMO_REG_CORE(ctx, SEISMO_PARM4)
#define PT_REGS_PARM5_CORE(ctx) SEISMO_REG_CORE(ctx, SEISMO_PARM5)
#define PT_REGS_PARM6_CORE(ctx) SEISMO_REG_CORE(ctx, SEISMO_PARM6)
#define PT_REGS_RET_CORE(ctx) SEISMO_REG_CORE(ctx, SEISMO_RETURN)
#define PT_REGS_FP_CORE(ctx) SEISMO_REG_CORE(ctx, SEISMO_FRAME)
#define PT_REGS_RC_CORE(ctx) SEISMO_REG_CORE(ctx, SEISMO_RESULT)
#define PT_REGS_SP_CORE(ctx) SEISMO_REG_CORE(ctx, SEISMO_STACK)
#define PT_REGS_IP_CORE(ctx) SEISMO_REG_CORE(ctx, SEISMO_PROGRAM)

/* Where a function returns to, at its beginning; where it has returned to, if it kept a frame. */
#ifdef __TARGET_ARCH_arm64
#define BPF_KPROBE_READ_RET_IP(ip, ctx) ({ (ip) = PT_REGS_RET(ctx); })
#define BPF_KRETPROBE_READ_RET_IP(ip, ctx) BPF_KPROBE_READ_RET_IP(ip, ctx)
#else
#define SEISMO_READ_WORD(to, from) bpf_probe_read_kernel(&(to), sizeof(to), (void *)(from))
#define BPF_KPROBE_READ_RET_IP(ip, ctx) SEISMO_READ_WORD(ip, PT_REGS_RET(ctx))
#define BPF_KRETPROBE_READ_RET_IP(ip, ctx) SEISMO_READ_WORD(ip, PT_REGS_FP(ctx) + sizeof(ip))
#endif

/* Of system calls, whose functions take a pointer to the caller's registers on these processors. */
#define PT_REGS_SYSCALL_REGS(ctx) ((struct pt_regs *)PT_REGS_PARM1(ctx))
#ifdef __TARGET_ARCH_arm64
#define PT_REGS_PARM1_CORE_SYSCALL(ctx)                                                            \
	BPF_CORE_READ((const struct pt_regs___arm64 *)(ctx), orig_x0)
#define PT_REGS_PARM1_SYSCALL(ctx) PT_REGS_PARM1_CORE_SYSCALL(ctx)
#else
#define PT_REGS_PARM1_CORE_SYSCALL(ctx) PT_REGS_PARM1_CORE(ctx)
#define PT_REGS_PARM1_SYSCALL(ctx) PT_REGS_PARM1(ctx)
#endif
#define PT_REGS_PARM2_SYSCALL(ctx) PT_REGS_PARM2(ctx)
#define PT_REGS_PARM3_SYSCALL(ctx) PT_REGS_PARM3(ctx)
#define PT_REGS_PARM4_SYSCALL(ctx) SEISMO_REG(ctx, SEISMO_CALL_PARM4)
#define PT_REGS_PARM5_SYSCALL(ctx) PT_REGS_PARM5(ctx)
#define PT_REGS_PARM6_SYSCALL(ctx) PT_REGS_PARM6(ctx)
#define PT_REGS_PARM2_CORE_SYSCALL(ctx) PT_REGS_PARM2_CORE(ctx)
#define PT_REGS_PARM3_CORE_SYSCALL(ctx) PT_REGS_PARM3_CORE(ctx)
#define PT_REGS_PARM4_CORE_SYSCALL(ctx) SEISMO_REG_CORE(ctx, SEISMO_CALL_PARM4)
#define PT_REGS_PARM5_CORE_SYSCALL(ctx) PT_REGS_PARM5_CORE(ctx)
#define PT_REGS_PARM6_CORE_SYSCALL(ctx) PT_REGS_PARM6_CORE(ctx)

/* As many arguments as are named, each after a comma. */
#define SEISMO_REGS_0(of, ctx)
#define SEISMO_REGS_1(of, ctx, x) , (void *)PT_REGS_PARM1##of(ctx)
#define SEISMO_REGS_2(of, ctx, x, ...)                                                             \
	SEISMO_REGS_1(of, ctx, x), (void *)PT_REGS_PARM2##of(ctx)
#define SEISMO_REGS_3(of, ctx, x, ...)                                                             \
	SEISMO_REGS_2(of, ctx, x), (void *)PT_REGS_PARM3##of(ctx)
#define SEISMO_REGS_4(of, ctx, x, ...)                                                             \
	SEISMO_REGS_3(of, ctx, x), (void *)PT_REGS_PARM4##of(ctx)
#define SEISMO_REGS_5(of, ctx, x, ...)                                                             \
	SEISMO_REGS_4(of, ctx, x), (void *)PT_REGS_PARM5##of(ctx)
#define SEISMO_REGS_6(of, ctx, x, ...)                                                             \
	SEISMO_REGS_5(of, ctx, x), (void *)PT_REGS_PARM6##of(ctx)
#define SEISMO_FROM_REGS(of, ctx, ...)                                                             \
	SEISMO_BY_COUNT(SEISMO_REGS_, ##__VA_ARGS__)(of, ctx, ##__VA_ARGS__)
#define SEISMO_FROM_RESULT(of, ctx, ...) SEISMO_BY_COUNT(SEISMO_RESULT_, ##__VA_ARGS__)(ctx)
#define SEISMO_RESULT_0(ctx)
#define SEISMO_RESULT_1(ctx) , (void *)PT_REGS_RC(ctx)
#endif

/* The same of programs whose context is an array of 64-bit values. */
#define SEISMO_SLOTS_0(ctx)
#define SEISMO_SLOTS_1(ctx) , (void *)ctx[0]
#define SEISMO_SLOTS_2(ctx) SEISMO_SLOTS_1(ctx), (void *)ctx[1]
#define SEISMO_SLOTS_3(ctx) SEISMO_SLOTS_2(ctx), (void *)ctx[2]
#define SEISMO_SLOTS_4(ctx) SEISMO_SLOTS_3(ctx), (void *)ctx[3]
#define SEISMO_SLOTS_5(ctx) SEISMO_SLOTS_4(ctx), (void *)ctx[4]
#define SEISMO_SLOTS_6(ctx) SEISMO_SLOTS_5(ctx), (void *)ctx[5]
#define SEISMO_SLOTS_7(ctx) SEISMO_SLOTS_6(ctx), (void *)ctx[6]
#define SEISMO_SLOTS_8(ctx) SEISMO_SLOTS_7(ctx), (void *)ctx[7]
#define SEISMO_SLOTS_9(ctx) SEISMO_SLOTS_8(ctx), (void *)ctx[8]
#define SEISMO_SLOTS_10(ctx) SEISMO_SLOTS_9(ctx), (void *)ctx[9]
#define SEISMO_SLOTS_11(ctx) SEISMO_SLOTS_10(ctx), (void *)ctx[10]
#define SEISMO_SLOTS_12(ctx) SEISMO_SLOTS_11(ctx), (void *)ctx[11]
#define SEISMO_FROM_SLOTS(of, ctx, ...) SEISMO_BY_COUNT(SEISMO_SLOTS_, ##__VA_ARGS__)(ctx)

/*
 * A program with named arguments: `int BPF_PROG(name, struct task_struct *task)`. The function of
 * that name takes the context, and hands the arguments on to another that is a part of it.
 */
#define SEISMO_PROGRAM_OF(context, from, name, args...)                                            \
	name(context *ctx);                                                                        \
	static __always_inline __typeof__(name(0)) seismo_##name(context *ctx, ##args);            \
	__typeof__(name(0)) name(context *ctx)                                                     \
	{                                                                                          \
		_Pragma("GCC diagnostic push")                                                     \
		_Pragma("GCC diagnostic ignored \"-Wint-conversion\"")                             \
		return seismo_##name(ctx from(, ctx, ##args));                                     \
		_Pragma("GCC diagnostic pop")                                                      \
	}                                                                                          \
	static __always_inline __typeof__(name(0)) seismo_##name(context *ctx __unused, ##args)

#define BPF_PROG(name, args...)                                                                    \
	SEISMO_PROGRAM_OF(unsigned long long, SEISMO_FROM_SLOTS, name, ##args)

/*
 * BPF_PROG2 is for functions that take structs by value, which are in one slot or two. Types and
 * names are apart: `int BPF_PROG2(name, struct pair, both, int, one)`.
 */
#define SEISMO_PAIRS(name, ...)                                                                    \
	SEISMO_JOIN(name, SEISMO_PAIRS_(_, ##__VA_ARGS__, 12, 12, 11, 11, 10, 10, 9, 9, 8, 8, 7,   \
					7, 6, 6, 5, 5, 4, 4, 3, 3, 2, 2, 1, 1, 0))
#define SEISMO_PAIRS_(_0, _1, _2, _3, _4, _5, _6, _7, _8, _9, _10, _11, _12, _13, _14, _15, _16,   \
		      _17, _18, _19, _20, _21, _22, _23, _24, count, ...) count
#define SEISMO_DECLARED_0()
#define SEISMO_DECLARED_1(type, name) , type name
#define SEISMO_DECLARED_2(type, name, ...) , type name SEISMO_DECLARED_1(__VA_ARGS__)
#define SEISMO_DECLARED_3(type, name, ...) , type name SEISMO_DECLARED_2(__VA_ARGS__)
#define SEISMO_DECLARED_4(type, name, ...) , type name SEISMO_DECLARED_3(__VA_ARGS__)
#define SEISMO_DECLARED_5(type, name, ...) , type name SEISMO_DECLARED_4(__VA_ARGS__)
#define SEISMO_DECLARED_6(type, name, ...) , type name SEISMO_DECLARED_5(__VA_ARGS__)
#define SEISMO_DECLARED_7(type, name, ...) , type name SEISMO_DECLARED_6(__VA_ARGS__)
#define SEISMO_DECLARED_8(type, name, ...) , type name SEISMO_DECLARED_7(__VA_ARGS__)
#define SEISMO_DECLARED_9(type, name, ...) , type name SEISMO_DECLARED_8(__VA_ARGS__)
#define SEISMO_DECLARED_10(type, name, ...) , type name SEISMO_DECLARED_9(__VA_ARGS__)
#define SEISMO_DECLARED_11(type, name, ...) , type name SEISMO_DECLARED_10(__VA_ARGS__)
#define SEISMO_DECLARED_12(type, name, ...) , type name SEISMO_DECLARED_11(__VA_ARGS__)
#define SEISMO_DECLARED(...) SEISMO_PAIRS(SEISMO_DECLARED_, ##__VA_ARGS__)(__VA_ARGS__)

#define SEISMO_WIDTH(type) (sizeof(type) > sizeof(unsigned long long) ? 2 : 1)
#define SEISMO_TAKEN_0(ctx, at)
#define SEISMO_TAKEN_1(ctx, at, type, name)                                                        \
	, ({                                                                                       \
		union { unsigned long long slots[2]; type value; } seismo_taken = {{ ctx[at] }};   \
		if (SEISMO_WIDTH(type) > 1)                                                        \
			seismo_taken.slots[1] = ctx[(at) + 1];                                     \
		seismo_taken.value;                                                                \
	})
#define SEISMO_TAKEN_2(ctx, at, type, name, ...)                                                   \
	SEISMO_TAKEN_1(ctx, at, type, name)                                                        \
	SEISMO_TAKEN_1(ctx, at + SEISMO_WIDTH(type), __VA_ARGS__)
#define SEISMO_TAKEN_3(ctx, at, type, name, ...)                                                   \
	SEISMO_TAKEN_1(ctx, at, type, name)                                                        \
	SEISMO_TAKEN_2(ctx, at + SEISMO_WIDTH(type), __VA_ARGS__)
#define SEISMO_TAKEN_4(ctx, at, type, name, ...)                                                   \
	SEISMO_TAKEN_1(ctx, at, type, name)                                                        \
	SEISMO_TAKEN_3(ctx, at + SEISMO_WIDTH(type), __VA_ARGS__)
#define SEISMO_TAKEN_5(ctx, at, type, name, ...)                                                   \
	SEISMO_TAKEN_1(ctx, at, type, name)                                                        \
	SEISMO_TAKEN_4(ctx, at + SEISMO_WIDTH(type), __VA_ARGS__)
#define SEISMO_TAKEN_6(ctx, at, type, name, ...)                                                   \
	SEISMO_TAKEN_1(ctx, at, type, name)                                                        \
	SEISMO_TAKEN_5(ctx, at + SEISMO_WIDTH(type), __VA_ARGS__)
#define SEISMO_TAKEN_7(ctx, at, type, name, ...)                                                   \
	SEISMO_TAKEN_1(ctx, at, type, name)                                                        \
	SEISMO_TAKEN_6(ctx, at + SEISMO_WIDTH(type), __VA_ARGS__)
#define SEISMO_TAKEN_8(ctx, at, type, name, ...)                                                   \
	SEISMO_TAKEN_1(ctx, at, type, name)                                                        \
	SEISMO_TAKEN_7(ctx, at + SEISMO_WIDTH(type), __VA_ARGS__)
#define SEISMO_TAKEN_9(ctx, at, type, name, ...)                                                   \
	SEISMO_TAKEN_1(ctx, at, type, name)                                                        \
	SEISMO_TAKEN_8(ctx, at + SEISMO_WIDTH(type), __VA_ARGS__)
#define SEISMO_TAKEN_10(ctx, at, type, name, ...)                                                  \
	SEISMO_TAKEN_1(ctx, at, type, name)                                                        \
	SEISMO_TAKEN_9(ctx, at + SEISMO_WIDTH(type), __VA_ARGS__)
#define SEISMO_TAKEN_11(ctx, at, type, name, ...)                                                  \
	SEISMO_TAKEN_1(ctx, at, type, name)                                                        \
	SEISMO_TAKEN_10(ctx, at + SEISMO_WIDTH(type), __VA_ARGS__)
#define SEISMO_TAKEN_12(ctx, at, type, name, ...)                                                  \
	SEISMO_TAKEN_1(ctx, at, type, name)                                                        \
	SEISMO_TAKEN_11(ctx, at + SEISMO_WIDTH(type), __VA_ARGS__)
#define SEISMO_TAKEN(ctx, ...) SEISMO_PAIRS(SEISMO_TAKEN_, ##__VA_ARGS__)(ctx, 0, ##__VA_ARGS__)
#define BPF_PROG2(name, ...)                                                                       \
	name(unsigned long long *ctx);                                                             \
	static __always_inline __typeof__(name(0)) seismo_##name(                                  \
		unsigned long long *ctx SEISMO_DECLARED(__VA_ARGS__));                             \
	__typeof__(name(0)) name(unsigned long long *ctx)                                          \
	{                                                                                          \
		return seismo_##name(ctx SEISMO_TAKEN(ctx, ##__VA_ARGS__));                        \
	}                                                                                          \
	static __always_inline __typeof__(name(0)) seismo_##name(                                  \
		unsigned long long *ctx __unused SEISMO_DECLARED(__VA_ARGS__))

#ifdef SEISMO_REGS
struct pt_regs;

#define BPF_KPROBE(name, args...)                                                                  \
	SEISMO_PROGRAM_OF(struct pt_regs, SEISMO_FROM_REGS, name, ##args)
#define BPF_KRETPROBE(name, args...)                                                               \
	SEISMO_PROGRAM_OF(struct pt_regs, SEISMO_FROM_RESULT, name, ##args)
#define BPF_UPROBE BPF_KPROBE
#define BPF_URETPROBE BPF_KRETPROBE

/* Kernels whose system calls take their arguments in registers have none to be pointed to. */
extern _Bool LINUX_HAS_SYSCALL_WRAPPER __kconfig;

#define BPF_KSYSCALL(name, args...)                                                                \
	name(struct pt_regs *ctx);                                                                 \
	static __always_inline __typeof__(name(0)) seismo_##name(struct pt_regs *ctx, ##args);     \
	__typeof__(name(0)) name(struct pt_regs *ctx)                                              \
	{                                                                                          \
		_Pragma("GCC diagnostic push")                                                     \
		_Pragma("GCC diagnostic ignored \"-Wint-conversion\"")                             \
		if (LINUX_HAS_SYSCALL_WRAPPER) {                                                   \
			struct pt_regs *seismo_regs __unused = PT_REGS_SYSCALL_REGS(ctx);          \
			return seismo_##name(                                                      \
				ctx SEISMO_FROM_REGS(_CORE_SYSCALL, seismo_regs, ##args));         \
		}                                                                                  \
		return seismo_##name(ctx SEISMO_FROM_REGS(_SYSCALL, ctx, ##args));                 \
		_Pragma("GCC diagnostic pop")                                                      \
	}                                                                                          \
	static __always_inline __typeof__(name(0)) seismo_##name(                                  \
		struct pt_regs *ctx __unused, ##args)
#define BPF_KPROBE_SYSCALL BPF_KSYSCALL
#endif

#endif
