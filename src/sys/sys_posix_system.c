#define _GNU_SOURCE 1

#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "sys/sys_posix.h"
#include "sys/thread.h"

#define SMALL_FILE ((size_t)64 << 10)
#define CGROUP_DEPTH 64 /* folders of a control group's path that are asked for their limit */

tfd_str tfd_posix_slurp(const tfd_sys *sys, tfd_arena *arena, const char *path, size_t max)
{
    tfd_str text = {NULL, 0};
    tfd_file file = TFD_FILE_NONE;
    char chunk[4096];
    size_t got = sizeof chunk;
    tfd_buf all;

    if (tfd_posix_open(sys, tfd_str_of(path), &file, NULL) != TFD_OK)
        return text;
    tfd_buf_init(&all, max + 1);
    while (got == sizeof chunk && all.len < max) {
        if (tfd_posix_read_at(sys, &file, all.len, chunk, sizeof chunk, &got, NULL) != TFD_OK)
            break;
        tfd_buf_add(&all, chunk, got < max - all.len ? got : max - all.len);
    }
    text = tfd_buf_to_arena(&all, arena);
    tfd_buf_done(&all);
    tfd_posix_close(sys, &file);
    return text;
}

tfd_str tfd_posix_passwd_home(tfd_str passwd, uint64_t uid)
{
    tfd_str line;

    while (tfd_str_line(&passwd, &line)) {
        tfd_str field[6]; /* name:password:uid:gid:comment:home:shell */
        size_t n = 0;
        uint64_t found = 0;

        while (n < 6 && tfd_str_cut(line, ':', &field[n], &line))
            n++;
        if (n == 6 && tfd_str_u64(field[2], &found) && found == uid)
            return field[5];
    }
    return (tfd_str){NULL, 0};
}

tfd_arch tfd_posix_arch(const char *machine)
{
    tfd_str name = tfd_str_of(machine);

    if (tfd_str_is(name, "x86_64") || tfd_str_is(name, "amd64"))
        return TFD_ARCH_X86_64;
    if (tfd_str_is(name, "aarch64") || tfd_str_is(name, "arm64"))
        return TFD_ARCH_AARCH64;
    if (name.len == 4 && name.ptr[0] == 'i' && tfd_str_ends_z(name, "86"))
        return TFD_ARCH_X86;
    return tfd_str_starts_z(name, "arm") ? TFD_ARCH_ARM : TFD_ARCH_OTHER;
}

/* Value of NAME=value in os-release(5), without its quotes. */
static tfd_str find_assignment(tfd_str text, const char *name)
{
    tfd_str line;
    tfd_str key;
    tfd_str value;

    while (tfd_str_line(&text, &line)) {
        if (!tfd_str_cut(line, '=', &key, &value) || !tfd_str_is(key, name))
            continue;
        value = tfd_str_trim(value);
        if (value.len >= 2 && (value.ptr[0] == '"' || value.ptr[0] == '\'') &&
            value.ptr[value.len - 1] == value.ptr[0])
            value = tfd_str_sub(value, 1, value.len - 1);
        return value;
    }
    return (tfd_str){NULL, 0};
}

static void fill_release(const tfd_sys *sys, tfd_arena *scratch, tfd_arena *keep, tfd_system *out)
{
    tfd_str text = tfd_posix_slurp(sys, scratch, "/etc/os-release", SMALL_FILE);

    if (text.len == 0)
        text = tfd_posix_slurp(sys, scratch, "/usr/lib/os-release", SMALL_FILE);
    out->release = tfd_arena_str(keep, find_assignment(text, "PRETTY_NAME"));
    out->distro = tfd_arena_str(keep, find_assignment(text, "ID"));
}

static bool in_container(const tfd_sys *sys, tfd_arena *scratch)
{
    static const char *const marks[] = {"docker", "kubepods", "containerd", "libpod", "/lxc"};
    tfd_str value;
    tfd_str text;

    if (access("/.dockerenv", F_OK) == 0 || access("/run/.containerenv", F_OK) == 0)
        return true;
    if (sys->env(sys, "container", &value) && value.len)
        return true; /* systemd-nspawn, podman */
    text = tfd_posix_slurp(sys, scratch, "/proc/1/cgroup", SMALL_FILE);
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++)
        if (tfd_str_find_z(text, marks[i]) != TFD_NPOS)
            return true;
    return false;
}

/* Number behind "Name:" in /proc/meminfo or /proc/self/status, 0 if it is not there. */
static uint64_t find_number(tfd_str text, const char *name)
{
    tfd_str line;
    tfd_str key;
    tfd_str value;
    uint64_t n = 0;

    while (tfd_str_line(&text, &line))
        if (tfd_str_cut(line, ':', &key, &value) && tfd_str_is(key, name)) {
            (void)tfd_str_cut(tfd_str_trim(value), ' ', &value, &line);
            return tfd_str_u64(value, &n) ? n : 0;
        }
    return 0;
}

/* A limit or a use of memory below one control group; "max" and v1's 0x7ffffffffffff000 are no number that
 * matters, since the machine's memory is smaller. */
static bool read_group(const tfd_sys *sys, tfd_arena *scratch, tfd_str group, const char *name, uint64_t *out)
{
    tfd_str path = tfd_arena_fmt(scratch, "%.*s/%s", TFD_ARG(group), name);

    return path.ptr && tfd_str_u64(tfd_str_trim(tfd_posix_slurp(sys, scratch, path.ptr, 64)), out);
}

