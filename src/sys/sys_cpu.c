/* CPU features. For x86 the instruction itself is asked, not /proc/cpuinfo: under an emulator of user
 * programs (qemu-x86_64) and in some sandboxes that file is the host's. Leaves and bits: Intel SDM volume 2A,
 * CPUID, and AMD APM volume 3, appendix E; names: Linux, arch/x86/include/asm/cpufeatures.h. */
#include "sys/cpu.h"

#include <string.h>

#include "base/buf.h"

#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#define HAS_CPUID 1
#elif defined(_M_X64) || defined(_M_IX86)
#include <immintrin.h>
#include <intrin.h>
#define HAS_CPUID 1
#endif

#ifdef HAS_CPUID

typedef struct leaf {
    uint32_t reg[4]; /* EAX, EBX, ECX, EDX */
} leaf;

enum { EAX, EBX, ECX, EDX };
enum { LEAF_1, LEAF_7, LEAF_7_1, LEAF_EXT_1, LEAF_COUNT };

/* State components that the system must save before programs may use a feature (XCR0). */
#define XCR0_NONE 0u
#define XCR0_YMM 0x6u  /* XMM and upper halves of YMM */
#define XCR0_ZMM 0xe6u /* and opmask, upper halves of ZMM0-15, ZMM16-31 */
#define XCR0_AMX 0x60000u

typedef struct feature {
    const char *name;
    uint8_t leaf, reg, bit;
    uint32_t xcr0;
} feature;

static const feature features[] = {
    {"fpu", LEAF_1, EDX, 0, XCR0_NONE},
    {"cx8", LEAF_1, EDX, 8, XCR0_NONE},
    {"cmov", LEAF_1, EDX, 15, XCR0_NONE},
    {"mmx", LEAF_1, EDX, 23, XCR0_NONE},
    {"fxsr", LEAF_1, EDX, 24, XCR0_NONE},
    {"sse", LEAF_1, EDX, 25, XCR0_NONE},
    {"sse2", LEAF_1, EDX, 26, XCR0_NONE},
    {"pni", LEAF_1, ECX, 0, XCR0_NONE},
    {"pclmulqdq", LEAF_1, ECX, 1, XCR0_NONE},
    {"ssse3", LEAF_1, ECX, 9, XCR0_NONE},
    {"fma", LEAF_1, ECX, 12, XCR0_YMM},
    {"cx16", LEAF_1, ECX, 13, XCR0_NONE},
    {"sse4_1", LEAF_1, ECX, 19, XCR0_NONE},
    {"sse4_2", LEAF_1, ECX, 20, XCR0_NONE},
    {"movbe", LEAF_1, ECX, 22, XCR0_NONE},
    {"popcnt", LEAF_1, ECX, 23, XCR0_NONE},
    {"aes", LEAF_1, ECX, 25, XCR0_NONE},
    {"xsave", LEAF_1, ECX, 26, XCR0_NONE},
    {"avx", LEAF_1, ECX, 28, XCR0_YMM},
    {"f16c", LEAF_1, ECX, 29, XCR0_YMM},
    {"rdrand", LEAF_1, ECX, 30, XCR0_NONE},
    {"hypervisor", LEAF_1, ECX, 31, XCR0_NONE},
    {"bmi1", LEAF_7, EBX, 3, XCR0_NONE},
    {"avx2", LEAF_7, EBX, 5, XCR0_YMM},
    {"bmi2", LEAF_7, EBX, 8, XCR0_NONE},
    {"erms", LEAF_7, EBX, 9, XCR0_NONE},
    {"avx512f", LEAF_7, EBX, 16, XCR0_ZMM},
    {"avx512dq", LEAF_7, EBX, 17, XCR0_ZMM},
    {"rdseed", LEAF_7, EBX, 18, XCR0_NONE},
    {"adx", LEAF_7, EBX, 19, XCR0_NONE},
    {"avx512ifma", LEAF_7, EBX, 21, XCR0_ZMM},
    {"avx512cd", LEAF_7, EBX, 28, XCR0_ZMM},
    {"sha_ni", LEAF_7, EBX, 29, XCR0_NONE},
    {"avx512bw", LEAF_7, EBX, 30, XCR0_ZMM},
    {"avx512vl", LEAF_7, EBX, 31, XCR0_ZMM},
    {"avx512vbmi", LEAF_7, ECX, 1, XCR0_ZMM},
    {"avx512_vbmi2", LEAF_7, ECX, 6, XCR0_ZMM},
    {"gfni", LEAF_7, ECX, 8, XCR0_NONE},
    {"vaes", LEAF_7, ECX, 9, XCR0_YMM},
    {"vpclmulqdq", LEAF_7, ECX, 10, XCR0_YMM},
    {"avx512_vnni", LEAF_7, ECX, 11, XCR0_ZMM},
    {"avx512_bitalg", LEAF_7, ECX, 12, XCR0_ZMM},
    {"avx512_vpopcntdq", LEAF_7, ECX, 14, XCR0_ZMM},
    {"amx_bf16", LEAF_7, EDX, 22, XCR0_AMX},
    {"avx512_fp16", LEAF_7, EDX, 23, XCR0_ZMM},
    {"amx_tile", LEAF_7, EDX, 24, XCR0_AMX},
    {"amx_int8", LEAF_7, EDX, 25, XCR0_AMX},
    {"avx_vnni", LEAF_7_1, EAX, 4, XCR0_YMM},
    {"avx512_bf16", LEAF_7_1, EAX, 5, XCR0_ZMM},
    {"lahf_lm", LEAF_EXT_1, ECX, 0, XCR0_NONE},
    {"abm", LEAF_EXT_1, ECX, 5, XCR0_NONE},
    {"sse4a", LEAF_EXT_1, ECX, 6, XCR0_NONE},
    {"xop", LEAF_EXT_1, ECX, 11, XCR0_YMM},
    {"fma4", LEAF_EXT_1, ECX, 16, XCR0_YMM},
    {"nx", LEAF_EXT_1, EDX, 20, XCR0_NONE},
    {"lm", LEAF_EXT_1, EDX, 29, XCR0_NONE},
};

