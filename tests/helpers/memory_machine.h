/* A machine whose files are in memory: what the loader model and the probes ask, nothing else. Tables are
 * static, so one machine at a time. */
#ifndef TFD_TESTS_MEMORY_MACHINE_H
#define TFD_TESTS_MEMORY_MACHINE_H

#include <string.h>

#include "sys/sys.h"

#define MEMORY_FILES 64

typedef struct memory_file {
    const char *path;
    const void *bytes; /* NULL: a folder */
    size_t len;
    bool is_unreadable;
    const char *same_as; /* another path of the file with that one */
} memory_file;

typedef struct memory_machine {
    tfd_sys sys;
    memory_file files[MEMORY_FILES];
    size_t count;
    const char *env[4][2];
    tfd_cpu cpu;
    tfd_system system;
} memory_machine;

static inline const memory_file *memory_find(const tfd_sys *sys, tfd_str path)
{
    const memory_machine *m = sys->ctx;

    for (size_t i = 0; i < m->count; i++)
        if (tfd_path_eq(sys->style, path, tfd_str_of(m->files[i].path)))
            return m->files[i].same_as ? memory_find(sys, tfd_str_of(m->files[i].same_as)) : &m->files[i];
    return NULL;
}

static inline tfd_status memory_open(const tfd_sys *sys, tfd_str path, tfd_file *out, tfd_err *err)
{
    const memory_machine *m = sys->ctx;
    const memory_file *file = memory_find(sys, path);

    *out = TFD_FILE_NONE;
    if (!file)
        return tfd_err_set(err, TFD_ENOENT, 0, "not there");
    if (file->is_unreadable)
        return tfd_err_set(err, TFD_EACCESS, 0, "no access");
    if (!file->bytes)
        return tfd_err_set(err, TFD_EIO, 0, "a folder");
    out->handle = file - m->files;
    out->size = file->len;
    return TFD_OK;
}

static inline tfd_status memory_read_at(const tfd_sys *sys, const tfd_file *file, uint64_t offset, void *dst,
                                        size_t len, size_t *got, tfd_err *err)
{
    const memory_machine *m = sys->ctx;
    const memory_file *f = &m->files[file->handle];

    (void)err;
    *got = offset >= f->len ? 0 : len < f->len - (size_t)offset ? len : f->len - (size_t)offset;
    if (*got > 0)
        memcpy(dst, (const char *)f->bytes + offset, *got);
    return TFD_OK;
}

static inline void memory_close(const tfd_sys *sys, tfd_file *file)
{
    (void)sys;
    *file = TFD_FILE_NONE;
}

static inline tfd_status memory_stat(const tfd_sys *sys, tfd_str path, bool follow, tfd_stat *out,
                                     tfd_err *err)
{
    const memory_machine *m = sys->ctx;
    const memory_file *file = memory_find(sys, path);

    (void)follow;
    memset(out, 0, sizeof *out);
    if (!file)
        return tfd_err_set(err, TFD_ENOENT, 0, "not there");
    out->kind = file->bytes ? TFD_KIND_FILE : TFD_KIND_DIR;
    out->size = file->len;
    out->dev = 1;
    out->ino = (uint64_t)(file - m->files) + 1;
    return TFD_OK;
}

/* The files and folders that stand directly in a folder. */
static inline tfd_status memory_list(const tfd_sys *sys, tfd_arena *arena, tfd_str path, tfd_dirents *out,
                                     tfd_err *err)
{
    const memory_machine *m = sys->ctx;

    if (!memory_find(sys, path))
        return tfd_err_set(err, TFD_ENOENT, 0, "not there");
    for (size_t i = 0; i < m->count; i++) {
        tfd_str file = tfd_str_of(m->files[i].path);

        if (!tfd_path_eq(sys->style, tfd_path_dir(sys->style, file), path))
            continue;
        if (!TFD_GROW(arena, out))
            return tfd_err_set(err, TFD_ENOMEM, 0, "out of memory");
        out->items[out->count++] = (tfd_dirent){.name = tfd_path_base(sys->style, file),
                                                .kind = m->files[i].bytes ? TFD_KIND_FILE : TFD_KIND_DIR};
    }
    return TFD_OK;
}

static inline tfd_status memory_realpath(const tfd_sys *sys, tfd_arena *arena, tfd_str path, tfd_str *out,
                                         tfd_err *err)
{
    const memory_file *file = memory_find(sys, path);

    if (!file)
        return tfd_err_set(err, TFD_ENOENT, 0, "not there");
    *out = tfd_arena_str(arena, tfd_str_of(file->path));
    return TFD_OK;
}

static inline tfd_status memory_mount_of(const tfd_sys *sys, tfd_arena *arena, tfd_str path, tfd_mount *out,
                                         tfd_err *err)
{
    (void)sys, (void)arena, (void)path, (void)err;
    memset(out, 0, sizeof *out);
    return TFD_OK;
}

static inline bool memory_env(const tfd_sys *sys, const char *name, tfd_str *value)
{
    const memory_machine *m = sys->ctx;

    for (size_t i = 0; i < 4; i++)
        if (m->env[i][0] && strcmp(m->env[i][0], name) == 0) {
            *value = tfd_str_of(m->env[i][1]);
            return true;
        }
    return false;
}

static inline tfd_str memory_cwd(const tfd_sys *sys)
{
    (void)sys;
    return TFD_STR("/work");
}

static inline const tfd_cpu *memory_cpu(const tfd_sys *sys)
{
    return &((const memory_machine *)sys->ctx)->cpu;
}

static inline const tfd_system *memory_system(const tfd_sys *sys)
{
    return &((const memory_machine *)sys->ctx)->system;
}

static inline void memory_init(memory_machine *m)
{
    memset(m, 0, sizeof *m);
    m->sys.ctx = m;
    m->sys.open = memory_open;
    m->sys.read_at = memory_read_at;
    m->sys.close = memory_close;
    m->sys.stat = memory_stat;
    m->sys.list = memory_list;
    m->sys.realpath = memory_realpath;
    m->sys.mount_of = memory_mount_of;
    m->sys.env = memory_env;
    m->sys.cwd = memory_cwd;
    m->sys.cpu = memory_cpu;
    m->sys.system = memory_system;
    m->system.os = TFD_OS_LINUX;
}

/* The same as a machine with Windows 10. */
static inline void memory_init_windows(memory_machine *m)
{
    memory_init(m);
    m->sys.style = TFD_PATH_WINDOWS;
    m->system.os = TFD_OS_WINDOWS;
    m->system.arch = TFD_ARCH_X86_64;
    m->system.build = 19045;
    m->system.windows_dir = TFD_STR("C:\\Windows");
    m->system.system_dir = TFD_STR("C:\\Windows\\System32");
}

static inline void memory_add(memory_machine *m, const char *path, const void *bytes, size_t len)
{
    if (m->count < MEMORY_FILES)
        m->files[m->count++] = (memory_file){.path = path, .bytes = bytes, .len = len};
}

static inline void memory_add_dir(memory_machine *m, const char *path)
{
    memory_add(m, path, NULL, 0);
}

#endif