/* File cache that nobody uses counts as used memory, and is given up when something asks for it. */
static uint64_t read_cache(const tfd_sys *sys, tfd_arena *scratch, tfd_str group, bool is_v2)
{
    tfd_str path = tfd_arena_fmt(scratch, "%.*s/memory.stat", TFD_ARG(group));
    tfd_str text = path.ptr ? tfd_posix_slurp(sys, scratch, path.ptr, SMALL_FILE) : TFD_STR("");
    const char *name = is_v2 ? "inactive_file " : "total_inactive_file ";
    uint64_t bytes = 0;
    tfd_str line;

    while (tfd_str_line(&text, &line))
        if (tfd_str_starts_z(line, name) && tfd_str_u64(tfd_str_from(line, strlen(name)), &bytes))
            return bytes;
    return 0;
}

/* A limit of any group above binds as well, so the whole path up to the root is asked. */
static void apply_groups(const tfd_sys *sys, tfd_arena *scratch, const char *root, tfd_str group, bool is_v2,
                         tfd_system *out)
{
    tfd_str path = tfd_arena_fmt(scratch, "%s%.*s", root, TFD_ARG(group));
    size_t top = strlen(root);
    uint64_t limit;
    uint64_t used;
    uint64_t cache;

    for (int depth = 0; depth < CGROUP_DEPTH && path.len >= top; depth++) {
        if (read_group(sys, scratch, path, is_v2 ? "memory.max" : "memory.limit_in_bytes", &limit) &&
            (out->memory == 0 || limit < out->memory)) {
            out->memory = limit;
            if (read_group(sys, scratch, path, is_v2 ? "memory.current" : "memory.usage_in_bytes", &used)) {
                cache = read_cache(sys, scratch, path, is_v2);
                used = used > cache ? used - cache : 0;
                if ((used > limit ? 0 : limit - used) < out->memory_free)
                    out->memory_free = used > limit ? 0 : limit - used;
            }
        }
        if (path.len == top)
            break;
        path = tfd_path_dir(TFD_PATH_POSIX, path);
    }
}

/* /proc/self/cgroup: "0::/path" for version 2, "N:memory:/path" for version 1 (cgroups(7)). */
static void fill_groups(const tfd_sys *sys, tfd_arena *scratch, tfd_system *out)
{
    tfd_str text = tfd_posix_slurp(sys, scratch, "/proc/self/cgroup", SMALL_FILE);
    tfd_str line;
    tfd_str number;
    tfd_str rest;
    tfd_str controllers;
    tfd_str group;

    while (tfd_str_line(&text, &line)) {
        if (!tfd_str_cut(line, ':', &number, &rest) || !tfd_str_cut(rest, ':', &controllers, &group))
            continue;
        if (tfd_str_is(group, "/") || tfd_str_find_z(group, "..") != TFD_NPOS)
            group.len = 0; /* inside a cgroup namespace the mounted root is this group */
        if (controllers.len == 0)
            apply_groups(sys, scratch, "/sys/fs/cgroup", group, true, out);
        else if (tfd_str_find_z(controllers, "memory") != TFD_NPOS)
            apply_groups(sys, scratch, "/sys/fs/cgroup/memory", group, false, out);
    }
}

static void fill_memory(const tfd_sys *sys, tfd_arena *scratch, tfd_system *out)
{
    tfd_str text = tfd_posix_slurp(sys, scratch, "/proc/meminfo", SMALL_FILE);

    out->memory = find_number(text, "MemTotal") * 1024u;
    out->memory_free = find_number(text, "MemAvailable") * 1024u;
    fill_groups(sys, scratch, out);
    out->processors = tfd_thread_cores();
}

static void fill_system(const tfd_sys *sys, tfd_arena *keep, tfd_system *out)
{
    tfd_arena scratch;
    struct utsname name;

    tfd_arena_init(&scratch, (size_t)4 << 20);
#ifdef __linux__
    out->os = TFD_OS_LINUX;
#elif defined(__APPLE__)
    out->os = TFD_OS_MACOS;
#endif
    out->uid = (uint32_t)geteuid();
    if (uname(&name) == 0) {
        out->kernel = tfd_arena_str(keep, tfd_str_of(name.release));
        out->arch = tfd_posix_arch(name.machine);
        for (char *p = name.release; *p; p++)
            *p = tfd_char_lower(*p);
        out->is_wsl = strstr(name.release, "microsoft") != NULL;
    }
    fill_release(sys, &scratch, keep, out);
    fill_memory(sys, &scratch, out);
    out->is_container = in_container(sys, &scratch);
    out->seccomp_filter =
        find_number(tfd_posix_slurp(sys, &scratch, "/proc/self/status", SMALL_FILE), "Seccomp") == 2;
    out->selinux_enforcing =
        tfd_str_is(tfd_str_trim(tfd_posix_slurp(sys, &scratch, "/sys/fs/selinux/enforce", 16)), "1");
    tfd_arena_done(&scratch);
}

const tfd_system *tfd_posix_system(const tfd_sys *sys)
{
    tfd_posix *native = sys->ctx;

    tfd_lock_take(&native->lock);
    if (!native->has_system)
        fill_system(sys, &native->arena, &native->system);
    native->has_system = true;
    tfd_lock_give(&native->lock);
    return &native->system;
}
