#include "python/binary.h"

#include <string.h>

#define NAMES_MAX ((uint64_t)8 << 20)
#define SCAN_MAX ((uint64_t)32 << 20)
#define WINDOW ((size_t)256 << 10)

tfd_status tfd_binary_read(const tfd_sys *sys, tfd_arena *arena, tfd_str path, tfd_binary *out, tfd_err *err)
{
    char head[TFD_BINARY_SCRIPT_MAX];
    size_t got = 0;
    tfd_file file;
    tfd_status status = sys->open(sys, path, &file, err);

    memset(out, 0, sizeof *out);
    if (status != TFD_OK)
        return status;
    status = sys->read_at(sys, &file, 0, head, 4, &got, err);
    if (status == TFD_OK && got >= 2 && memcmp(head, "#!", 2) == 0)
        status = sys->read_at(sys, &file, 0, head, sizeof head, &got, err);
    sys->close(sys, &file);
    if (status != TFD_OK)
        return status;
    if (got == 0) {
        out->kind = TFD_BINARY_EMPTY;
    } else if (got >= 2 && memcmp(head, "#!", 2) == 0) {
        tfd_str text = {head, got};

        out->kind = TFD_BINARY_SCRIPT;
        out->script = tfd_arena_str(arena, text);
    } else if (got == 4 && memcmp(head, "\177ELF", 4) == 0) {
        out->kind = TFD_BINARY_ELF;
        return tfd_elf_read(sys, arena, path, &out->elf, err);
    } else if (got >= 2 && memcmp(head, "MZ", 2) == 0) {
        out->kind = TFD_BINARY_PE;
        return tfd_pe_read(sys, arena, path, &out->pe, err);
    }
    return TFD_OK;
}

/* A part of a file in windows; true if visit ended the scan. */
static bool scan_part(const tfd_sys *sys, const tfd_file *file, uint64_t offset, uint64_t len, char *window,
                      tfd_binary_visit visit, void *ctx)
{
    uint64_t at = 0;

    while (at < len) {
        uint64_t left = len - at;
        size_t want = left < WINDOW ? (size_t)left : WINDOW;
        size_t got = 0;
        tfd_str bytes = {window, 0};

        if (sys->read_at(sys, file, offset + at, window, want, &got, NULL) != TFD_OK)
            return false;
        bytes.len = got;
        if (visit(ctx, bytes))
            return true;
        if (got < want || want == left)
            return false;
        at += want - TFD_BINARY_OVERLAP;
    }
    return false;
}

bool tfd_binary_scan(const tfd_sys *sys, tfd_arena *arena, tfd_str path, const tfd_elf *elf,
                     tfd_binary_visit visit, void *ctx)
{
    char *window = tfd_arena_take(arena, WINDOW, 1);
    uint64_t total = 0;
    bool done = false;
    tfd_file file;

    if (!window || sys->open(sys, path, &file, NULL) != TFD_OK)
        return false;
    for (size_t i = 0; i < elf->segment_count && !done; i++) {
        total += elf->segments[i].filesz;
        if (total > SCAN_MAX)
            break;
        done = scan_part(sys, &file, elf->segments[i].offset, elf->segments[i].filesz, window, visit, ctx);
    }
    sys->close(sys, &file);
    return done;
}

bool tfd_binary_scan_file(const tfd_sys *sys, tfd_arena *arena, tfd_str path, tfd_binary_visit visit,
                          void *ctx)
{
    char *window = tfd_arena_take(arena, WINDOW, 1);
    tfd_file file;
    bool done;

    if (!window || sys->open(sys, path, &file, NULL) != TFD_OK)
        return false;
    done = scan_part(sys, &file, 0, file.size < SCAN_MAX ? file.size : SCAN_MAX, window, visit, ctx);
    sys->close(sys, &file);
    return done;
}

tfd_str tfd_binary_names(const tfd_sys *sys, tfd_arena *arena, tfd_str path, const tfd_elf *elf)
{
    tfd_str out = {NULL, 0};
    size_t got = 0;
    tfd_file file;
    char *bytes;

    if (elf->state != TFD_ELF_OK || elf->at.strsz == 0 || elf->at.strsz > NAMES_MAX ||
        sys->open(sys, path, &file, NULL) != TFD_OK)
        return out;
    bytes = tfd_arena_take(arena, (size_t)elf->at.strsz, 1);
    if (bytes &&
        sys->read_at(sys, &file, elf->at.strtab, bytes, (size_t)elf->at.strsz, &got, NULL) == TFD_OK) {
        out.ptr = bytes;
        out.len = got;
    }
    sys->close(sys, &file);
    return out;
}

bool tfd_binary_has_module(tfd_str names, tfd_str module)
{
    tfd_str rest = names;
    size_t hit;

    while ((hit = tfd_str_find_z(rest, "PyInit_")) != TFD_NPOS) {
        tfd_str name, after;

        rest = tfd_str_from(rest, hit + 7);
        tfd_str_cut(rest, '\0', &name, &after);
        if (tfd_str_eq(name, module))
            return true;
    }
    return false;
}

bool tfd_binary_lists(tfd_str names, tfd_str name)
{
    tfd_str one;
    bool more = names.len > 0;

    while (more) {
        more = tfd_str_cut(names, '\0', &one, &names);
        if (tfd_str_eq(one, name))
            return true;
    }
    return false;
}
