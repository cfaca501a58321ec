/* The machine that advice is for: what was given on the command line, and for the rest what was seen here. */
#ifndef TFD_ADVISE_TARGET_H
#define TFD_ADVISE_TARGET_H

#include "core/facts.h"
#include "core/options.h"
#include "kb/kb.h"

#define TFD_ADVISE_GPUS 16

typedef struct tfd_advise_gpu {
    tfd_str name;       /* as it was given, or as the driver or the PCI id tell it */
    tfd_str capability; /* "8.6"; empty: not known */
} tfd_advise_gpu;

/* What the package index said (online.c). */
typedef struct tfd_advise_index {
    bool was_asked;
    tfd_str address;                 /* without credentials */
    tfd_str problem;                 /* why it could not be asked, or not in full; empty: none */
    const tfd_kb_release **releases; /* that the knowledge base does not have, by their own metadata */
    size_t release_count;
    const tfd_str
        *withdrawn; /* releases of the knowledge base without a wheel for the target that is not yanked */
    size_t withdrawn_count;
} tfd_advise_index;

typedef struct tfd_advise_target {
    const tfd_options *options;
    const tfd_facts *facts; /* of this machine; NULL: nothing was looked at */
    bool is_here;           /* the command is for the interpreter in facts */

    int major, minor;
    tfd_str version; /* "3.12.1" or "3.12" */
    tfd_str why;     /* which interpreter this is: "--python", "PATH" … */
    tfd_tri is_cpython, free_threaded, debug;
    tfd_str implementation; /* "cpython", "pypy"; empty: not known */
    int bits;               /* 32, 64; 0: not known */

    tfd_os os;
    tfd_arch arch;
    bool is_platform_given;
    tfd_str platform; /* as the knowledge base names it: "linux-x86_64"; "windows-arm64" … have no rows */
    tfd_str tag;      /* as wheels name it: "linux_x86_64" */
    int macos_major, macos_minor; /* -1: not known */
    tfd_str libc;                 /* "glibc", "musl"; empty: not known, or not Linux */
    tfd_str libc_version;         /* empty: not known */
    tfd_tri avx, avx2;

    bool wants_gpu;
    tfd_str driver;     /* empty: not known */
    bool has_no_driver; /* there is an NVIDIA GPU here, and no driver */
    bool has_no_gpu;    /* looked for, and there is none */
    tfd_advise_gpu gpus[TFD_ADVISE_GPUS];
    size_t gpu_count;

    tfd_str specifier; /* of the releases that may be advised; empty: any */
    tfd_str asked_for; /* the distribution that --tensorflow named, or that is installed, if not tensorflow
                          itself */
    tfd_ids with;      /* add-ons, PEP 503 names */
    const tfd_advise_index *index; /* NULL: it was not to be asked */
} tfd_advise_target;

/* Fills *out from what was given and, where facts is not NULL, from this machine. TFD_EUSAGE with a sentence
 * in err where a value cannot be read, or where neither the options nor facts name a Python or a platform. */
tfd_status tfd_advise_aim(const tfd_options *options, const tfd_facts *facts, tfd_kb *kb, tfd_arena *arena,
                          tfd_advise_target *out, tfd_err *err);

/* "3.12", "3.12.4": a version, not the name of an interpreter. */
bool tfd_advise_is_version(tfd_str python);

#endif
