/* The machine that is examined, as a table of functions. Everything that tfdiag learns about a machine goes
 * through one of these, so that a recorded machine, a test and a fault injector are machines too. Nobody
 * outside src/sys names an operating system's header.
 *
 * Paths are bytes in the machine's own style (sys->style), UTF-8 where the system has an opinion. Every
 * function may be called from several threads at once with different arenas. Statuses: TFD_ENOENT (not
 * there), TFD_EACCESS (may not), TFD_EIO (failed otherwise), TFD_EUNSUPPORTED (this machine cannot answer:
 * unknown, never "absent"). */
#ifndef TFD_SYS_SYS_H
#define TFD_SYS_SYS_H

#include "base/arena.h"
#include "base/err.h"
#include "base/path.h"

typedef struct tfd_sys tfd_sys;

typedef enum tfd_os { TFD_OS_UNKNOWN, TFD_OS_LINUX, TFD_OS_WINDOWS, TFD_OS_MACOS } tfd_os;
typedef enum tfd_arch {
    TFD_ARCH_UNKNOWN,
    TFD_ARCH_X86_64,
    TFD_ARCH_X86,
    TFD_ARCH_AARCH64,
    TFD_ARCH_ARM,
    TFD_ARCH_OTHER
} tfd_arch;

typedef enum tfd_kind { TFD_KIND_NONE, TFD_KIND_FILE, TFD_KIND_DIR, TFD_KIND_LINK, TFD_KIND_OTHER } tfd_kind;

typedef struct tfd_stat {
    tfd_kind kind; /* TFD_KIND_LINK only where links are not followed */
    uint64_t size; /* bytes */
    uint32_t mode; /* permission bits, 07777 */
    uint32_t uid;
    uint32_t gid;
    uint64_t dev; /* (dev, ino) is one file; both 0 where the machine has no such thing */
    uint64_t ino;
    int64_t mtime;        /* seconds since 1970 UTC */
    uint32_t attributes;  /* Windows: FILE_ATTRIBUTE_…; 0 elsewhere */
    uint32_t reparse_tag; /* Windows: IO_REPARSE_TAG_…, where links are not followed; 0: none */
} tfd_stat;

/* Attributes and tags that something is made of (winnt.h). */
#define TFD_ATTRIBUTE_OFFLINE 0x1000u
#define TFD_ATTRIBUTE_RECALL_ON_OPEN 0x40000u /* a cloud placeholder: the content is not on the disk … */
#define TFD_ATTRIBUTE_RECALL_ON_DATA_ACCESS 0x400000u /* … but fetched when it is read */
#define TFD_REPARSE_APPEXECLINK 0x8000001Bu /* an alias of the Store: zero bytes, starts another program */

typedef struct tfd_file {
    intptr_t handle; /* TFD_FILE_NONE.handle when closed */
    uint64_t size;   /* bytes, at the time of opening */
} tfd_file;

#define TFD_FILE_NONE ((tfd_file){-1, 0})

typedef struct tfd_dirent {
    tfd_str name;  /* NUL-ended copy in the arena */
    tfd_kind kind; /* as the folder tells it; TFD_KIND_LINK is not resolved; TFD_KIND_NONE = the folder does
                      not tell */
} tfd_dirent;

typedef struct tfd_dirents {
    tfd_dirent *items; /* sorted by name (bytes) */
    size_t count;
    size_t capacity;
} tfd_dirents;

/* One file of a batch for stat_many: name in, the rest out. */
typedef struct tfd_stat_item {
    tfd_str name; /* relative to the folder, NUL-ended */
    tfd_status status;
    tfd_stat stat;
} tfd_stat_item;

/* What access() asks for; may be or-ed. Judged with the effective ids and capabilities of this process. */
#define TFD_ACCESS_READ 1u
#define TFD_ACCESS_WRITE 2u
#define TFD_ACCESS_EXEC 4u

typedef struct tfd_mount {
    tfd_str point;  /* where the file system is mounted; empty if unknown */
    tfd_str fstype; /* "ext4", "tmpfs" …; empty if unknown */
    bool noexec;
    bool nodev; /* no device file on it may be opened */
    bool readonly;
    uint64_t free_bytes; /* for unprivileged users */
    uint64_t free_inodes;
} tfd_mount;

