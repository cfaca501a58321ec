#include "python/libc.h"

#include <string.h>

#define CACHE_MAX ((size_t)4 << 20)
#define VERSION_MAX 24

typedef struct version_scan {
    tfd_arena *arena;
    const char *before; /* text that precedes the version */
    tfd_str version;
} version_scan;

static tfd_str take_version(tfd_arena *arena, tfd_str s)
{
    size_t n = 0;

    while (n < s.len && n < VERSION_MAX && (tfd_char_is_digit(s.ptr[n]) || s.ptr[n] == '.'))
        n++;
    while (n > 0 && s.ptr[n - 1] == '.')
        n--;
    return tfd_arena_str(arena, tfd_str_sub(s, 0, n));
}

static bool visit_version(void *ctx, tfd_str bytes)
{
    version_scan *scan = ctx;
    size_t hit = tfd_str_find_z(bytes, scan->before);

    if (hit == TFD_NPOS)
        return false;
    scan->version = take_version(scan->arena, tfd_str_from(bytes, hit + strlen(scan->before)));
    return scan->version.len > 0;
}

/* "ld.so (Debian GLIBC 2.36-9) stable release version 2.36." stands in the loader (from 2.33) and in
 * libc.so.6. */
static tfd_str scan_glibc(const tfd_sys *sys, tfd_arena *arena, tfd_str file)
{
    version_scan scan = {arena, "release version ", {NULL, 0}};
    tfd_elf elf;

    if (tfd_elf_read(sys, arena, file, &elf, NULL) == TFD_OK && elf.state == TFD_ELF_OK)
        tfd_binary_scan(sys, arena, file, &elf, visit_version, &scan);
    return scan.version;
}

/* Up to 2.33 files are called ld-2.31.so and libc-2.31.so behind their links. */
static tfd_str version_of_name(tfd_arena *arena, tfd_str real)
{
    tfd_str base = tfd_path_base(TFD_PATH_POSIX, real);
    size_t dash = tfd_str_find_char(base, '-');

    if (dash == TFD_NPOS || !tfd_str_starts_z(tfd_str_from(base, dash + 1), "2."))
        return TFD_STR("");
    return take_version(arena, tfd_str_from(base, dash + 1));
}

static void find_glibc(const tfd_sys *sys, tfd_arena *arena, tfd_str loader, tfd_libc *out)
{
    tfd_str libc = tfd_path_join(sys->style, arena, tfd_path_dir(sys->style, loader), TFD_STR("libc.so.6"));

    out->name = TFD_STR("glibc");
    out->source = loader;
    out->version = version_of_name(arena, loader);
    if (out->version.len == 0)
        out->version = scan_glibc(sys, arena, loader);
    if (out->version.len == 0) {
        out->source = libc;
        out->version = scan_glibc(sys, arena, libc);
    }
}

typedef struct literal_scan {
    tfd_arena *arena;
    tfd_str version;
} literal_scan;

/* musl's version is a literal of its own: "1.2.4" between two NULs. */
static bool visit_musl(void *ctx, tfd_str bytes)
{
    literal_scan *scan = ctx;

    for (size_t at = 1; at + 6 < bytes.len; at++) {
        tfd_str word, rest;

        if (bytes.ptr[at - 1] != '\0' || !tfd_char_is_digit(bytes.ptr[at]) || bytes.ptr[at + 1] != '.')
            continue;
        tfd_str_cut(tfd_str_sub(bytes, at, at + 12), '\0', &word, &rest);
        scan->version = take_version(scan->arena, word);
        if (word.len >= 5 && scan->version.len == word.len)
            return true;
        scan->version.len = 0;
    }
    return false;
}

void tfd_libc_find(const tfd_sys *sys, tfd_arena *arena, tfd_str interp, tfd_libc *out)
{
    tfd_str base = tfd_path_base(sys->style, interp);
    literal_scan scan = {arena, {NULL, 0}};
    tfd_str real;
    tfd_elf elf;

    memset(out, 0, sizeof *out);
    if (interp.len == 0 || sys->realpath(sys, arena, interp, &real, NULL) != TFD_OK)
        return;
    if (tfd_str_starts_z(base, "ld-musl")) {
        out->name = TFD_STR("musl");
        out->source = real;
        if (tfd_elf_read(sys, arena, real, &elf, NULL) == TFD_OK && elf.state == TFD_ELF_OK)
            tfd_binary_scan(sys, arena, real, &elf, visit_musl, &scan);
        out->version = scan.version;
    } else if (tfd_str_starts_z(base, "ld-linux") || tfd_str_starts_z(base, "ld.so") ||
               tfd_str_starts_z(base, "ld64.so") || tfd_str_starts_z(base, "ld-2")) {
        find_glibc(sys, arena, real, out);
    }
}

