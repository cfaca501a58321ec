#include "core/blame.h"

typedef struct dist_cause {
    const char *key;
    tfd_cause_id cause;
} dist_cause;

/* Distributions with a cause of their own; every other requirement is dep-other. */
static const dist_cause named[] = {
    {"numpy", TFD_CAUSE_DEP_NUMPY},    {"protobuf", TFD_CAUSE_DEP_PROTOBUF},
    {"keras", TFD_CAUSE_DEP_KERAS},    {"keras-nightly", TFD_CAUSE_DEP_KERAS},
    {"tf-keras", TFD_CAUSE_DEP_KERAS}, {"tensorflow-estimator", TFD_CAUSE_DEP_KERAS},
};

tfd_finding tfd_blame_key(const tfd_view *view, tfd_str key, int weight, tfd_effect effect)
{
    size_t row = tfd_dist_find(view->facts, key);
    tfd_cause_id cause = TFD_CAUSE_DEP_OTHER;
    tfd_finding finding;

    if (tfd_kb_is_addon(view->kb, key))
        cause = TFD_CAUSE_ADDON_MISMATCH;
    for (size_t i = 0; i < sizeof named / sizeof named[0]; i++)
        if (tfd_str_is(key, named[i].key))
            cause = named[i].cause;
    if (row != TFD_NONE && view->facts->dists.items[row].is_tensorflow)
        cause = TFD_CAUSE_TF_CORRUPT;
    finding = tfd_finding_of(cause, key, weight, effect);
    finding.dist = row;
    return finding;
}

tfd_finding tfd_blame_dist(const tfd_view *view, size_t dist, int weight, tfd_effect effect)
{
    const tfd_dist *row = tfd_view_dist(view, dist);
    tfd_finding finding;

    if (!row)
        return tfd_finding_of(TFD_CAUSE_COUNT, TFD_STR(""), weight, effect);
    finding = tfd_blame_key(view, row->key, weight, effect);
    finding.dist = dist;
    if (row->is_tensorflow)
        finding.cause = TFD_CAUSE_TF_CORRUPT;
    return finding;
}

bool tfd_blame_is_foreign(const tfd_view *view, size_t row)
{
    const tfd_place *place = tfd_view_place(view, row);
    const tfd_dist *tf = tfd_view_tensorflow(view);

    if (!place)
        return false;
    switch (place->kind) {
    case TFD_PLACE_START:
    case TFD_PLACE_PYTHONPATH:
    case TFD_PLACE_USER_SITE:
    case TFD_PLACE_PTH:
    case TFD_PLACE_CUSTOMIZE:
    case TFD_PLACE_OTHER:
        break;
    default:
        return false;
    }
    /* Where TensorFlow itself was put there (pip install --target, --user), the place is this environment's
     * own; unless it was made for another Python: then the place is another interpreter's. */
    return !(tf && tf->place == row && (tf->tags_fit != TFD_NO || !tfd_str_starts_z(tf->tags_why, "python")));
}

tfd_finding tfd_blame_place(const tfd_view *view, size_t row, tfd_str path, int weight, tfd_effect effect)
{
    const tfd_place *place = tfd_view_place(view, row);
    tfd_finding finding = tfd_finding_of(TFD_CAUSE_PYTHONPATH_CONFLICT, TFD_STR(""), weight, effect);

    if (place && place->kind == TFD_PLACE_START) {
        finding.cause = TFD_CAUSE_NAME_SHADOWING;
        finding.subject = tfd_path_base(tfd_view_style(view), path);
    } else if (place) {
        finding.subject = place->path;
    }
    finding.place = row;
    finding.path = path;
    return finding;
}

/* A bare file or folder that hides one module is name shadowing wherever it lies; a folder of packages (with
 * their metadata) on PYTHONPATH, in the user site or behind a .pth file is a conflict of search paths. */
/* From here on (and in an archive, where nothing can be renamed) it is no longer a file with an unlucky name,
 * but a folder of modules: another Python's library, a vendored tree. */
#define FOLDER_MIN 4

static size_t count_shadows(const tfd_view *view, size_t place)
{
    size_t count = 0;

    for (size_t i = 0; i < view->facts->modules.count; i++)
        count +=
            view->facts->modules.items[i].is_shadowed && view->facts->modules.items[i].place == place ? 1 : 0;
    return count;
}

/* A folder of sys.path below another one: PYTHONPATH names the inside of an installed package. */
static bool is_inside_another(const tfd_view *view, const tfd_place *place)
{
    for (size_t i = 0; i < view->facts->places.count; i++) {
        const tfd_place *other = &view->facts->places.items[i];

        if (other->kind != TFD_PLACE_SITE && other->kind != TFD_PLACE_BASE_SITE)
            continue;
        if (place->path.len > other->path.len + 1 && tfd_str_starts(place->path, other->path) &&
            tfd_path_is_sep(tfd_view_style(view), place->path.ptr[other->path.len]))
            return true;
    }
    return false;
}

