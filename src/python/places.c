#include "python/places.h"

#include "python/zipdir.h"

#include <string.h>

/* The name under which FileFinder knows a file: on Windows the suffix, all that follows the first dot, is in
 * lower case (importlib._bootstrap_external.FileFinder._fill_cache). */
static tfd_str name_of(const tfd_sys *sys, tfd_arena *arena, tfd_str name)
{
    size_t dot = tfd_str_find_char(name, '.');
    char *text;

    if (sys->style != TFD_PATH_WINDOWS || dot == TFD_NPOS)
        return name;
    for (size_t i = dot; i < name.len; i++) {
        if (tfd_char_lower(name.ptr[i]) == name.ptr[i])
            continue;
        name = tfd_arena_str(arena, name);
        text = (char *)name.ptr; /* this function's own copy */
        for (; i < name.len; i++)
            text[i] = tfd_char_lower(text[i]);
    }
    return name;
}

static tfd_status index_names(const tfd_sys *sys, tfd_arena *arena, tfd_place *place, tfd_err *err)
{
    for (size_t i = 0; i < place->entries.count; i++)
        if (!tfd_map_put(arena, &place->names, name_of(sys, arena, place->entries.items[i].name),
                         (uint32_t)i))
            return tfd_err_set(err, TFD_ENOMEM, 0, "no memory for the entries of %.*s", TFD_ARG(place->path));
    return TFD_OK;
}

static tfd_status list_place(const tfd_sys *sys, tfd_arena *arena, tfd_place *place, tfd_err *err)
{
    tfd_stat info;
    tfd_status status = sys->stat(sys, place->path, true, &info, err);
    tfd_kind kind = status == TFD_OK ? info.kind : TFD_KIND_NONE;

    if (status != TFD_OK && status != TFD_ENOENT && status != TFD_EACCESS)
        place->is_unknown = true;
    place->exists = kind != TFD_KIND_NONE;
    if (kind == TFD_KIND_FILE) {
        place->is_zip = tfd_zipdir_read(sys, arena, place->path, &place->entries, NULL) == TFD_OK;
        place->readable = place->is_zip;
    } else if (kind == TFD_KIND_DIR) {
        status = sys->list(sys, arena, place->path, &place->entries, err);
        if (status == TFD_ENOMEM)
            return status;
        place->readable = status == TFD_OK || status == TFD_ELIMIT;
        if (status != TFD_OK && status != TFD_EACCESS && status != TFD_ENOENT)
            place->is_unknown = true; /* or cut: more entries than are looked at */
    }
    return index_names(sys, arena, place, err);
}

/* The row of the same folder before this one, or NULL. */
static const tfd_place *find_before(tfd_path_style style, const tfd_places *places, tfd_str path)
{
    for (size_t i = 0; i < places->count; i++)
        if (tfd_path_eq(style, places->items[i].path, path))
            return &places->items[i];
    return NULL;
}

tfd_status tfd_places_fill(const tfd_sys *sys, tfd_arena *arena, const tfd_syspath *path, tfd_facts *facts,
                           tfd_err *err)
{
    tfd_places *places = &facts->places;
    tfd_status status = TFD_OK;
    tfd_str lost = TFD_STR("");

    for (size_t i = 0; i < path->count && status == TFD_OK; i++) {
        const tfd_syspath_entry *e = &path->items[i];
        tfd_place place;
        const tfd_place *before = find_before(sys->style, places, e->path);

        memset(&place, 0, sizeof place);
        if (before)
            place = *before;
        place.path = e->path;
        place.kind = e->kind;
        place.source = e->source;
        place.dropped_by = e->dropped_by;
        if (!before && e->path.len)
            status = list_place(sys, arena, &place, err);
        if (place.is_unknown && lost.len == 0)
            lost = tfd_arena_fmt(arena, "%.*s cannot be looked at", TFD_ARG(e->path));
        if (!TFD_GROW(arena, places))
            return tfd_err_set(err, TFD_ENOMEM, 0, "no memory for the search path");
        places->items[places->count++] = place;
    }
    places->complete = path->complete;
    places->why = path->why;
    if (lost.len > 0) {
        places->complete = false;
        places->why = lost;
    }
    return status;
}