#define BIT_OSXSAVE (1u << 27) /* leaf 1, ECX: the system uses XSAVE and lets programs read XCR0 */
#define BIT_AVX (1u << 28)     /* leaf 1, ECX */

static leaf ask(uint32_t number, uint32_t sub)
{
    leaf out = {{0, 0, 0, 0}};
#ifdef _MSC_VER
    int reg[4];

    __cpuid(reg, (int)(number & 0x80000000u));
    if ((uint32_t)reg[0] < number)
        return out;
    __cpuidex(reg, (int)number, (int)sub);
    for (int i = 0; i < 4; i++)
        out.reg[i] = (uint32_t)reg[i];
#else
    (void)__get_cpuid_count(number, sub, &out.reg[0], &out.reg[1], &out.reg[2], &out.reg[3]);
#endif
    return out;
}

/* Only where OSXSAVE is set: the instruction is invalid otherwise. */
static uint64_t read_xcr0(void)
{
#ifdef _MSC_VER
    return _xgetbv(0);
#else
    uint32_t low;
    uint32_t high;

    /* The intrinsic would need the whole file compiled for processors with XSAVE. */
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return ((uint64_t)high << 32) | low;
#endif
}

/* The brand string: 48 bytes in leaves 0x80000002 to 0x80000004, NUL-padded, often with blanks in front. */
static tfd_str read_brand(tfd_arena *arena)
{
    char text[49] = {0};

    for (uint32_t i = 0; i < 3; i++) {
        leaf part = ask(0x80000002u + i, 0);

        memcpy(text + 16 * (size_t)i, part.reg, 16);
    }
    return tfd_arena_str(arena, tfd_str_trim(tfd_str_of(text)));
}

bool tfd_cpu_ask(tfd_arena *arena, tfd_cpu *out)
{
    leaf leaves[LEAF_COUNT];
    uint64_t xcr0 = 0;
    tfd_buf flags;

    leaves[LEAF_1] = ask(1, 0);
    leaves[LEAF_7] = ask(7, 0);
    leaves[LEAF_7_1] = leaves[LEAF_7].reg[EAX] >= 1 ? ask(7, 1) : (leaf){{0, 0, 0, 0}};
    leaves[LEAF_EXT_1] = ask(0x80000001u, 0);
    if (leaves[LEAF_1].reg[ECX] & BIT_OSXSAVE)
        xcr0 = read_xcr0();
    tfd_buf_init(&flags, 4096);
    tfd_buf_char(&flags, ' ');
    for (size_t i = 0; i < sizeof features / sizeof features[0]; i++) {
        const feature *one = &features[i];

        if ((leaves[one->leaf].reg[one->reg] >> one->bit & 1u) == 0 || (xcr0 & one->xcr0) != one->xcr0)
            continue;
        tfd_buf_z(&flags, one->name);
        tfd_buf_char(&flags, ' ');
    }
    out->flags = tfd_buf_to_arena(&flags, arena);
    tfd_buf_done(&flags);
    out->known = out->flags.len > 1;
    out->model = read_brand(arena);
    out->source = TFD_STR("CPUID leaves 1, 7, 0x80000001; XCR0");
    out->avx_in_cpu = (leaves[LEAF_1].reg[ECX] & BIT_AVX) != 0;
    out->avx_enabled = out->avx_in_cpu && (xcr0 & XCR0_YMM) == XCR0_YMM;
#if defined(__x86_64__) || defined(_M_X64)
    out->arch = TFD_ARCH_X86_64;
#else
    out->arch = TFD_ARCH_X86;
#endif
    return true;
}

#else

bool tfd_cpu_ask(tfd_arena *arena, tfd_cpu *out)
{
    (void)arena;
    (void)out;
    return false;
}

#endif
