#include <string.h>

#include "loader/loader_parts.h"

static tfd_status add_file(tfd_loader *loader, tfd_str path, size_t *out, tfd_err *err)
{
    tfd_loader_file *file;

    if (loader->files.count == TFD_LOADER_FILES_MAX)
        return tfd_err_set(err, TFD_ELIMIT, 0, "more than %d native files", TFD_LOADER_FILES_MAX);
    if (!TFD_GROW(loader->arena, &loader->files))
        return tfd_loader_no_memory(err);
    *out = loader->files.count++;
    file = &loader->files.items[*out];
    memset(file, 0, sizeof *file);
    file->opened = tfd_arena_str(loader->arena, path);
    file->path = file->opened;
    file->origin = tfd_path_dir(TFD_PATH_POSIX, file->opened);
    file->loader = TFD_NONE;
    if (!file->opened.ptr || !tfd_map_put(loader->arena, &loader->by_path, file->opened, (uint32_t)*out))
        return tfd_loader_no_memory(err);
    return TFD_OK;
}

/* "python/../libx.so" is read more easily as "libx.so"; but only if no link on the way makes that another
 * file. */
static tfd_status fold_path(tfd_loader *loader, tfd_loader_file *file, tfd_err *err)
{
    tfd_str folded;
    tfd_stat stat;

    if (tfd_str_find_z(file->opened, "/.") == TFD_NPOS && tfd_str_find_z(file->opened, "//") == TFD_NPOS)
        return TFD_OK;
    folded = tfd_path_norm(TFD_PATH_POSIX, loader->arena, file->opened);
    if (!folded.ptr)
        return tfd_loader_no_memory(err);
    if (loader->sys->stat(loader->sys, folded, true, &stat, NULL) == TFD_OK && stat.dev == file->dev &&
        stat.ino == file->ino)
        file->path = folded;
    return TFD_OK;
}

/* Key of (dev, ino) for the map; the bytes live in the arena. */
static tfd_status id_key(tfd_loader *loader, const tfd_stat *stat, tfd_str *out, tfd_err *err)
{
    uint64_t id[2] = {stat->dev, stat->ino};

    *out = tfd_arena_str(loader->arena, (tfd_str){(const char *)id, sizeof id});
    return out->ptr ? TFD_OK : tfd_loader_no_memory(err);
}

static void set_state(tfd_loader_file *file, tfd_object_state state, tfd_str why)
{
    file->state = state;
    file->why = why;
}

static void judge_arch(tfd_loader *loader, tfd_loader_file *file)
{
    const tfd_elf *elf = &file->elf;
    const tfd_elf *program = loader->program == TFD_NONE ? NULL : &loader->files.items[loader->program].elf;

    if (!program || elf->bits == 0 || program->bits == 0)
        return;
    if (elf->machine != program->machine)
        set_state(file, TFD_OBJECT_WRONG_ARCH,
                  tfd_arena_fmt(loader->arena, "it is for %.*s, the interpreter for %.*s",
                                TFD_ARG(tfd_elf_machine_name(loader->arena, elf->machine)),
                                TFD_ARG(tfd_elf_machine_name(loader->arena, program->machine))));
    else if (elf->bits != program->bits || elf->big_endian != program->big_endian)
        set_state(file, TFD_OBJECT_WRONG_ARCH,
                  tfd_arena_fmt(loader->arena, "it has %d bits, the interpreter %d%s", elf->bits,
                                program->bits,
                                elf->big_endian != program->big_endian ? ", and the other byte order" : ""));
}

static void judge(tfd_loader *loader, tfd_loader_file *file)
{
    static const tfd_object_state states[] = {
        [TFD_ELF_OK] = TFD_OBJECT_OK,
        [TFD_ELF_EMPTY] = TFD_OBJECT_EMPTY,
        [TFD_ELF_SHORT] = TFD_OBJECT_TRUNCATED,
        [TFD_ELF_NOT_ELF] = TFD_OBJECT_NOT_ELF,
        [TFD_ELF_TRUNCATED] = TFD_OBJECT_TRUNCATED,
        [TFD_ELF_DAMAGED] = TFD_OBJECT_DAMAGED,
    };
    const tfd_elf *elf = &file->elf;
    bool is_program = loader->program == TFD_NONE;

    set_state(file, states[elf->state], elf->why);
    if (elf->state != TFD_ELF_EMPTY && elf->state != TFD_ELF_NOT_ELF && elf->state != TFD_ELF_SHORT)
        judge_arch(loader, file);
    if (file->state != TFD_OBJECT_OK || is_program)
        return;
    if (elf->type != TFD_ET_DYN || elf->is_pie)
        set_state(file, TFD_OBJECT_DAMAGED,
                  TFD_STR("it is a program or an object file, not a shared library"));
    else if (!elf->has_dynamic)
        set_state(file, TFD_OBJECT_DAMAGED, TFD_STR("it has no dynamic section"));
}

/* Opens and parses a file that is new. Statuses of the file become its state; only memory and limits are
 * errors. */
