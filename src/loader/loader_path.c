#include "loader/loader_parts.h"

tfd_status tfd_loader_no_memory(tfd_err *err)
{
    return tfd_err_set(err, TFD_ENOMEM, 0, "loader model: out of memory");
}

/* ---- $ORIGIN, $LIB, $PLATFORM */

static size_t match_token(tfd_str rest, const char *name)
{
    size_t len = tfd_str_of(name).len;

    if (rest.len > len + 2 && rest.ptr[1] == '{' && tfd_str_starts_z(tfd_str_from(rest, 2), name) &&
        rest.ptr[len + 2] == '}')
        return len + 3;
    if (!tfd_str_starts_z(tfd_str_from(rest, 1), name))
        return 0;
    /* "$ORIGINAL" is no token: glibc wants the name to end there. */
    rest = tfd_str_from(rest, len + 1);
    return rest.len > 0 &&
                   (tfd_char_is_alpha(rest.ptr[0]) || tfd_char_is_digit(rest.ptr[0]) || rest.ptr[0] == '_')
               ? 0
               : len + 1;
}

static tfd_str platform_of(const tfd_loader *loader)
{
    uint16_t machine =
        loader->program == TFD_NONE ? TFD_EM_X86_64 : loader->files.items[loader->program].elf.machine;

    return machine == TFD_EM_AARCH64 ? TFD_STR("aarch64")
           : machine == TFD_EM_386   ? TFD_STR("i686")
                                     : TFD_STR("x86_64");
}

tfd_status tfd_loader_expand(tfd_loader *loader, tfd_str text, tfd_str origin, tfd_str *out, tfd_err *err)
{
    tfd_str done = TFD_STR("");

    if (tfd_str_find_char(text, '$') == TFD_NPOS) {
        *out = text;
        return TFD_OK;
    }
    while (text.len > 0) {
        size_t at = tfd_str_find_char(text, '$');
        tfd_str rest = at == TFD_NPOS ? TFD_STR("") : tfd_str_from(text, at);
        tfd_str value = rest.len > 0 ? TFD_STR("$") : rest;
        size_t len = 1;
        size_t n;

        if ((n = match_token(rest, "ORIGIN")) > 0)
            value = origin, len = n;
        else if ((n = match_token(rest, "LIB")) > 0)
            value = loader->lib_token, len = n;
        else if ((n = match_token(rest, "PLATFORM")) > 0)
            value = platform_of(loader), len = n;
        done = tfd_arena_fmt(loader->arena, "%.*s%.*s%.*s", TFD_ARG(done), TFD_ARG(tfd_str_sub(text, 0, at)),
                             TFD_ARG(value));
        if (!done.ptr)
            return tfd_loader_no_memory(err);
        text = rest.len > 0 ? tfd_str_from(rest, len) : rest;
    }
    *out = done;
    return TFD_OK;
}

/* ---- lists of folders */

/* ld.so drops slashes at the end and takes an empty entry for the current folder. */
static tfd_status add_dir(tfd_loader *loader, tfd_str entry, tfd_str origin, tfd_loader_path *path,
                          tfd_err *err)
{
    tfd_str dir = {NULL, 0};
    tfd_status st = tfd_loader_expand(loader, entry, origin, &dir, err);

    if (st != TFD_OK)
        return st;
    while (dir.len > 1 && dir.ptr[dir.len - 1] == '/')
        dir.len--;
    if (dir.len == 0 || !tfd_path_is_abs(TFD_PATH_POSIX, dir)) {
        dir = dir.len == 0 ? loader->settings.cwd
                           : tfd_path_join(TFD_PATH_POSIX, loader->arena, loader->settings.cwd, dir);
        if (!dir.ptr && loader->settings.cwd.len > 0)
            return tfd_loader_no_memory(err);
    }
    for (size_t i = 0; i < path->count; i++)
        if (tfd_str_eq(path->items[i], dir))
            return TFD_OK;
    if (path->count == TFD_LOADER_DIRS_MAX || dir.len == 0)
        return TFD_OK;
    if (!TFD_GROW(loader->arena, path))
        return tfd_loader_no_memory(err);
    path->items[path->count++] = dir;
    return TFD_OK;
}

