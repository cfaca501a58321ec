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

tfd_finding tfd_blame_file(const tfd_view *view, tfd_str path, int weight, tfd_effect effect)
{
    size_t place = tfd_view_place_of(view, path);
    size_t dist = tfd_view_dist_of(view, path);
    tfd_finding finding;

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
