/* The byte order of the network; constants are turned by the compiler, the rest takes an insn. */
#ifndef SEISMO_BPF_ENDIAN_H
#define SEISMO_BPF_ENDIAN_H

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define SEISMO_TO_BIG(bits, x) __builtin_bswap##bits(x)
#define SEISMO_TO_LITTLE(bits, x) (x)
#else
#define SEISMO_TO_BIG(bits, x) (x)
#define SEISMO_TO_LITTLE(bits, x) __builtin_bswap##bits(x)
#endif

#define bpf_htons(x) ((__u16)SEISMO_TO_BIG(16, (__u16)(x)))
#define bpf_ntohs(x) bpf_htons(x)
#define bpf_htonl(x) ((__u32)SEISMO_TO_BIG(32, (__u32)(x)))
#define bpf_ntohl(x) bpf_htonl(x)
#define bpf_cpu_to_be64(x) ((__u64)SEISMO_TO_BIG(64, (__u64)(x)))
#define bpf_be64_to_cpu(x) bpf_cpu_to_be64(x)
#define bpf_cpu_to_le64(x) ((__u64)SEISMO_TO_LITTLE(64, (__u64)(x)))
#define bpf_le64_to_cpu(x) bpf_cpu_to_le64(x)

#endif
