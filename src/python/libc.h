/* Which C library a program is run with, from its loader's file. */
#ifndef TFD_PYTHON_LIBC_H
#define TFD_PYTHON_LIBC_H

#include "python/binary.h"

typedef struct tfd_libc {
    tfd_str name;    /* "glibc", "musl"; empty: unknown */
    tfd_str version; /* "2.36"; empty: unknown */
    tfd_str source;  /* file it was read from */
} tfd_libc;

/* interp: PT_INTERP of the program; empty (a static program, or none was read): unknown. */
void tfd_libc_find(const tfd_sys *sys, tfd_arena *arena, tfd_str interp, tfd_libc *out);

/* File that the loader would take for a NEEDED name of this program: DT_RPATH, LD_LIBRARY_PATH, DT_RUNPATH,
 * ld.so.cache (its text only), the default folders; ld.so(8). Good enough for the interpreter's own library;
 * the full model is in src/loader. Empty: found nowhere. program: real path. */
tfd_str tfd_libc_resolve(const tfd_sys *sys, tfd_arena *arena, tfd_str program, const tfd_elf *elf,
                         tfd_str name);

#endif
