#include "probes/native_marks.h"

tfd_status tfd_native_marks_fit(tfd_native_marks *marks, tfd_arena *arena, size_t files, tfd_err *err)
{
    size_t count = files * 2;
    tfd_native_mark *items;

    if (files <= marks->count)
        return TFD_OK;
    items = tfd_arena_new(arena, tfd_native_mark, count);
    if (!items)
        return tfd_err_set(err, TFD_ENOMEM, 0, "native files: out of memory");
    for (size_t i = 0; i < count; i++)
        if (i < marks->count)
            items[i] = marks->items[i];
        else
            items[i] = (tfd_native_mark){.is_optional = true, .dist = TFD_NONE, .place = TFD_NONE};
    marks->items = items;
    marks->count = count;
    return TFD_OK;
}

void tfd_native_marks_need(tfd_native_marks *marks, const size_t *files, size_t count, bool is_optional)
{
    for (size_t i = 0; i < count; i++) {
        tfd_native_mark *mark = &marks->items[files[i]];

        mark->is_needed = true;
        mark->is_optional = mark->is_optional && is_optional;
    }
}

/* First component below the place that holds the path ("numpy", "numpy.libs"); empty if no place does. The
 * start folder often holds the whole environment: its first component tells nothing. */
static tfd_str top_of(const tfd_native_marks *marks, const tfd_places *places, tfd_str path, size_t *place)
{
    for (size_t i = 0; i < places->count; i++) {
        const tfd_place *one = &places->items[i];
        tfd_str rest;

        if (one->kind == TFD_PLACE_STDLIB || one->kind == TFD_PLACE_DYNLOAD || one->kind == TFD_PLACE_START ||
            one->path.len == 0 || path.len <= one->path.len + 1 ||
            !tfd_path_is_below(marks->style, path, one->path))
            continue;
        *place = i;
        return tfd_path_first(marks->style, tfd_str_from(path, one->path.len + 1), &rest);
    }
    return TFD_STR("");
}

void tfd_native_marks_own(tfd_native_marks *marks, const tfd_facts *facts, size_t file, tfd_str path,
                          size_t dist)
{
    tfd_native_mark *mark = &marks->items[file];

    mark->dist = dist;
    if (dist != TFD_NONE)
        mark->top = top_of(marks, &facts->places, path, &mark->place);
}

size_t tfd_native_owner(const tfd_native_marks *marks, const tfd_facts *facts, size_t file, tfd_str path)
{
    size_t place = TFD_NONE;
    tfd_str top;

    if (file < marks->count && marks->items[file].dist != TFD_NONE)
        return marks->items[file].dist;
    top = top_of(marks, &facts->places, path, &place);
    if (top.len == 0)
        return TFD_NONE;
    if (tfd_path_eq(marks->style, top, TFD_STR("tensorflow")) && facts->tensorflow != TFD_NONE &&
        facts->dists.items[facts->tensorflow].place == place)
        return facts->tensorflow;
    if (tfd_str_ends_z(top, ".libs"))
        return tfd_dist_find(facts, tfd_str_sub(top, 0, top.len - 5));
    for (size_t i = 0; i < marks->count; i++) {
        const tfd_native_mark *mark = &marks->items[i];

        if (mark->dist != TFD_NONE && mark->place == place && tfd_path_eq(marks->style, mark->top, top))
            return mark->dist;
    }
    return TFD_NONE;
}