typedef enum tfd_limit {
    TFD_LIMIT_AS,
    TFD_LIMIT_DATA,
    TFD_LIMIT_STACK,
    TFD_LIMIT_NOFILE,
    TFD_LIMIT_NPROC,
    TFD_LIMIT_CPU, /* seconds */
    TFD_LIMIT_FSIZE
} tfd_limit;
#define TFD_UNLIMITED UINT64_MAX

/* CPU features as the running system lets programs use them. For x86: CPUID, and XGETBV for what the system
 * saves on a context switch. Names are those of /proc/cpuinfo ("avx", "avx2", "fma", "sse4_2", "avx512f" …).
 */
typedef struct tfd_cpu {
    bool known;
    tfd_arch arch;
    tfd_str model;
    tfd_str
        flags; /* names separated by single blanks, with one blank at both ends, so " avx " can be searched */
    tfd_str source;   /* "CPUID leaf 7, XCR0", "/proc/cpuinfo" */
    bool avx_in_cpu;  /* CPUID says AVX … */
    bool avx_enabled; /* … and OSXSAVE/XCR0 say that the system saves the YMM state */
} tfd_cpu;

typedef struct tfd_system {
    tfd_os os;
    tfd_arch arch;   /* of the kernel */
    tfd_str kernel;  /* "6.1.0-18-amd64"; empty if unknown */
    tfd_str release; /* PRETTY_NAME of os-release or the like; empty if unknown */
    tfd_str distro;  /* ID of os-release: "debian", "ubuntu", "alpine"; empty if unknown */
    bool is_wsl;
    bool is_container;
    uint64_t memory;      /* bytes of RAM available to this process (cgroup limit included); 0 = unknown */
    uint64_t memory_free; /* MemAvailable and what the cgroup leaves; 0 = unknown */
    size_t processors;    /* that this process may run on; 0 = unknown */
    bool seccomp_filter;  /* a seccomp filter is in force for this process */
    bool selinux_enforcing;
    uint32_t uid; /* effective; Windows: 0 for an elevated administrator, else 1 */
    /* Windows; empty and 0 elsewhere */
    tfd_str windows_dir; /* "C:\\Windows" */
    tfd_str system_dir;  /* "C:\\Windows\\System32": of 64-bit programs */
    uint32_t build;      /* 19045; 0 = unknown */
    bool is_wine;        /* Wine stands in for Windows: its loader departs from the real one in some points */
    uint64_t commit_limit, commit_free; /* bytes of RAM and page file together; 0 = unknown */
} tfd_system;

/* Registry of Windows. Keys have no root in front ("SOFTWARE\\Python"). */
typedef enum tfd_reg_root { TFD_REG_LOCAL_MACHINE, TFD_REG_CURRENT_USER } tfd_reg_root;
typedef enum tfd_reg_view { TFD_REG_VIEW_64, TFD_REG_VIEW_32 } tfd_reg_view; /* HKCU has one view only */

typedef struct tfd_reg_value {
    bool is_number; /* REG_DWORD, REG_QWORD */
    uint64_t number;
    tfd_str text; /* REG_SZ, REG_EXPAND_SZ (not expanded), REG_MULTI_SZ (joined with '\n'); UTF-8 */
} tfd_reg_value;

/* Records of a channel of Windows' event log, the newest first: each one the XML of its event (win32: Event
 * Schema), UTF-8. */
typedef struct tfd_events {
    tfd_str *items;
    size_t count, capacity;
} tfd_events;

#define TFD_EVENTS_MAX 64u            /* newest records that are handed out */
#define TFD_EVENT_MAX ((size_t)65536) /* bytes of one; longer ones are left out */

#define TFD_SHA256_LEN 32

/* A task for parallel(): called once for each index, from any thread. */
typedef void (*tfd_task)(void *ctx, size_t index);

struct tfd_child_spec; /* sys/child.h */
struct tfd_child;

struct tfd_sys {
    void *ctx;
    tfd_path_style style;
    bool is_native; /* false: recorded or synthetic, nothing can be run on it */