static tfd_status split_path(tfd_loader *loader, tfd_str text, bool semicolons, tfd_str origin,
                             tfd_loader_path *path, tfd_err *err)
{
    size_t start = 0;

    path->is_ready = true;
    if (text.len == 0)
        return TFD_OK;
    for (size_t i = 0; i <= text.len; i++) {
        if (i == text.len || text.ptr[i] == ':' || (semicolons && text.ptr[i] == ';')) {
            tfd_status st = add_dir(loader, tfd_str_sub(text, start, i), origin, path, err);

            if (st != TFD_OK)
                return st;
            start = i + 1;
        }
    }
    return TFD_OK;
}

tfd_status tfd_loader_rpath_of(tfd_loader *loader, size_t file, tfd_loader_path **out, tfd_err *err)
{
    tfd_loader_file *f = &loader->files.items[file];
    /* musl treats both alike and lets DT_RUNPATH replace DT_RPATH too (ldso/dynlink.c, decode_dyn). */
    tfd_str text = f->elf.has_runpath ? (loader->is_musl ? f->elf.runpath : TFD_STR("")) : f->elf.rpath;

    *out = &f->rpath;
    return f->rpath.is_ready ? TFD_OK : split_path(loader, text, false, f->origin, &f->rpath, err);
}

tfd_status tfd_loader_runpath_of(tfd_loader *loader, size_t file, tfd_loader_path **out, tfd_err *err)
{
    tfd_loader_file *f = &loader->files.items[file];

    *out = &f->runpath;
    return f->runpath.is_ready ? TFD_OK
                               : split_path(loader, f->elf.runpath, false, f->origin, &f->runpath, err);
}

bool tfd_loader_has_dir(tfd_loader *loader, tfd_str dir)
{
    uint32_t known = tfd_map_get(&loader->dirs, dir);

    if (known == TFD_MAP_NONE) {
        tfd_stat info;
        tfd_status st = loader->sys->stat(loader->sys, dir, true, &info, NULL);

        /* Of a folder that cannot be asked for its files are. */
        known = (st == TFD_OK ? info.kind == TFD_KIND_DIR : st != TFD_ENOENT) ? 1 : 0;
        (void)tfd_map_put(loader->arena, &loader->dirs, dir, known); /* only a cache */
    }
    return known == 1;
}

/* ---- default folders */

#define INTERPRETER_MAX ((size_t)8 << 20)

static bool is_dir_string(tfd_str text)
{
    return text.len > 4 && text.ptr[0] == '/' && text.ptr[text.len - 1] == '/' &&
           (tfd_str_ends_z(text, "lib/") || tfd_str_ends_z(text, "lib64/") ||
            tfd_str_ends_z(text, "lib32/") || tfd_str_find_z(text, "/lib/") != TFD_NPOS);
}

/* The folders compiled into ld.so (SYSTEM_DIRS) differ by distribution: Debian has multiarch folders, Fedora
 * lib64, Nix its store. They stand in its read-only data as a run of strings that end in '/'; the first run
 * of two or more is theirs. */
static tfd_status read_system_dirs(tfd_loader *loader, tfd_str bytes, tfd_err *err)
{
    size_t run = 0;

    for (size_t at = 0; at < bytes.len;) {
        size_t len = 0;
        tfd_str text;

        if (bytes.ptr[at] != '/') {
            size_t next = tfd_str_find_char(tfd_str_from(bytes, at), '\0');

            if (run > 1)
                return TFD_OK;
            run = 0;
            loader->default_dirs.count = 0;
            at = next == TFD_NPOS ? bytes.len : at + next + 1;
            continue;
        }
        while (at + len < bytes.len && len < 256 && bytes.ptr[at + len] != '\0')
            len++;
        text = tfd_str_sub(bytes, at, at + len);
        if (is_dir_string(text)) {
            tfd_str copy = tfd_arena_str(loader->arena, text);
            tfd_status st = copy.ptr ? add_dir(loader, copy, TFD_STR(""), &loader->default_dirs, err)
                                     : tfd_loader_no_memory(err);

            if (st != TFD_OK)
                return st;
            run++;
        } else if (run > 1) {
            return TFD_OK;
        } else {
            run = 0;
            loader->default_dirs.count = 0;
        }
        at += len + 1;
    }
    return TFD_OK;
}

