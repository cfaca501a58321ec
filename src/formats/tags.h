/* Compatibility tags of wheels ("cp312-cp312-manylinux_2_17_x86_64", also "py2.py3-none-any") against one
 * interpreter: PEP 425, PEP 600 (manylinux), PEP 656 (musllinux), the stable ABI of PEP 384, free-threaded
 * CPython of PEP 703. */
#ifndef TFD_FORMATS_TAGS_H
#define TFD_FORMATS_TAGS_H

#include "base/err.h"
#include "base/tri.h"
#include "sys/sys.h"

/* The interpreter; what is unknown makes an answer unknown, never "no". */
typedef struct tfd_tag_target {
    tfd_tri is_cpython;
    int major, minor; /* -1: unknown */
    tfd_tri free_threaded, debug;
    tfd_os os;
    tfd_arch arch;              /* of the interpreter, not the kernel */
    tfd_str libc;               /* "glibc", "musl"; empty: unknown */
    int libc_major, libc_minor; /* -1: unknown */
} tfd_tag_target;

/* What keeps a tag from fitting, the furthest obstacle first reached: python, then abi, then platform, then
 * libc. */
typedef enum tfd_tag_why {
    TFD_TAG_FITS,
    TFD_TAG_MALFORMED,
    TFD_TAG_PYTHON,   /* another Python version or implementation */
    TFD_TAG_ABI,      /* another ABI (debug, free-threaded) */
    TFD_TAG_PLATFORM, /* another system or processor */
    TFD_TAG_LIBC      /* right, but it needs a newer libc, or the other one */
} tfd_tag_why;

/* Whether the interpreter accepts the tag; each of its three parts may be a set ("py2.py3"). *why (may be
 * NULL) is set where the answer is TFD_NO, and names the part in which the best of the combinations fails. */
tfd_tri tfd_tag_match(tfd_str tag, const tfd_tag_target *target, tfd_tag_why *why);

/* The libc that the platform part asks for ("manylinux_2_28_x86_64": glibc 2.28; the oldest of a set); false
 * if it names none. */
bool tfd_tag_libc(tfd_str tag, tfd_str *libc, int *major, int *minor);

#endif
