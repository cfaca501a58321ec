/* A machine read from a folder: what its source files share. Private to src/sys.
 *
 * DIR/root/ holds the files of the machine: /etc/os-release lies in DIR/root/etc/os-release. Symbolic links
 * that are absolute lead to a place inside root/ as well. DIR/machine.json says what no file says; every
 * member may be left out:
 *
 *   "os": "linux" | "windows" | "macos"          "arch": "x86_64" | "aarch64" | … as uname writes it
 *   "kernel": "6.1.0", "release": "Debian GNU/Linux 12 (bookworm)", "distro": "debian"
 *   "wsl", "container", "seccomp", "selinux": true | false
 *   "memory", "memory_free": bytes               "uid", "gid": of the user, 1000
 *   "cpu": {"model": "…", "flags": "sse4_2 avx avx2 fma", "avx_in_cpu": true}   without it the CPU is unknown
 *   "limits": {"address_space", "data", "stack", "open_files", "processes": number | "unlimited"}   others
 * are unknown "env": {"NAME": "value", …}                  "cwd": "/home/me"   "home": "/home/me" "mounts":
 * [{"point": "/", "fstype": "ext4", "noexec": false, "readonly": false, "free_bytes": n, "free_inodes": n}]
 *   "files": {"/path": {"mode": "644", "uid": 0, "gid": 0, "size": n, "link": "target"}, …}
 *
 * "files" says what a checkout cannot keep: rights, owners, links, and the size of a file that is stored
 * shorter than it is. Otherwise folders have mode 755, files 644 (755 if they are executable in root/), and
 * all belong to the user. */
#ifndef TFD_SYS_FIXTURE_H
#define TFD_SYS_FIXTURE_H

#include <cjson/cJSON.h>

#include "base/map.h"
#include "sys/sys.h"

typedef struct tfd_fixture_file {
    tfd_str path;
    tfd_str link; /* empty: none */
    bool has_mode, has_uid, has_gid, has_size;
    uint32_t mode, uid, gid;
    uint64_t size;
} tfd_fixture_file;

typedef struct tfd_fixture {
    tfd_sys sys;
    const tfd_sys *host;
    tfd_arena arena;
    tfd_str root; /* DIR/root on the host */
    uint32_t gid;
    tfd_system system;
    tfd_cpu cpu;
    tfd_str *environ_items;
    size_t environ_count;
    tfd_str cwd, home;
    tfd_mount *mounts;
    size_t mount_count;
    uint64_t limits[TFD_LIMIT_NPROC + 1];
    bool has_limit[TFD_LIMIT_NPROC + 1];
    tfd_fixture_file *files;
    size_t file_count;
    tfd_map file_by_path;
} tfd_fixture;

/* A path of the machine after every link: where it is there, where on the host, and what it is. */
typedef struct tfd_fixture_spot {
    tfd_str path; /* on the machine */
    tfd_str host; /* on the host */
    tfd_stat stat;
} tfd_fixture_spot;

/* Walks path from the root, follows links (the last component's only with follow), asks for the right to
 * search each folder. TFD_EACCESS with EACCES (13), TFD_EIO with ELOOP (40). */
tfd_status tfd_fixture_find(const tfd_fixture *fixture, tfd_arena *arena, tfd_str path, bool follow,
                            tfd_fixture_spot *out, tfd_err *err);
/* Whether the user has the rights TFD_ACCESS_… by the mode bits; user 0 has all but to execute what nobody
 * may. */
bool tfd_fixture_allows(const tfd_fixture *fixture, const tfd_stat *stat, unsigned wanted);
/* Target of a link; false if path is none. */
bool tfd_fixture_link(const tfd_fixture *fixture, tfd_arena *arena, tfd_str path, tfd_str *target);

/* Fills all that machine.json tells. TFD_EFORMAT if it is no JSON object. */
tfd_status tfd_fixture_read(tfd_fixture *fixture, tfd_str text, tfd_err *err);

#endif
