#include "packages/packages.h"

#include "formats/pep440.h"
#include "packages/record.h"

#include <string.h>

/* Rows without a native file among them that are looked at, to tell two RECORDs of one folder apart. */
#define PLAIN_ROWS_MAX 256

typedef struct score {
    size_t seen, agreeing;
} score;

static bool is_native(tfd_str path)
{
    return tfd_str_ends_z(path, ".so") || tfd_str_find_z(path, ".so.") != TFD_NPOS ||
           tfd_str_ends_z(path, ".pyd") || tfd_str_ends_z(path, ".dll");
}

static void judge(tfd_packages *packages, tfd_str root, const tfd_record_row *row, score *out)
{
    tfd_arena_mark mark = tfd_arena_get_mark(packages->arena);
    tfd_stat info;

    out->seen++;
    if (packages->sys->stat(packages->sys,
                            tfd_path_join(packages->sys->style, packages->arena, root, row->path), true,
                            &info, NULL) == TFD_OK &&
        info.size == row->size)
        out->agreeing++;
    tfd_arena_rewind(packages->arena, mark);
}

int tfd_packages_agreement(tfd_packages *packages, size_t row)
{
    const tfd_dist *dist = &packages->facts->dists.items[row];
    tfd_str root = packages->facts->places.items[dist->place].path;
    tfd_str path = tfd_packages_info_path(packages, dist, "RECORD");
    char *buffer = tfd_arena_take(packages->arena, TFD_RECORD_BUFFER + TFD_RECORD_PATH_MAX, 1);
    score native = {0, 0};
    score plain = {0, 0};
    tfd_stat info;

    if (!buffer || packages->sys->stat(packages->sys, path, true, &info, NULL) != TFD_OK)
        return -1;
    for (uint64_t at = 0; at < info.size; at += TFD_RECORD_CHUNK) {
        tfd_record_row one;
        tfd_str rows;

        if (tfd_record_read_chunk(packages->sys, path, at, buffer, &rows) != TFD_OK)
            return -1;
        while (tfd_record_next(&rows, buffer + TFD_RECORD_BUFFER, &one)) {
            if (!tfd_record_is_payload(&one) || !one.has_size)
                continue;
            if (is_native(one.path))
                judge(packages, root, &one, &native);
            else if (plain.seen < PLAIN_ROWS_MAX)
                judge(packages, root, &one, &plain);
        }
    }
    if (native.seen)
        return (int)(native.agreeing * 1000 / native.seen);
    return plain.seen ? (int)(plain.agreeing * 1000 / plain.seen) : -1;
}

/* Whether row b stands before row a as the provider of what `import tensorflow` finds. The earlier place wins
 * there; in one place the RECORD that the files agree with. */
static bool is_better(tfd_packages *packages, size_t a, size_t b)
{
    const tfd_dist *x = &packages->facts->dists.items[a];
    const tfd_dist *y = &packages->facts->dists.items[b];
    const tfd_place *places = packages->facts->places.items;
    bool x_has = tfd_place_has(&places[x->place], TFD_STR("tensorflow"));
    bool y_has = tfd_place_has(&places[y->place], TFD_STR("tensorflow"));
    int order = 0;
    int x_score, y_score;

    if (x_has != y_has)
        return y_has;
    if (x->place != y->place)
        return y->place < x->place;
    x_score = tfd_packages_agreement(packages, a);
    y_score = tfd_packages_agreement(packages, b);
    if (x_score != y_score)
        return y_score > x_score;
    return tfd_version_cmp_text(x->version, y->version, &order) && order < 0;
}

tfd_status tfd_packages_find_tensorflow(tfd_packages *packages)
{
    tfd_facts *facts = packages->facts;

    for (size_t i = 0; i < facts->dists.count; i++) {
        const tfd_dist *dist = &facts->dists.items[i];

        if (!dist->is_tensorflow || dist->is_shadowed)
            continue;
        if (facts->tensorflow == TFD_NONE || is_better(packages, facts->tensorflow, i))
            facts->tensorflow = i;
    }
    return TFD_OK;
}
