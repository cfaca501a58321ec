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

/* Of version.h and build_info.py, which have some 5 KB. */
#define DESCRIPTION_MAX ((size_t)16 << 10)

static tfd_str read_of(tfd_packages *packages, tfd_str folder, const char *name)
{
    tfd_str text;
    tfd_str path = tfd_path_join(packages->sys->style, packages->arena, folder, tfd_str_of(name));

    if (tfd_packages_read_head(packages, path, DESCRIPTION_MAX, &text) != TFD_OK)
        text = TFD_STR("");
    return text;
}

/* "#define TF_MAJOR_VERSION 2": the number, or the empty slice. */
static tfd_str number_after(tfd_str text, const char *words)
{
    size_t at = tfd_str_find_z(text, words);
    tfd_str rest = at == TFD_NPOS ? TFD_STR("") : tfd_str_from(text, at + strlen(words));
    size_t len = 0;

    while (len < rest.len && tfd_char_is_digit(rest.ptr[len]))
        len++;
    return tfd_str_sub(rest, 0, len);
}

void tfd_packages_describe_tensorflow(tfd_packages *packages, tfd_str folder, tfd_leftover *out)
{
    tfd_str text = read_of(packages, folder, "include/tensorflow/core/public/version.h");
    tfd_str major = number_after(text, "#define TF_MAJOR_VERSION ");
    tfd_str minor = number_after(text, "#define TF_MINOR_VERSION ");
    tfd_str patch = number_after(text, "#define TF_PATCH_VERSION ");

    if (major.len > 0 && minor.len > 0 && patch.len > 0)
        out->version =
            tfd_arena_fmt(packages->arena, "%.*s.%.*s.%.*s", TFD_ARG(major), TFD_ARG(minor), TFD_ARG(patch));
    text = read_of(packages, folder, "python/platform/build_info.py");
    if (tfd_str_find_z(text, "'is_cuda_build', True") != TFD_NPOS)
        out->build = TFD_STR("tensorflow");
    else if (tfd_str_find_z(text, "'is_cuda_build', False") != TFD_NPOS &&
             packages->facts->python.arch == TFD_ARCH_X86_64)
        out->build = TFD_STR("tensorflow-cpu");
}
