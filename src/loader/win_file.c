#include "loader/win_parts.h"

#include <string.h>

/* What Wine writes behind the DOS header of a file that stands for a DLL it has in itself. */
#define BUILTIN_AT 64u
#define BUILTIN_LEN 32u

tfd_status tfd_win_no_memory(tfd_err *err)
{
    return tfd_err_set(err, TFD_ENOMEM, 0, "native files: out of memory");
}

bool tfd_win_is_usable(const tfd_win_file *file)
{
    return file->state == TFD_OBJECT_OK;
}

tfd_kind tfd_win_kind(tfd_win_loader *loader, tfd_str path, tfd_status *status)
{
    tfd_stat stat;

    *status = loader->sys->stat(loader->sys, path, true, &stat, NULL);
    return *status == TFD_OK ? stat.kind : TFD_KIND_NONE;
}

/* A row; key is the lowered path. */
static tfd_status add_row(tfd_win_loader *loader, tfd_str path, tfd_str key, size_t *file, tfd_err *err)
{
    tfd_win_file *row;

    if (loader->files.count == TFD_WIN_FILES_MAX)
        return tfd_err_set(err, TFD_ELIMIT, 0, "more than %d native files", TFD_WIN_FILES_MAX);
    if (!TFD_GROW(loader->arena, &loader->files))
        return tfd_win_no_memory(err);
    *file = loader->files.count++;
    row = &loader->files.items[*file];
    memset(row, 0, sizeof *row);
    row->path = tfd_arena_str(loader->arena, path);
    row->name = tfd_path_base(TFD_PATH_WINDOWS, key);
    row->loader = TFD_NONE;
    row->is_system = tfd_path_eq(TFD_PATH_WINDOWS, tfd_path_dir(TFD_PATH_WINDOWS, key), loader->system_dir);
    if (!row->path.ptr || !tfd_map_put(loader->arena, &loader->by_path, key, (uint32_t)*file))
        return tfd_win_no_memory(err);
    return TFD_OK;
}

tfd_status tfd_win_add_lost(tfd_win_loader *loader, tfd_str path, tfd_object_state state, tfd_str why,
                            size_t *file, tfd_err *err)
{
    tfd_str key = tfd_win_lower(loader->arena, path);
    uint32_t known = key.ptr ? tfd_map_get(&loader->by_path, key) : TFD_MAP_NONE;
    tfd_status st = TFD_OK;

    if (!key.ptr)
        return tfd_win_no_memory(err);
    if (known != TFD_MAP_NONE)
        *file = known;
    else
        st = add_row(loader, path, key, file, err);
    if (st == TFD_OK) {
        loader->files.items[*file].state = state;
        loader->files.items[*file].why = why;
    }
    return st;
}

static tfd_object_state state_of(tfd_pe_state state)
{
    switch (state) {
    case TFD_PE_OK:
        return TFD_OBJECT_OK;
    case TFD_PE_EMPTY:
        return TFD_OBJECT_EMPTY;
    case TFD_PE_SHORT:
    case TFD_PE_TRUNCATED:
        return TFD_OBJECT_TRUNCATED;
    case TFD_PE_NOT_PE:
        return TFD_OBJECT_NOT_ELF;
    default:
        return TFD_OBJECT_DAMAGED;
    }
}

/* The processor, and the form, must be the program's. */
static void judge_machine(tfd_win_loader *loader, tfd_win_file *row)
{
    const tfd_pe *program = loader->program == TFD_NONE ? NULL : &loader->files.items[loader->program].pe;

    if (row->state != TFD_OBJECT_OK || !program || row->pe.machine == program->machine ||
        (tfd_pe_arch(&row->pe) == tfd_pe_arch(program) && row->pe.bits == program->bits))
        return;
    row->state = TFD_OBJECT_WRONG_ARCH;
    row->why = tfd_arena_fmt(loader->arena, "it is for %.*s, the interpreter for %.*s",
                             TFD_ARG(tfd_pe_machine_name(loader->arena, row->pe.machine)),
                             TFD_ARG(tfd_pe_machine_name(loader->arena, program->machine)));
}

