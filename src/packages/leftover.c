#include "packages/packages.h"

#include "formats/distinfo.h"
#include "packages/record.h"

#include <string.h>

/* The front of RECORD: rows are sorted, so a package's __init__.py stands near the front of its files. */
#define HEAD ((size_t)8 << 10)

static tfd_status add(tfd_packages *packages, tfd_leftover_kind kind, tfd_str path, tfd_str key, size_t dist)
{
    tfd_facts *facts = packages->facts;

    for (size_t i = 0; i < facts->leftovers.count; i++)
        if (facts->leftovers.items[i].kind == kind && tfd_str_eq(facts->leftovers.items[i].path, path))
            return TFD_OK;
    if (!path.ptr || !TFD_GROW(packages->arena, &facts->leftovers))
        return TFD_ENOMEM;
    facts->leftovers.items[facts->leftovers.count++] =
        (tfd_leftover){.kind = kind, .path = path, .key = key, .dist = dist};
    return TFD_OK;
}

/* Places that installers write to; the start folder and the standard library hold other people's files. */
static bool is_installed_to(const tfd_place *place)
{
    switch (place->kind) {
    case TFD_PLACE_SITE:
    case TFD_PLACE_USER_SITE:
    case TFD_PLACE_BASE_SITE:
    case TFD_PLACE_PYTHONPATH:
    case TFD_PLACE_PTH:
        return place->readable && !place->is_zip;
    default:
        return false;
    }
}

/* name may have several parts, with '/'. */
static tfd_str join(tfd_packages *packages, tfd_str dir, tfd_str name)
{
    return tfd_record_file(packages->sys, packages->arena, dir, name);
}

static bool is_wanted_key(tfd_packages *packages, tfd_str key)
{
    const tfd_requirements *all = &packages->facts->requirements;

    if (tfd_kb_is_tensorflow(packages->kb, key) || tfd_map_get(&packages->keys, key) != TFD_MAP_NONE)
        return true;
    for (size_t i = 0; i < all->count; i++)
        if (all->items[i].is_needed && tfd_str_eq(all->items[i].key, key))
            return true;
    return false;
}

/* pip renames what it is about to remove: "tensorflow" becomes "~ensorflow", then "~-nsorflow" … The letters
 * that were replaced are guessed from the distributions that matter here; one is enough for all that was ever
 * seen. */
static tfd_str guess_key(tfd_packages *packages, tfd_str entry)
{
    char name[256];
    char key[256];
    tfd_str stem, ignored;

    if (tfd_info_split(entry, &stem, &ignored) == TFD_INFO_NONE)
        stem = entry;
    if (stem.len < 3 || stem.len >= sizeof name)
        return (tfd_str){NULL, 0};
    memcpy(name, stem.ptr, stem.len);
    for (int c = 'a'; c <= 'z'; c++) {
        tfd_str guess;

        name[0] = (char)c;
        guess = (tfd_str){key, tfd_name_key((tfd_str){name, stem.len}, key, sizeof key)};
        if (is_wanted_key(packages, guess))
            return tfd_arena_str(packages->arena, guess);
    }
    return (tfd_str){NULL, 0};
}

static size_t row_of(tfd_packages *packages, tfd_str key)
{
    uint32_t row = key.len ? tfd_map_get(&packages->keys, key) : TFD_MAP_NONE;

    return row == TFD_MAP_NONE ? TFD_NONE : row;
}

static tfd_status find_tildes(tfd_packages *packages)
{
    const tfd_places *places = &packages->facts->places;

    for (size_t i = 0; i < places->count; i++) {
        const tfd_place *place = &places->items[i];

        if (!is_installed_to(place))
            continue;
        for (size_t k = 0; k < place->entries.count; k++) {
            tfd_str entry = place->entries.items[k].name;
            tfd_str key;

            if (entry.ptr[0] != '~')
                continue;
            key = guess_key(packages, entry);
            if (add(packages, TFD_LEFTOVER_TILDE, join(packages, place->path, entry), key,
                    row_of(packages, key)) != TFD_OK)
                return TFD_ENOMEM;
        }
    }
    return TFD_OK;
}

/* Where the machine cannot tell, the file counts as there: nothing is concluded from its absence. */
static bool may_be_file(tfd_packages *packages, tfd_str path)
{
    tfd_stat info;
    tfd_status status = packages->sys->stat(packages->sys, path, true, &info, NULL);

    return status == TFD_OK ? info.kind == TFD_KIND_FILE : status != TFD_ENOENT;
}

static bool has_init(tfd_packages *packages, tfd_str folder)
{
    return may_be_file(packages, join(packages, folder, TFD_STR("__init__.py"))) ||
           may_be_file(packages, join(packages, folder, TFD_STR("__init__.pyc")));
}

/* "X/__init__.py" of RECORD is gone while X/ is there: X imports as an empty namespace. */
static tfd_status check_init(tfd_packages *packages, size_t row, tfd_str init)
{
    const tfd_dist *dist = &packages->facts->dists.items[row];
    const tfd_place *place = &packages->facts->places.items[dist->place];
    tfd_str top = tfd_path_dir(TFD_PATH_POSIX, init);

    if (!tfd_place_has(place, top) || has_init(packages, join(packages, place->path, top)))
        return TFD_OK;
    return add(packages, TFD_LEFTOVER_NAMESPACE, join(packages, place->path, top), dist->key, row);
}

