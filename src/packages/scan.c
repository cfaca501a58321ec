#include "packages/packages.h"

#include "formats/distinfo.h"
#include "formats/pep440.h"

#include <string.h>

bool tfd_place_has(const tfd_place *place, tfd_str name)
{
    return tfd_map_get(&place->names, name) != TFD_MAP_NONE;
}

static tfd_str key_of(tfd_arena *arena, tfd_str name)
{
    char key[256];
    size_t len = tfd_name_key(name, key, sizeof key);

    return tfd_arena_str(arena, (tfd_str){key, len});
}

/* A folder may stand on sys.path twice; it is looked at once. */
static bool is_repeated(tfd_path_style style, const tfd_places *places, size_t row)
{
    for (size_t i = 0; i < row; i++)
        if (tfd_path_eq(style, places->items[i].path, places->items[row].path))
            return true;
    return false;
}

static tfd_status add_dist(tfd_packages *packages, size_t place, tfd_str entry, tfd_info_form form,
                           tfd_str name, tfd_str version)
{
    static const tfd_dist_kind kinds[] = {[TFD_INFO_DIST] = TFD_DIST_INFO,
                                          [TFD_INFO_EGG] = TFD_DIST_EGG_INFO,
                                          [TFD_INFO_LINK] = TFD_DIST_EGG_LINK};
    tfd_facts *facts = packages->facts;
    tfd_dist *dist;

    if (!TFD_GROW(packages->arena, &facts->dists))
        return TFD_ENOMEM;
    dist = &facts->dists.items[facts->dists.count];
    memset(dist, 0, sizeof *dist);
    dist->name = name;
    dist->key = key_of(packages->arena, name);
    dist->version = version;
    dist->kind = kinds[form];
    dist->place = place;
    dist->path = tfd_path_join(packages->sys->style, packages->arena, facts->places.items[place].path, entry);
    dist->is_tensorflow = tfd_kb_is_tensorflow(packages->kb, dist->key);
    if (!dist->key.ptr || !dist->path.ptr)
        return TFD_ENOMEM;
    facts->dists.count++;
    return TFD_OK;
}

/* An egg folder that easy_install put on sys.path holds its metadata in EGG-INFO. */
static tfd_status add_egg(tfd_packages *packages, size_t place)
{
    tfd_str path = packages->facts->places.items[place].path;
    tfd_str base = tfd_path_base(packages->sys->style, path);
    tfd_str name, rest, version, ignored;

    if (!tfd_str_ends_z(base, ".egg"))
        return TFD_OK;
    (void)tfd_str_cut(tfd_str_sub(base, 0, base.len - 4), '-', &name, &rest);
    (void)tfd_str_cut(rest, '-', &version, &ignored);
    return add_dist(packages, place, TFD_STR("EGG-INFO"), TFD_INFO_EGG, name, version);
}

static tfd_status scan_place(tfd_packages *packages, size_t row)
{
    const tfd_place *place = &packages->facts->places.items[row];
    tfd_status status = TFD_OK;

    for (size_t i = 0; i < place->entries.count && status == TFD_OK; i++) {
        tfd_str entry = place->entries.items[i].name;
        tfd_str name, version;
        tfd_info_form form;

        if (entry.len < 8 || entry.ptr[0] == '~' || entry.ptr[0] == '.')
            continue;
        if (tfd_str_is(entry, "EGG-INFO")) {
            status = add_egg(packages, row);
            continue;
        }
        form = tfd_info_split(entry, &name, &version);
        if (form != TFD_INFO_NONE)
            status = add_dist(packages, row, entry, form, name, version);
    }
    return status;
}

static tfd_status add_twin(tfd_packages *packages, size_t loser)
{
    tfd_facts *facts = packages->facts;
    const tfd_dist *dist = &facts->dists.items[loser];

    if (!TFD_GROW(packages->arena, &facts->leftovers))
        return TFD_ENOMEM;
    facts->leftovers.items[facts->leftovers.count++] =
        (tfd_leftover){.kind = TFD_LEFTOVER_TWO_META, .path = dist->path, .key = dist->key, .dist = loser};
    return TFD_OK;
}

/* Which of two metadata folders of one distribution in one folder describes what lies there: the one whose
 * RECORD the files agree with, else the newer version. (Python itself takes the one that the folder lists
 * first: chance.) */
static bool second_wins(tfd_packages *packages, size_t first, size_t second)
{
    const tfd_dist *a = &packages->facts->dists.items[first];
    const tfd_dist *b = &packages->facts->dists.items[second];
    int score_a = tfd_packages_agreement(packages, first);
    int score_b = tfd_packages_agreement(packages, second);
    int order = 0;

    if (score_a != score_b)
        return score_b > score_a;
    return tfd_version_cmp_text(a->version, b->version, &order) && order < 0;
}

/* An egg-link, or the egg-info beside a dist-info of the same version, is another view of one installation
 * (Debian's packages come so): no leftover. */
static bool are_twins(const tfd_dist *a, const tfd_dist *b)
{
    return a->place == b->place && a->kind == TFD_DIST_INFO && b->kind == TFD_DIST_INFO;
}