    /* Regular files only (a FIFO or device gives TFD_EIO: reading one could hang). */
    tfd_status (*open)(const tfd_sys *sys, tfd_str path, tfd_file *out, tfd_err *err);
    /* Reads up to len bytes at offset; *got < len only at the end of the file. */
    tfd_status (*read_at)(const tfd_sys *sys, const tfd_file *file, uint64_t offset, void *dst, size_t len,
                          size_t *got, tfd_err *err);
    void (*close)(const tfd_sys *sys, tfd_file *file); /* accepts TFD_FILE_NONE; leaves it there */
    tfd_status (*stat)(const tfd_sys *sys, tfd_str path, bool follow, tfd_stat *out, tfd_err *err);
    /* Stats n files below one folder; cheaper than n times stat. Follows links. Each item has its own status.
     */
    tfd_status (*stat_many)(const tfd_sys *sys, tfd_str dir, tfd_stat_item *items, size_t n, tfd_err *err);
    /* Entries without "." and "..", at most TFD_DIR_MAX of them (TFD_ELIMIT with the first ones in out). */
    tfd_status (*list)(const tfd_sys *sys, tfd_arena *arena, tfd_str path, tfd_dirents *out, tfd_err *err);
    tfd_status (*readlink)(const tfd_sys *sys, tfd_arena *arena, tfd_str path, tfd_str *out, tfd_err *err);
    /* Absolute path with every link resolved (at most 40 of them, else TFD_EIO). */
    tfd_status (*realpath)(const tfd_sys *sys, tfd_arena *arena, tfd_str path, tfd_str *out, tfd_err *err);
    /* TFD_OK if allowed, TFD_EACCESS if not (errno EACCES, EPERM, EROFS in err->os_code). */
    tfd_status (*access)(const tfd_sys *sys, tfd_str path, unsigned wanted, tfd_err *err);
    tfd_status (*mount_of)(const tfd_sys *sys, tfd_arena *arena, tfd_str path, tfd_mount *out, tfd_err *err);

    /* A variable of the environment tfdiag was started in; false if it is not set. The value lives as long as
     * sys. */
    bool (*env)(const tfd_sys *sys, const char *name, tfd_str *value);
    /* All of them as "NAME=value"; list and slices live as long as sys. */
    tfd_str *(*environ_all)(const tfd_sys *sys, size_t *count);
    tfd_str (*cwd)(const tfd_sys *sys);  /* absolute; empty if it was deleted */
    tfd_str (*home)(const tfd_sys *sys); /* $HOME, else the account's; empty if unknown */
    const tfd_system *(*system)(const tfd_sys *sys);
    const tfd_cpu *(*cpu)(const tfd_sys *sys);
    /* Soft limit in force for this process; TFD_UNLIMITED if there is none; TFD_EUNSUPPORTED if unknown. */
    tfd_status (*limit)(const tfd_sys *sys, tfd_limit which, uint64_t *out);

    /* One value of a key; name "" is the default value. TFD_ENOENT where key or value is not there. NULL
     * where a machine has no registry: use the conveniences below. */
    tfd_status (*reg_value)(const tfd_sys *sys, tfd_arena *arena, tfd_reg_root root, tfd_reg_view view,
                            tfd_str key, tfd_str name, tfd_reg_value *out, tfd_err *err);
    /* Names of the keys below a key, sorted, at most TFD_DIR_MAX of them (kind is TFD_KIND_DIR). */
    tfd_status (*reg_keys)(const tfd_sys *sys, tfd_arena *arena, tfd_reg_root root, tfd_reg_view view,
                           tfd_str key, tfd_dirents *out, tfd_err *err);

    /* Records with one of these ids. TFD_ENOENT: there is no such channel; TFD_EACCESS: this user may not
     * read it. NULL where a machine has no event log: use the convenience below. */
    tfd_status (*events)(const tfd_sys *sys, tfd_arena *arena, const char *channel, const uint32_t *ids,
                         size_t id_count, tfd_events *out, tfd_err *err);