/* Whether what the metadata describes is there at all. */
static tfd_status check_files(tfd_packages *packages, size_t row)
{
    const tfd_dist *dist = &packages->facts->dists.items[row];
    const tfd_place *place = &packages->facts->places.items[dist->place];
    char path[TFD_RECORD_PATH_MAX];
    tfd_record_row one;
    tfd_str text;
    bool any_there = false;
    bool any_listed = false;

    if (!dist->has_record ||
        tfd_packages_read_head(packages, tfd_packages_info_path(packages, dist, "RECORD"), HEAD, &text) !=
            TFD_OK)
        return TFD_OK;
    text.len = tfd_str_rfind_char(text, '\n') == TFD_NPOS ? 0 : tfd_str_rfind_char(text, '\n') + 1;
    while (tfd_record_next(&text, path, &one)) {
        if (!tfd_record_is_payload(&one))
            continue;
        any_listed = true;
        any_there =
            any_there || tfd_place_has(place, tfd_str_sub(one.path, 0, tfd_str_find_char(one.path, '/')));
        if (tfd_str_ends_z(one.path, "/__init__.py") &&
            tfd_str_find_char(one.path, '/') == one.path.len - strlen("/__init__.py") &&
            check_init(packages, row, one.path) != TFD_OK)
            return TFD_ENOMEM;
    }
    if (any_listed && !any_there)
        return add(packages, TFD_LEFTOVER_NO_FILES, dist->path, dist->key, row);
    return TFD_OK;
}

static bool has_tensorflow_dist(const tfd_facts *facts, size_t place)
{
    for (size_t i = 0; i < facts->dists.count; i++)
        if (facts->dists.items[i].is_tensorflow && facts->dists.items[i].place == place)
            return true;
    return false;
}

/* The folder tensorflow/ without metadata, or (nowhere a real package of that name) without __init__.py. */
static tfd_status check_tensorflow(tfd_packages *packages)
{
    tfd_facts *facts = packages->facts;
    tfd_str hollow = {NULL, 0};

    for (size_t i = 0; i < facts->places.count; i++) {
        const tfd_place *place = &facts->places.items[i];
        tfd_str folder;

        if (!is_installed_to(place) || !tfd_place_has(place, TFD_STR("tensorflow")))
            continue;
        folder = join(packages, place->path, TFD_STR("tensorflow"));
        if (!has_init(packages, folder)) {
            if (!hollow.len && tfd_sys_is_dir(packages->sys, folder))
                hollow = folder;
            continue;
        }
        if (place->kind != TFD_PLACE_PYTHONPATH && place->kind != TFD_PLACE_PTH &&
            !has_tensorflow_dist(facts, i)) {
            tfd_status status = add(packages, TFD_LEFTOVER_NO_META, folder, TFD_STR("tensorflow"), TFD_NONE);

            if (status == TFD_OK)
                tfd_packages_describe_tensorflow(packages, folder,
                                                 &facts->leftovers.items[facts->leftovers.count - 1]);
            return status;
        }
        return TFD_OK;
    }
    if (!hollow.len)
        return TFD_OK;
    return add(packages, TFD_LEFTOVER_NAMESPACE, hollow,
               facts->tensorflow == TFD_NONE ? TFD_STR("tensorflow")
                                             : facts->dists.items[facts->tensorflow].key,
               facts->tensorflow);
}

/* The module of a distribution as a path: "google/protobuf". */
static tfd_str module_path(tfd_packages *packages, tfd_str key)
{
    tfd_str module = tfd_kb_dist_module(packages->kb, key);
    tfd_str out = tfd_arena_str(packages->arena, module.len ? module : key);
    char *dst = (char *)out.ptr; /* this function's own copy */

    for (size_t i = 0; i < out.len; i++)
        if (dst[i] == '.')
            dst[i] = '/';
        else if (dst[i] == '-')
            dst[i] = '_';
    return out;
}

/* A requirement that no metadata answers, although its package lies there. */
static tfd_status check_unanswered(tfd_packages *packages, const tfd_requirement *req)
{
    const tfd_places *places = &packages->facts->places;
    tfd_str module = module_path(packages, req->key);

    if (!module.len)
        return TFD_OK;
    for (size_t i = 0; i < places->count; i++) {
        const tfd_place *place = &places->items[i];
        tfd_str path;

        if (!is_installed_to(place) ||
            !tfd_place_has(place, tfd_str_sub(module, 0, tfd_str_find_char(module, '/'))))
            continue;
        path = join(packages, place->path, module);
        if (has_init(packages, path))
            return add(packages, TFD_LEFTOVER_NO_META, path, req->key, TFD_NONE);
    }
    return TFD_OK;
}

tfd_status tfd_packages_find_leftovers(tfd_packages *packages)
{
    tfd_facts *facts = packages->facts;
    tfd_status status = find_tildes(packages);

    for (size_t i = 0; i < facts->dists.count && status == TFD_OK; i++)
        if (facts->dists.items[i].is_needed)
            status = check_files(packages, i);
    if (status == TFD_OK)
        status = check_tensorflow(packages);
    for (size_t i = 0; i < facts->requirements.count && status == TFD_OK; i++)
        if (facts->requirements.items[i].is_needed && facts->requirements.items[i].found == TFD_NONE)
            status = check_unanswered(packages, &facts->requirements.items[i]);
    facts->leftovers.complete = facts->dists.complete;
    facts->leftovers.why = facts->dists.why;
    return status;
}
