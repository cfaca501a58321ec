/* /etc/ld.so.cache: the table of libraries that ldconfig(8) writes and glibc's ld.so asks (glibc,
 * sysdeps/generic/dl-cache.h and elf/dl-cache.c). Both layouts are read: the present one, and the one where
 * it follows a table of libc5 times. Files are hostile: counts are held against the size, offsets are
 * checked, and nothing is sorted anew. */
#ifndef TFD_LOADER_LDCACHE_H
#define TFD_LOADER_LDCACHE_H

#include "base/arena.h"
#include "base/err.h"
#include "sys/sys.h"

/* A cache with 10,000 libraries has about 1.5 MB. */
#define TFD_LDCACHE_MAX ((size_t)16 << 20)

/* Flags of an entry: the low byte is the kind of library, the next one the processor. */
#define TFD_LDCACHE_X86_64 0x0303
#define TFD_LDCACHE_386 0x0003
#define TFD_LDCACHE_AARCH64 0x0a03
#define TFD_LDCACHE_ARM_HARD 0x0903
#define TFD_LDCACHE_POWERPC_64 0x0503
#define TFD_LDCACHE_S390X 0x0403
#define TFD_LDCACHE_RISCV_64 0x1003

typedef struct tfd_ldcache {
    tfd_str bytes; /* from the new header on: string offsets count from there. Empty: no cache */
    uint32_t count;
    bool big_endian;
    tfd_str *hwcaps; /* names of glibc-hwcaps subfolders that entries refer to by number */
    size_t hwcap_count;
} tfd_ldcache;

/* text must live as long as the cache. TFD_EFORMAT: no table of a known layout. */
tfd_status tfd_ldcache_parse(tfd_arena *arena, tfd_str text, tfd_ldcache *out, tfd_err *err);

/* The path that ld.so takes for a library name, or the empty slice. flags: TFD_LDCACHE_*; allowed: names of
 * hwcaps subfolders that this processor may use, best first ("x86-64-v3", "x86-64-v2"). */
tfd_str tfd_ldcache_find(const tfd_ldcache *cache, tfd_str name, int32_t flags, const tfd_str *allowed,
                         size_t allowed_count);

/* Order of names in the table: runs of digits compare as numbers. Negative, 0, positive. */
int tfd_ldcache_compare(tfd_str a, tfd_str b);

#endif