/* ---- the interpreter's own library */

/* $ORIGIN and ${ORIGIN} become the program's folder. */
static tfd_str expand_origin(tfd_arena *arena, tfd_str dir, tfd_str program)
{
    static const char *const tokens[] = {"${ORIGIN}", "$ORIGIN"};

    for (size_t i = 0; i < 2; i++) {
        size_t at = tfd_str_find_z(dir, tokens[i]);

        if (at != TFD_NPOS)
            return tfd_arena_fmt(arena, "%.*s%.*s%.*s", TFD_ARG(tfd_str_sub(dir, 0, at)),
                                 TFD_ARG(tfd_path_dir(TFD_PATH_POSIX, program)),
                                 TFD_ARG(tfd_str_from(dir, at + strlen(tokens[i]))));
    }
    return dir;
}

static tfd_str find_in(const tfd_sys *sys, tfd_arena *arena, tfd_str dirs, tfd_str program, tfd_str name)
{
    tfd_str rest = dirs, dir;
    bool more = dirs.len > 0;

    while (more) {
        tfd_str file;

        more = tfd_str_cut(rest, ':', &dir, &rest);
        if (dir.len == 0)
            continue;
        file = tfd_path_join(sys->style, arena, expand_origin(arena, dir, program), name);
        if (tfd_sys_is_file(sys, file))
            return file;
    }
    return TFD_STR("");
}

/* The cache holds "NAME\0/folder/NAME\0"; the path is enough here. */
static tfd_str find_in_cache(const tfd_sys *sys, tfd_arena *arena, tfd_str name)
{
    tfd_str ending = tfd_arena_fmt(arena, "/%.*s", TFD_ARG(name));
    tfd_str cache, rest;
    size_t hit;

    if (tfd_sys_read_file(sys, arena, TFD_STR("/etc/ld.so.cache"), CACHE_MAX, &cache, NULL) != TFD_OK)
        return TFD_STR("");
    for (rest = cache; (hit = tfd_str_find(rest, ending)) != TFD_NPOS;) {
        size_t start = hit, end = hit + ending.len;

        while (start > 0 && rest.ptr[start - 1] != '\0')
            start--;
        if (end < rest.len && rest.ptr[end] == '\0' && rest.ptr[start] == '/') {
            tfd_str path = tfd_arena_str(arena, tfd_str_sub(rest, start, end));

            if (tfd_sys_is_file(sys, path))
                return path;
        }
        rest = tfd_str_from(rest, end);
    }
    return TFD_STR("");
}

static tfd_str default_dirs(tfd_arena *arena, const tfd_elf *elf)
{
    const char *triple = elf->machine == TFD_EM_AARCH64  ? "aarch64-linux-gnu"
                         : elf->machine == TFD_EM_X86_64 ? "x86_64-linux-gnu"
                                                         : "i386-linux-gnu";

    return tfd_arena_fmt(arena, "/lib/%s:/usr/lib/%s:/lib64:/usr/lib64:/lib:/usr/lib:/usr/local/lib", triple,
                         triple);
}

tfd_str tfd_libc_resolve(const tfd_sys *sys, tfd_arena *arena, tfd_str program, const tfd_elf *elf,
                         tfd_str name)
{
    tfd_str found = TFD_STR(""), variable;

    if (elf->has_rpath && !elf->has_runpath)
        found = find_in(sys, arena, elf->rpath, program, name);
    if (found.len == 0 && sys->env(sys, "LD_LIBRARY_PATH", &variable))
        found = find_in(sys, arena, variable, program, name);
    if (found.len == 0)
        found = find_in(sys, arena, elf->runpath, program, name);
    if (found.len == 0)
        found = find_in_cache(sys, arena, name);
    if (found.len == 0)
        found = find_in(sys, arena, default_dirs(arena, elf), program, name);
    return found;
}