    /* SHA-256 of a whole file, hardware speed. stop (may be NULL) is polled: when it turns nonzero the answer
     * is TFD_ETIMEOUT. */
    tfd_status (*sha256)(const tfd_sys *sys, tfd_str path, uint8_t out[TFD_SHA256_LEN],
                         const volatile int *stop, tfd_err *err);
    tfd_status (*sha256_bytes)(const tfd_sys *sys, tfd_str bytes, uint8_t out[TFD_SHA256_LEN], tfd_err *err);
    /* Calls task(ctx, 0) … task(ctx, n - 1) on up to as many threads as there are cores; returns when all are
     * done. */
    void (*parallel)(const tfd_sys *sys, size_t n, tfd_task task, void *ctx);
    uint64_t (*clock_us)(const tfd_sys *sys); /* monotonic, microseconds */

    /* Supervised children: sys/child.h. NULL where nothing can be run. */
    tfd_status (*child_start)(const tfd_sys *sys, const struct tfd_child_spec *spec, struct tfd_child **out,
                              tfd_err *err);
    /* Number of the signal by which the user asked to stop (SIGINT, SIGTERM, SIGHUP; only seen while a child
     * exists), or 0. Whoever polls a child asks; then the child is freed and the exit code is 128 and the
     * number. NULL where nothing can be run. */
    int (*interrupted)(const tfd_sys *sys);
};

/* Most entries that list() returns; a folder with more is reported as cut (hostile or a cache). */
#define TFD_DIR_MAX 200000u

/* Conveniences over the table. */

/* Files that call themselves empty (those of /proc do) are read up to this many bytes. */
#define TFD_PROC_MAX ((size_t)1 << 20)

/* The whole file, if it has at most max bytes (else TFD_ELIMIT), NUL-ended, in the arena. */
tfd_status tfd_sys_read_file(const tfd_sys *sys, tfd_arena *arena, tfd_str path, size_t max, tfd_str *out,
                             tfd_err *err);
bool tfd_sys_is_file(const tfd_sys *sys, tfd_str path); /* follows links; false also where one may not look */
bool tfd_sys_is_dir(const tfd_sys *sys, tfd_str path);
tfd_kind tfd_sys_kind(const tfd_sys *sys,
                      tfd_str path); /* follows links; TFD_KIND_NONE if not there or unknown */

/* reg_value and reg_keys, TFD_EUNSUPPORTED on machines without registry. */
tfd_status tfd_sys_reg_value(const tfd_sys *sys, tfd_arena *arena, tfd_reg_root root, tfd_reg_view view,
                             tfd_str key, tfd_str name, tfd_reg_value *out, tfd_err *err);
tfd_status tfd_sys_reg_keys(const tfd_sys *sys, tfd_arena *arena, tfd_reg_root root, tfd_reg_view view,
                            tfd_str key, tfd_dirents *out, tfd_err *err);
/* A value that is text, or "" where there is none. */
tfd_str tfd_sys_reg_text(const tfd_sys *sys, tfd_arena *arena, tfd_reg_root root, tfd_reg_view view,
                         tfd_str key, tfd_str name);

/* events, TFD_EUNSUPPORTED on machines without event log. */
tfd_status tfd_sys_events(const tfd_sys *sys, tfd_arena *arena, const char *channel, const uint32_t *ids,
                          size_t id_count, tfd_events *out, tfd_err *err);

/* The machine tfdiag runs on. The caller frees it with tfd_sys_native_free. argv/env are taken from the
 * process. */
tfd_status tfd_sys_native_new(tfd_sys **out, tfd_err *err);
void tfd_sys_native_free(tfd_sys *sys);

/* A machine read from a folder: root/ holds its files, machine.json what no file says (docs/TESTING.md). */
tfd_status tfd_sys_fixture_new(const tfd_sys *host, tfd_str dir, tfd_sys **out, tfd_err *err);
void tfd_sys_fixture_free(tfd_sys *sys);

/* Wraps inner: machine call number fail_at (1-based, counted over all fallible functions) gives `status`
 * instead. fail_at 0 only counts; *calls tells how many there were. */
tfd_status tfd_sys_faulty_new(const tfd_sys *inner, long fail_at, tfd_status status, tfd_sys **out,
                              long **calls);
void tfd_sys_faulty_free(tfd_sys *sys);

#endif