static tfd_status guess_system_dirs(tfd_loader *loader, tfd_err *err)
{
    bool wide = loader->program != TFD_NONE && loader->files.items[loader->program].elf.bits == 64;
    tfd_str text = loader->is_musl ? TFD_STR("/lib:/usr/local/lib:/usr/lib")
                   : wide          ? TFD_STR("/lib64:/usr/lib64:/lib:/usr/lib")
                                   : TFD_STR("/lib:/usr/lib");

    return split_path(loader, text, false, TFD_STR(""), &loader->default_dirs, err);
}

/* musl: /etc/ld-musl-$(ARCH).path, folders separated by newlines or colons. */
static tfd_status read_musl_path(tfd_loader *loader, tfd_str interp, tfd_err *err)
{
    tfd_str name = tfd_path_base(TFD_PATH_POSIX, interp); /* ld-musl-x86_64.so.1 */
    size_t dot = tfd_str_find_char(name, '.');
    tfd_str path = tfd_arena_fmt(loader->arena, "/etc/%.*s.path", TFD_ARG(tfd_str_sub(name, 0, dot)));
    tfd_str text, line;
    tfd_status st;

    st = tfd_sys_read_file(loader->sys, loader->arena, path, 65536, &text, NULL);
    tfd_loader_doubt(loader, st);
    if (st != TFD_OK)
        return guess_system_dirs(loader, err);
    while (tfd_str_line(&text, &line)) {
        st = split_path(loader, tfd_str_trim(line), false, TFD_STR(""), &loader->default_dirs, err);

        if (st != TFD_OK)
            return st;
    }
    return TFD_OK;
}

static tfd_str lib_token_of(const tfd_loader *loader)
{
    for (size_t i = 0; i < loader->default_dirs.count; i++) {
        tfd_str dir = loader->default_dirs.items[i];

        if (tfd_str_starts_z(dir, "/lib/") || tfd_str_is(dir, "/lib64"))
            return tfd_str_from(dir, 1);
    }
    return TFD_STR("lib");
}

tfd_status tfd_loader_read_defaults(tfd_loader *loader, tfd_err *err)
{
    const tfd_loader_file *program = &loader->files.items[loader->program];
    tfd_str bytes;
    tfd_arena_mark mark = tfd_arena_get_mark(loader->scratch);
    tfd_status st = TFD_OK;
    tfd_status read;

    loader->is_musl = tfd_str_find_z(program->elf.interp, "ld-musl") != TFD_NPOS;
    if (loader->is_musl)
        st = read_musl_path(loader, program->elf.interp, err);
    else if (program->elf.interp.len > 0) {
        read = tfd_sys_read_file(loader->sys, loader->scratch, program->elf.interp, INTERPRETER_MAX, &bytes,
                                 NULL);
        tfd_loader_doubt(loader, read);
        if (read == TFD_OK)
            st = read_system_dirs(loader, bytes, err);
    }
    if (loader->scratch != loader->arena)
        tfd_arena_rewind(loader->scratch, mark);
    if (st == TFD_OK && loader->default_dirs.count == 0)
        st = guess_system_dirs(loader, err);
    loader->lib_token = lib_token_of(loader);
    if (st != TFD_OK)
        return st;
    return split_path(loader, loader->settings.library_path, true, program->origin, &loader->library_path,
                      err);
}
