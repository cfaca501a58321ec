/* A machine read from a folder: what its source files share. Private to src/sys.
 *
 * The folder DIR/root holds the files of the machine: /etc/os-release is its etc/os-release. Symbolic links
 * that are absolute lead to a place inside root/ as well. On a Windows machine C:\x lies in root/C/x and
 * \\server\share\x in root/UNC/server/share/x, names match whatever the case of their ASCII letters, and
 * symbolic links of the host are not seen: a folder may be one that leads to a tree elsewhere. The stream
 * x.dll:Zone.Identifier is the file x.dll%3AZone.Identifier.
 * DIR/machine.json says what no file says; every member may be left out:
 *
 *   "os": "linux" | "windows" | "macos"          "arch": "x86_64" | "aarch64" | … as uname writes it
 *   "kernel": "6.1.0", "release": "Debian GNU/Linux 12 (bookworm)", "distro": "debian"
 *   "wsl", "container", "seccomp", "selinux": true | false
 *   "memory", "memory_free": bytes               "uid", "gid": of the user, 1000
 *   "cpu": {"model": "…", "flags": "sse4_2 avx avx2 fma", "avx_in_cpu": true, "arch": "x86_64"}   without it
 *       the CPU is unknown; arch: the one that this process sees, where the system emulates another
 *   "limits": {"address_space", "data", "stack", "open_files", "processes", "processor_time", "file_size":
 * number | "unlimited"}   others are unknown "env": {"NAME": "value", …}                  "cwd": "/home/me"
 * "home":
 * "/home/me" "mounts":
 * [{"point": "/", "fstype": "ext4", "noexec": false, "nodev": false, "readonly": false, "free_bytes": n,
 * "free_inodes": n}] "files": {"/path": {"mode": "644", "uid": 0, "gid": 0, "size": n, "link": "target"}, …}
 * Windows:
 *   "windows_dir": "C:\\Windows", "system_dir": "C:\\Windows\\System32", "build": 19045, "wine": true | false
 *   "commit_limit", "commit_free": bytes
 *   "registry": {"HKLM": {"SOFTWARE\\key": {"name": "text" | number | ["text", …]}}, "HKCU": …}   without it
 *       the registry is unknown; "" is the default value; the 32-bit view of HKLM\SOFTWARE is WOW6432Node
 *   "events": {"Microsoft-Windows-CodeIntegrity/Operational": ["<Event …>…</Event>", …], …}   the newest
 *       first; without it the event log is unknown; a channel that is false may not be read
 *   "files": {…: {"attributes": 32, "reparse_tag": "0x8000001B", "error": 225}}
 *
 * "files" says what a checkout cannot keep: rights, owners, links, and the size of a file that is stored
 * shorter than it is; "error" is the number with which opening it fails. Otherwise folders have mode 755,
 * files 644 (755 if they are executable in root/), and all belong to the user. On Windows uid is 0 for an
 * elevated administrator and 1 for others; rights bind both. */
#ifndef TFD_SYS_FIXTURE_H
#define TFD_SYS_FIXTURE_H

#include <cjson/cJSON.h>

#include "base/map.h"
#include "sys/sys.h"

typedef struct tfd_fixture_file {
    tfd_str path;
    tfd_str link; /* empty: none */
    bool has_mode, has_uid, has_gid, has_size, has_attributes;
    uint32_t mode, uid, gid, attributes, reparse_tag;
    int error; /* GetLastError of an attempt to open it; 0: none */
    uint64_t size;
} tfd_fixture_file;

typedef struct tfd_fixture_value {
    tfd_reg_root root;
    tfd_str key; /* without the root */
    tfd_str name;
    bool is_key; /* a key without values */
    tfd_reg_value value;
} tfd_fixture_value;

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
    uint64_t limits[TFD_LIMIT_FSIZE + 1];
    bool has_limit[TFD_LIMIT_FSIZE + 1];
    tfd_fixture_file *files;
    size_t file_count;
    tfd_map file_by_path; /* on Windows: by the path in lower case */
    bool has_registry;
    tfd_fixture_value *values; /* in no order */
    size_t value_count;
    bool has_events;
    struct tfd_fixture_event {
        tfd_str channel;
        tfd_str xml; /* empty: the channel is there */
    } * events;
    size_t event_count;
} tfd_fixture;