static bool is_builtin(tfd_reader *reader)
{
    const uint8_t *bytes = tfd_reader_bytes(reader, BUILTIN_AT, BUILTIN_LEN);

    return bytes &&
           (memcmp(bytes, "Wine builtin DLL", 16) == 0 || memcmp(bytes, "Wine placeholder DLL", 20) == 0);
}

static tfd_status read_row(tfd_win_loader *loader, tfd_win_file *row, tfd_err *err)
{
    tfd_reader *reader = loader->reader;
    tfd_err why = {0};
    tfd_status st;

    reader->failed = false;
    st = tfd_pe_parse(reader, loader->arena, &row->pe, &why);
    if (st == TFD_OK) {
        row->state = state_of(row->pe.state);
        row->why = row->pe.why;
        row->is_builtin = is_builtin(reader);
        judge_machine(loader, row);
        st = tfd_win_read_assemblies(loader, reader, row, err);
    } else if (st == TFD_ENOMEM) {
        tfd_reader_close(reader);
        return tfd_win_no_memory(err);
    } else {
        row->state = TFD_OBJECT_UNKNOWN;
        row->why = TFD_STR("reading it failed");
        st = TFD_OK;
    }
    tfd_reader_close(reader);
    return st;
}

/* A file that is there and does not open: the loader fails over it with the same number. */
static tfd_status add_closed(tfd_win_loader *loader, tfd_str path, tfd_str key, tfd_status opened,
                             const tfd_err *why, size_t *file, tfd_err *err)
{
    tfd_status st = add_row(loader, path, key, file, err);
    tfd_win_file *row;

    if (st != TFD_OK)
        return st;
    row = &loader->files.items[*file];
    row->state = opened == TFD_EACCESS || why->os_code != 0 ? TFD_OBJECT_UNREADABLE : TFD_OBJECT_UNKNOWN;
    row->why = why->os_code != 0
                   ? tfd_arena_fmt(loader->arena, "opening it fails with error %d", why->os_code)
               : opened == TFD_EACCESS ? TFD_STR("this user may not read it")
                                       : TFD_STR("it could not be opened");
    return TFD_OK;
}

/* Each DLL that looks for a name asks the same folders for it. */
static tfd_status note_miss(tfd_win_loader *loader, tfd_str key, tfd_err *err)
{
    return tfd_map_put(loader->arena, &loader->misses, key, 0) ? TFD_OK : tfd_win_no_memory(err);
}

tfd_status tfd_win_look_at(tfd_win_loader *loader, tfd_str path, size_t *file, tfd_err *err)
{
    tfd_str key = tfd_win_lower(loader->arena, path);
    uint32_t known = key.ptr ? tfd_map_get(&loader->by_path, key) : TFD_MAP_NONE;
    tfd_err why = {0};
    tfd_status st, stat;

    *file = TFD_NONE;
    if (!key.ptr)
        return tfd_win_no_memory(err);
    if (known != TFD_MAP_NONE) {
        *file = loader->files.items[known].state == TFD_OBJECT_MISSING ? TFD_NONE : known;
        return TFD_OK;
    }
    if (tfd_map_get(&loader->misses, key) != TFD_MAP_NONE)
        return TFD_OK;
    st = tfd_reader_open(loader->reader, loader->sys, path, &why);
    if (st == TFD_ENOENT || (st != TFD_OK && tfd_win_kind(loader, path, &stat) == TFD_KIND_DIR))
        return note_miss(loader, key, err);
    if (st != TFD_OK)
        return add_closed(loader, path, key, st, &why, file, err);
    st = add_row(loader, path, key, file, err);
    if (st != TFD_OK) {
        tfd_reader_close(loader->reader);
        return st;
    }
    return read_row(loader, &loader->files.items[*file], err);
}