/* An .egg-link only leads to a development folder, which stands on sys.path itself and holds the metadata:
 * that wins, wherever it stands. true: the row takes the link's place as the winner. */
static bool take_link(tfd_facts *facts, size_t winner, size_t row)
{
    bool winner_is_link = facts->dists.items[winner].kind == TFD_DIST_EGG_LINK;
    bool row_is_link = facts->dists.items[row].kind == TFD_DIST_EGG_LINK;
    tfd_dist *real = &facts->dists.items[winner_is_link ? row : winner];

    if (winner_is_link != row_is_link)
        real->editable = facts->places.items[real->place].path;
    return winner_is_link && !row_is_link;
}

/* The first place on sys.path wins, as importlib.metadata has it. */
static tfd_status settle(tfd_packages *packages, size_t row)
{
    tfd_dists *dists = (tfd_dists *)&packages->facts->dists;
    uint32_t winner = tfd_map_get(&packages->keys, dists->items[row].key);
    bool swap = false;

    if (winner == TFD_MAP_NONE)
        return tfd_map_put(packages->arena, &packages->keys, dists->items[row].key, (uint32_t)row)
                   ? TFD_OK
                   : TFD_ENOMEM;
    if (are_twins(&dists->items[winner], &dists->items[row]))
        swap = second_wins(packages, winner, row);
    else
        swap = take_link(packages->facts, winner, row);
    if (swap && !tfd_map_put(packages->arena, &packages->keys, dists->items[row].key, (uint32_t)row))
        return TFD_ENOMEM;
    dists->items[swap ? winner : row].is_shadowed = true;
    if (are_twins(&dists->items[winner], &dists->items[row]))
        return add_twin(packages, swap ? winner : row);
    return TFD_OK;
}

tfd_status tfd_packages_scan(tfd_packages *packages)
{
    tfd_facts *facts = packages->facts;
    const tfd_places *places = &facts->places;

    facts->dists.complete = places->complete || facts->packages_known;
    facts->dists.why = places->why;
    for (size_t i = 0; i < places->count; i++) {
        const tfd_place *place = &places->items[i];
        size_t first = facts->dists.count;
        tfd_status status;

        if (place->exists && !place->is_zip && !place->readable) {
            facts->dists.complete = false;
            facts->dists.why = tfd_arena_fmt(packages->arena, "%.*s may not be listed", TFD_ARG(place->path));
        }
        if (place->is_zip || !place->readable || is_repeated(packages->sys->style, places, i))
            continue;
        status = scan_place(packages, i);
        for (size_t row = first; row < facts->dists.count && status == TFD_OK; row++)
            status = settle(packages, row);
        if (status != TFD_OK)
            return status;
    }
    return TFD_OK;
}

/* "name-version-build.json"; name may hold '-'. */
static bool split_conda(tfd_str entry, tfd_str *name, tfd_str *version)
{
    tfd_str stem;
    size_t build, at;

    if (!tfd_str_ends_z(entry, ".json"))
        return false;
    stem = tfd_str_sub(entry, 0, entry.len - 5);
    build = tfd_str_rfind_char(stem, '-');
    if (build == TFD_NPOS)
        return false;
    at = tfd_str_rfind_char(tfd_str_sub(stem, 0, build), '-');
    if (at == TFD_NPOS || at == 0)
        return false;
    *name = tfd_str_sub(stem, 0, at);
    *version = tfd_str_sub(stem, at + 1, build);
    return true;
}

static size_t find_site(const tfd_places *places)
{
    for (size_t i = 0; i < places->count; i++)
        if (places->items[i].kind == TFD_PLACE_SITE)
            return i;
    return TFD_NONE;
}

tfd_status tfd_packages_scan_conda(tfd_packages *packages)
{
    tfd_facts *facts = packages->facts;
    size_t site = find_site(&facts->places);
    tfd_str folder;
    tfd_dirents entries;

    if (facts->python.env != TFD_ENV_CONDA || site == TFD_NONE)
        return TFD_OK;
    memset(&entries, 0, sizeof entries);
    folder =
        tfd_path_join(packages->sys->style, packages->arena, facts->python.env_root, TFD_STR("conda-meta"));
    if (packages->sys->list(packages->sys, packages->arena, folder, &entries, NULL) != TFD_OK)
        return TFD_OK;
    for (size_t i = 0; i < entries.count; i++) {
        tfd_str name, version;
        tfd_dist dist;

        memset(&dist, 0, sizeof dist);
        if (!split_conda(entries.items[i].name, &name, &version))
            continue;
        dist.key = key_of(packages->arena, name);
        if (tfd_map_get(&packages->keys, dist.key) != TFD_MAP_NONE)
            continue;
        if (!TFD_GROW(packages->arena, &facts->dists))
            return TFD_ENOMEM;
        dist.name = name;
        dist.version = version;
        dist.kind = TFD_DIST_CONDA;
        dist.place = site;
        dist.path = tfd_path_join(packages->sys->style, packages->arena, folder, entries.items[i].name);
        dist.installer = TFD_STR("conda");
        facts->dists.items[facts->dists.count++] = dist;
    }
    return TFD_OK;
}