/* A path of the machine after every link: where it is there, where on the host, and what it is. */
typedef struct tfd_fixture_spot {
    tfd_str path; /* on the machine */
    tfd_str host; /* on the host */
    tfd_stat stat;
} tfd_fixture_spot;

/* Walks path from the root, follows links (the last component's only with follow), asks for the right to
 * search each folder (not on Windows, where everyone may pass through: SeChangeNotifyPrivilege). TFD_EACCESS
 * with EACCES (13), TFD_EIO with ELOOP (40), or what Windows has for them. */
tfd_status tfd_fixture_find(const tfd_fixture *fixture, tfd_arena *arena, tfd_str path, bool follow,
                            tfd_fixture_spot *out, tfd_err *err);
/* Whether the user has the rights TFD_ACCESS_… by the mode bits; user 0 has all but to execute what nobody
 * may. */
bool tfd_fixture_allows(const tfd_fixture *fixture, const tfd_stat *stat, unsigned wanted);
/* Target of the link at a spot; false if it is none. */
bool tfd_fixture_link(const tfd_fixture *fixture, tfd_arena *arena, const tfd_fixture_spot *spot,
                      tfd_str *target);
/* What machine.json says of the file at path, or NULL. */
const tfd_fixture_file *tfd_fixture_file_find(const tfd_fixture *fixture, tfd_arena *arena, tfd_str path);
/* errno, or the number Windows has for the same on a Windows machine (winerror.h). */
int tfd_fixture_code(const tfd_fixture *fixture, int code);

/* Windows. The folder that path begins with and what follows it: absolute, normalised, without \\?\. at->path
 * is "C:\" or "\\", at->host its place; TFD_ENOENT where there is no such drive. */
tfd_status tfd_fixture_drive(const tfd_fixture *fixture, tfd_arena *arena, tfd_str path, tfd_fixture_spot *at,
                             tfd_str *rest);
/* The name that a component has in a folder of the host: the one that is there in another case, else itself.
 */
tfd_str tfd_fixture_name(const tfd_fixture *fixture, tfd_arena *arena, tfd_str folder, tfd_str name);
/* ASCII letters in lower case, '/' as '\'. */
tfd_str tfd_fixture_fold(tfd_arena *arena, tfd_str path);

/* The members of tfd_sys for a machine with "registry". */
tfd_status tfd_fixture_reg_value(const tfd_sys *sys, tfd_arena *arena, tfd_reg_root root, tfd_reg_view view,
                                 tfd_str key, tfd_str name, tfd_reg_value *out, tfd_err *err);
tfd_status tfd_fixture_reg_keys(const tfd_sys *sys, tfd_arena *arena, tfd_reg_root root, tfd_reg_view view,
                                tfd_str key, tfd_dirents *out, tfd_err *err);
/* Reads "registry" of machine.json. false without memory. */
bool tfd_fixture_read_registry(tfd_fixture *fixture, const cJSON *json);

/* The member of tfd_sys for a machine with "events"; every record is given, whatever its id. */
tfd_status tfd_fixture_events(const tfd_sys *sys, tfd_arena *arena, const char *channel, const uint32_t *ids,
                              size_t id_count, tfd_events *out, tfd_err *err);
/* Reads "events" of machine.json. false without memory. */
bool tfd_fixture_read_events(tfd_fixture *fixture, const cJSON *json);

/* Fills all that machine.json tells. TFD_EFORMAT if it is no JSON object. */
tfd_status tfd_fixture_read(tfd_fixture *fixture, tfd_str text, tfd_err *err);

#endif
