/* The native machine on Windows: what its source files share. Private to src/sys.
 *
 * Text is UTF-8 (WTF-8) everywhere else; it becomes UTF-16 where a function of the system is called and
 * nowhere before. */
#ifndef TFD_SYS_WIN32_H
#define TFD_SYS_WIN32_H

#include "base/buf.h"
#include "base/utf16.h"
#include "sys/os_win32.h"
#include "sys/sys.h"
#include "sys/thread.h"

typedef struct tfd_win32 {
    tfd_sys sys;
    tfd_lock lock; /* guards all below that is made when first asked for */
    tfd_arena arena;
    tfd_str *environ_items;
    size_t environ_count;
    tfd_str cwd;
    tfd_str home;
    uint32_t uid; /* 0: an elevated administrator */
    bool has_system, has_cpu;
    tfd_system system;
    tfd_cpu cpu;
    void *sha256; /* BCRYPT_ALG_HANDLE, opened once */
} tfd_win32;

#define TFD_WIN32_SMALL 300

/* A path as the system wants it. Whoever made one calls tfd_win32_path_done. */
typedef struct tfd_win32_path {
    WCHAR *z; /* NUL-ended; small, or on the heap */
    size_t len;
    WCHAR small[TFD_WIN32_SMALL];
} tfd_win32_path;

/* Longest path of the system, in units (UNICODE_STRING.Length is 16 bits). */
#define TFD_WIN32_PATH_MAX 32767u

/* Units for path, '/' as '\\'; one that is too long for the plain form gets "\\?\" in front ("Maximum path
 * length limitation"). Room for `extra` more units stays behind it. TFD_ENOENT for names that no file can
 * have (NUL, wildcards), TFD_EIO where it is too long for the system, TFD_ENOMEM. */
tfd_status tfd_win32_path_of(tfd_str path, size_t extra, tfd_win32_path *out, tfd_err *err);
void tfd_win32_path_done(tfd_win32_path *path);
/* NUL-ended units of any text, malloc'ed; NULL without memory. *len may be NULL. */
WCHAR *tfd_win32_units(tfd_str text, size_t *len);
/* UTF-8 of n units in the arena; ptr is NULL at its limit. */
tfd_str tfd_win32_text(tfd_arena *arena, const WCHAR *units, size_t n);
tfd_str tfd_win32_text_z(tfd_arena *arena, const WCHAR *units);
/* Without "\\?\" and "\\?\UNC". */
tfd_str tfd_win32_plain(tfd_arena *arena, const WCHAR *units, size_t n);

/* Status for a value of GetLastError (winerror.h). */
tfd_status tfd_win32_status(DWORD code);
/* Fills err for a failed call on path; the system's own words and the number. */
tfd_status tfd_win32_fail(tfd_err *err, DWORD code, tfd_str path, const char *doing);

/* Opens for looking at: attributes, final name, reparse data; follows links unless no_follow. */
HANDLE tfd_win32_look(const WCHAR *path, bool no_follow);
/* What FindFirstFileExW tells of one path, where the file itself may not be opened; FALSE with GetLastError.
 */
bool tfd_win32_find_one(const tfd_win32_path *path, WIN32_FIND_DATAW *out);
/* A tag that stands for another file: symbolic link, junction. */
bool tfd_win32_is_link(DWORD attributes, DWORD tag);
/* size, time, mode and attributes as *out; kind is FILE or DIR. */
void tfd_win32_fill_stat(const tfd_sys *sys, const tfd_win32_path *path, DWORD attributes, uint64_t size,
                         FILETIME written, tfd_stat *out);

tfd_status tfd_win32_open(const tfd_sys *sys, tfd_str path, tfd_file *out, tfd_err *err);
tfd_status tfd_win32_read_at(const tfd_sys *sys, const tfd_file *file, uint64_t offset, void *dst, size_t len,
                             size_t *got, tfd_err *err);
void tfd_win32_close(const tfd_sys *sys, tfd_file *file);
tfd_status tfd_win32_stat(const tfd_sys *sys, tfd_str path, bool follow, tfd_stat *out, tfd_err *err);
tfd_status tfd_win32_stat_many(const tfd_sys *sys, tfd_str dir, tfd_stat_item *items, size_t n, tfd_err *err);
tfd_status tfd_win32_list(const tfd_sys *sys, tfd_arena *arena, tfd_str path, tfd_dirents *out, tfd_err *err);
tfd_status tfd_win32_readlink(const tfd_sys *sys, tfd_arena *arena, tfd_str path, tfd_str *out, tfd_err *err);
tfd_status tfd_win32_realpath(const tfd_sys *sys, tfd_arena *arena, tfd_str path, tfd_str *out, tfd_err *err);
tfd_status tfd_win32_access(const tfd_sys *sys, tfd_str path, unsigned wanted, tfd_err *err);
tfd_status tfd_win32_mount_of(const tfd_sys *sys, tfd_arena *arena, tfd_str path, tfd_mount *out,
                              tfd_err *err);
tfd_status tfd_win32_limit(const tfd_sys *sys, tfd_limit which, uint64_t *out);
const tfd_system *tfd_win32_system(const tfd_sys *sys);
const tfd_cpu *tfd_win32_cpu(const tfd_sys *sys);
tfd_status tfd_win32_reg_value(const tfd_sys *sys, tfd_arena *arena, tfd_reg_root root, tfd_reg_view view,
                               tfd_str key, tfd_str name, tfd_reg_value *out, tfd_err *err);
tfd_status tfd_win32_reg_keys(const tfd_sys *sys, tfd_arena *arena, tfd_reg_root root, tfd_reg_view view,
                              tfd_str key, tfd_dirents *out, tfd_err *err);
tfd_status tfd_win32_events(const tfd_sys *sys, tfd_arena *arena, const char *channel, const uint32_t *ids,
                            size_t id_count, tfd_events *out, tfd_err *err);
tfd_status tfd_win32_sha256(const tfd_sys *sys, tfd_str path, uint8_t out[TFD_SHA256_LEN],
                            const volatile int *stop, tfd_err *err);
tfd_status tfd_win32_sha256_bytes(const tfd_sys *sys, tfd_str bytes, uint8_t out[TFD_SHA256_LEN],
                                  tfd_err *err);
void tfd_win32_sha256_done(tfd_win32 *native);
uint32_t tfd_win32_uid(void);
uint64_t tfd_win32_clock_us(void);

struct tfd_child_spec;
struct tfd_child;
tfd_status tfd_win32_child_start(const tfd_sys *sys, const struct tfd_child_spec *spec,
                                 struct tfd_child **out, tfd_err *err);
int tfd_win32_interrupted(const tfd_sys *sys);

#endif