bool tfd_blame_is_single_name(const tfd_view *view, const tfd_module *module)
{
    const tfd_place *place = tfd_view_place(view, module->place);

    if (place->kind == TFD_PLACE_START || module->place == module->wanted)
        return true;
    if (place->is_zip || count_shadows(view, module->place) >= FOLDER_MIN || is_inside_another(view, place))
        return false;
    if (module->dist != TFD_NONE && view->facts->dists.items[module->dist].place == module->place)
        return false;
    for (size_t i = 0; i < view->facts->dists.count; i++)
        if (view->facts->dists.items[i].place == module->place)
            return false;
    return module->is_stdlib && place->kind != TFD_PLACE_USER_SITE;
}

tfd_finding tfd_blame_module(const tfd_view *view, const tfd_module *module, int weight, tfd_effect effect)
{
    tfd_finding finding = tfd_blame_place(view, module->place, module->path, weight, effect);

    if (tfd_blame_is_single_name(view, module)) {
        finding.cause = TFD_CAUSE_NAME_SHADOWING;
        finding.subject = tfd_path_base(tfd_view_style(view), module->path);
    } else {
        finding.cause = TFD_CAUSE_PYTHONPATH_CONFLICT;
        finding.subject = tfd_view_place(view, module->place)->path;
    }
    return finding;
}

/* The hiding module that a file is, or lies in. */
static const tfd_module *find_hiding(const tfd_view *view, tfd_str path)
{
    for (size_t i = 0; i < view->facts->modules.count; i++) {
        const tfd_module *one = &view->facts->modules.items[i];

        if (one->is_shadowed && one->is_needed && one->place != TFD_NONE &&
            tfd_path_is_below(tfd_view_style(view), path, one->path))
            return one;
    }
    return NULL;
}

tfd_finding tfd_blame_file(const tfd_view *view, tfd_str path, int weight, tfd_effect effect)
{
    size_t place = tfd_view_place_of(view, path);
    size_t dist = tfd_view_dist_of(view, path);
    const tfd_module *hiding = find_hiding(view, path);
    tfd_finding finding;

    if (hiding && tfd_blame_is_foreign(view, hiding->place))
        return tfd_blame_module(view, hiding, weight, effect);
    if (tfd_blame_is_foreign(view, place)) {
        const tfd_place *row = tfd_view_place(view, place);
        tfd_str rest = tfd_str_from(path, row->path.len + 1);
        tfd_str tail;
        tfd_str top = tfd_path_first(tfd_view_style(view), rest, &tail);

        return tfd_blame_place(view, place, tfd_str_sub(path, 0, path.len - rest.len + top.len), weight,
                               effect);
    }
    /* Whoever brought it: TensorFlow loads every library in there at the end of its import. */
    if (tfd_path_has(tfd_view_style(view), path, "/tensorflow-plugins/")) {
        const tfd_dist *owner = tfd_view_dist(view, dist);

        finding =
            tfd_finding_of(TFD_CAUSE_ADDON_MISMATCH,
                           owner ? owner->key : tfd_path_base(tfd_view_style(view), path), weight, effect);
        finding.dist = dist;
        finding.path = path;
        return finding;
    }
    if (dist != TFD_NONE) {
        finding = tfd_blame_dist(view, dist, weight, effect);
        finding.path = path;
        return finding;
    }
    if (place != TFD_NONE &&
        tfd_path_eq(tfd_view_style(view), TFD_STR("/tensorflow/"),
                    tfd_str_sub(tfd_str_from(path, view->facts->places.items[place].path.len), 0, 12))) {
        /* TensorFlow without its metadata: nobody owns the file, but whose it is there is no doubt. */
        finding = tfd_finding_of(TFD_CAUSE_TF_CORRUPT, TFD_STR("tensorflow"), weight, effect);
        finding.path = path;
        return finding;
    }
    if (place != TFD_NONE && (view->facts->places.items[place].kind == TFD_PLACE_STDLIB ||
                              view->facts->places.items[place].kind == TFD_PLACE_DYNLOAD)) {
        finding = tfd_finding_of(TFD_CAUSE_PYTHON_BROKEN, TFD_STR(""), weight, effect);
        finding.path = path;
        return finding;
    }
    return tfd_finding_of(TFD_CAUSE_COUNT, TFD_STR(""), weight, effect);
}

tfd_cause_id tfd_blame_tags(const tfd_view *view, const tfd_dist *dist)
{
    if (tfd_str_starts_z(dist->tags_why, "arch"))
        return TFD_CAUSE_ARCH_MISMATCH;
    if (tfd_str_starts_z(dist->tags_why, "glibc"))
        return tfd_str_is(view->facts->python.libc, "musl") ? TFD_CAUSE_LIBC_MUSL : TFD_CAUSE_OS_TOO_OLD;
    if (tfd_str_starts_z(dist->tags_why, "musl") || tfd_str_starts_z(dist->tags_why, "libc"))
        return TFD_CAUSE_WRONG_PLATFORM_WHEEL;
    if (tfd_str_starts_z(dist->tags_why, "platform"))
        return TFD_CAUSE_WRONG_PLATFORM_WHEEL;
    return TFD_CAUSE_TF_ABI_MISMATCH;
}
