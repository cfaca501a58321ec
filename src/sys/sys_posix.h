/* The native machine on POSIX systems: what its source files share. Private to src/sys. */
#ifndef TFD_SYS_POSIX_H
#define TFD_SYS_POSIX_H

#include <limits.h>
#include <uv.h>

#include "base/buf.h"
#include "sys/sys.h"
#include "sys/thread.h"

typedef struct tfd_posix {
    tfd_sys sys;
    tfd_lock lock; /* guards all below that is made when first asked for */
    tfd_arena arena;
    tfd_str *environ_items;
    size_t environ_count;
    tfd_str cwd;
    tfd_str home;
    bool has_system, has_cpu, has_mounts;
    tfd_system system;
    tfd_cpu cpu;
    tfd_str mounts; /* text of /proc/self/mountinfo */
    void *sha256;   /* EVP_MD, fetched once */
} tfd_posix;

/* A path as the kernel wants it. */
typedef struct tfd_posix_path {
    char z[PATH_MAX];
} tfd_posix_path;

/* Copies path; TFD_ENOENT if it holds a NUL (no such file can exist), TFD_EIO if the kernel would not take
 * its length. The empty path stays empty: the kernel answers ENOENT. */
tfd_status tfd_posix_path_of(tfd_str path, tfd_posix_path *out, tfd_err *err);
/* Status for an errno value. */
tfd_status tfd_posix_status(int code);
/* Fills err for a failed call on path. */
tfd_status tfd_posix_fail(tfd_err *err, int code, tfd_str path, const char *doing);
/* Whole small file of /proc, /sys or /etc into a fresh arena slice; empty if it cannot be read. */
tfd_str tfd_posix_slurp(const tfd_sys *sys, tfd_arena *arena, const char *path, size_t max);

/* Home folder of the account uid in the text of /etc/passwd (passwd(5)), a slice of it; empty if it is not
 * there or the line ends before the shell. getpwuid would ask NSS modules, libraries of the machine that a
 * static program cannot use: accounts of LDAP and the like have HOME or stay unknown. */
tfd_str tfd_posix_passwd_home(tfd_str passwd, uint64_t uid);

tfd_status tfd_posix_open(const tfd_sys *sys, tfd_str path, tfd_file *out, tfd_err *err);
tfd_status tfd_posix_read_at(const tfd_sys *sys, const tfd_file *file, uint64_t offset, void *dst, size_t len,
                             size_t *got, tfd_err *err);
void tfd_posix_close(const tfd_sys *sys, tfd_file *file);
tfd_status tfd_posix_stat(const tfd_sys *sys, tfd_str path, bool follow, tfd_stat *out, tfd_err *err);
tfd_status tfd_posix_stat_many(const tfd_sys *sys, tfd_str dir, tfd_stat_item *items, size_t n, tfd_err *err);
tfd_status tfd_posix_list(const tfd_sys *sys, tfd_arena *arena, tfd_str path, tfd_dirents *out, tfd_err *err);
tfd_status tfd_posix_readlink(const tfd_sys *sys, tfd_arena *arena, tfd_str path, tfd_str *out, tfd_err *err);
tfd_status tfd_posix_realpath(const tfd_sys *sys, tfd_arena *arena, tfd_str path, tfd_str *out, tfd_err *err);
tfd_status tfd_posix_access(const tfd_sys *sys, tfd_str path, unsigned wanted, tfd_err *err);
tfd_status tfd_posix_mount_of(const tfd_sys *sys, tfd_arena *arena, tfd_str path, tfd_mount *out,
                              tfd_err *err);
tfd_status tfd_posix_limit(const tfd_sys *sys, tfd_limit which, uint64_t *out);
const tfd_system *tfd_posix_system(const tfd_sys *sys);
const tfd_cpu *tfd_posix_cpu(const tfd_sys *sys);
tfd_status tfd_posix_sha256(const tfd_sys *sys, tfd_str path, uint8_t out[TFD_SHA256_LEN],
                            const volatile int *stop, tfd_err *err);
tfd_status tfd_posix_sha256_bytes(const tfd_sys *sys, tfd_str bytes, uint8_t out[TFD_SHA256_LEN],
                                  tfd_err *err);
tfd_arch tfd_posix_arch(const char *machine); /* of uname */

tfd_status tfd_posix_child_start(const tfd_sys *sys, const struct tfd_child_spec *spec,
                                 struct tfd_child **out, tfd_err *err);
int tfd_posix_interrupted(const tfd_sys *sys);

#endif