static tfd_status read_file(tfd_loader *loader, size_t index, tfd_err *err)
{
    tfd_err why = {0};
    tfd_status st = tfd_reader_open(loader->reader, loader->sys, loader->files.items[index].opened, &why);
    tfd_loader_file *file = &loader->files.items[index];

    if (st == TFD_OK) {
        st = tfd_elf_parse(loader->reader, loader->arena, &file->elf, &why);
        tfd_reader_close(loader->reader);
    }
    if (st == TFD_ENOMEM || st == TFD_ELIMIT)
        return tfd_err_set(err, st, 0, "%s", why.text);
    if (st == TFD_EACCESS)
        set_state(file, TFD_OBJECT_UNREADABLE, TFD_STR("this user may not read it"));
    else if (st != TFD_OK)
        set_state(file, TFD_OBJECT_UNKNOWN, tfd_arena_str(loader->arena, tfd_str_of(why.text)));
    else
        judge(loader, file);
    return TFD_OK;
}

/* The row of a path that stat knows: an old one if it is the same file. */
static tfd_status row_of(tfd_loader *loader, tfd_str path, const tfd_stat *stat, size_t *file, tfd_err *err)
{
    tfd_str id = {NULL, 0};
    uint32_t known = TFD_MAP_NONE;
    tfd_status st = TFD_OK;

    if (stat->dev != 0 || stat->ino != 0) {
        st = id_key(loader, stat, &id, err);
        if (st != TFD_OK)
            return st;
        known = tfd_map_get(&loader->by_id, id);
    }
    if (known != TFD_MAP_NONE) {
        *file = known;
        path = tfd_arena_str(loader->arena, path); /* another name of it */
        return path.ptr && tfd_map_put(loader->arena, &loader->by_path, path, known)
                   ? TFD_OK
                   : tfd_loader_no_memory(err);
    }
    st = add_file(loader, path, file, err);
    if (st != TFD_OK)
        return st;
    loader->files.items[*file].dev = stat->dev;
    loader->files.items[*file].ino = stat->ino;
    loader->files.items[*file].size = stat->size;
    if (id.ptr && !tfd_map_put(loader->arena, &loader->by_id, id, (uint32_t)*file))
        return tfd_loader_no_memory(err);
    st = read_file(loader, *file, err);
    return st == TFD_OK ? fold_path(loader, &loader->files.items[*file], err) : st;
}

static tfd_loader_look look_of(const tfd_loader *loader, const tfd_loader_file *file)
{
    bool other_order = file->elf.bits != 0 && loader->program != TFD_NONE &&
                       file->elf.big_endian != loader->files.items[loader->program].elf.big_endian &&
                       file->elf.machine == loader->files.items[loader->program].elf.machine;

    /* Another byte order ends the search where machine and class agree; other processors are passed over. */
    if (file->state == TFD_OBJECT_UNREADABLE || file->state == TFD_OBJECT_UNKNOWN ||
        (file->state == TFD_OBJECT_WRONG_ARCH && !other_order))
        return TFD_LOOK_PASSED;
    return TFD_LOOK_TAKEN;
}

tfd_status tfd_loader_look_at(tfd_loader *loader, tfd_str path, tfd_loader_look *look, size_t *file,
                              tfd_err *err)
{
    uint32_t known = tfd_map_get(&loader->by_path, path);
    tfd_stat stat;
    tfd_status st;

    *file = known;
    if (known == TFD_MAP_NONE) {
        *file = TFD_NONE;
        *look = TFD_LOOK_ABSENT;
        st = loader->sys->stat(loader->sys, path, true, &stat, NULL);
        if (st == TFD_EACCESS) { /* a folder above it may not be searched */
            *look = TFD_LOOK_PASSED;
            return TFD_OK;
        }
        if (st == TFD_ENOENT)
            return TFD_OK;
        if (st != TFD_OK)
            return tfd_loader_add_lost(loader, path, TFD_OBJECT_UNKNOWN, tfd_str_of(tfd_status_text(st)),
                                       file, err);
        if (stat.kind == TFD_KIND_FILE)
            st = row_of(loader, path, &stat, file, err);
        else /* ld.so opens it, fails to read it and looks no further */
            st = tfd_loader_add_lost(loader, path, TFD_OBJECT_NOT_ELF, TFD_STR("it is no regular file"), file,
                                     err);
        if (st != TFD_OK)
            return st;
    }
    *look = look_of(loader, &loader->files.items[*file]);
    return TFD_OK;
}

tfd_status tfd_loader_add_lost(tfd_loader *loader, tfd_str path, tfd_object_state state, tfd_str why,
                               size_t *file, tfd_err *err)
{
    tfd_status st = add_file(loader, path, file, err);

    if (st == TFD_OK)
        set_state(&loader->files.items[*file], state, why);
    return st;
}

void tfd_loader_doubt(tfd_loader *loader, tfd_status st)
{
    if (st != TFD_OK && st != TFD_ENOENT && st != TFD_EACCESS)
        loader->reader->failed = true;
}

bool tfd_loader_is_usable(const tfd_loader_file *file)
{
    return file->state == TFD_OBJECT_OK;
}
