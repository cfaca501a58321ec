/* Modules, names and attributes that are not there: whose are they, and why are they missing? */
#include "checks/exception_rules.h"

static tfd_str top_of(tfd_str module)
{
    tfd_str head;
    tfd_str tail;

    (void)tfd_str_cut(module, '.', &head, &tail);
    return head;
}

static const tfd_module *find_module(const tfd_view *view, tfd_str name)
{
    for (size_t i = 0; i < view->facts->modules.count; i++)
        if (tfd_str_eq(view->facts->modules.items[i].name, name))
            return &view->facts->modules.items[i];
    return NULL;
}

/* A module on the way to name that another file hides: "google.protobuf" for google.protobuf.message. */
static const tfd_module *find_hidden(const tfd_view *view, tfd_str name)
{
    for (;;) {
        const tfd_module *module = find_module(view, name);
        size_t dot = tfd_str_rfind_char(name, '.');

        if (module && module->is_shadowed)
            return module;
        if (dot == TFD_NPOS)
            return NULL;
        name = tfd_str_sub(name, 0, dot);
    }
}

/* By whom: a file of a foreign place, or one beside the folder that it hides. */
static bool blame_hiding(const tfd_reading *r, const tfd_module *module)
{
    tfd_finding finding =
        tfd_blame_place(r->view, module->place, module->path, TFD_W_NAMED, TFD_EFFECT_BREAKS);

    if (module->place == module->wanted) {
        finding.cause = TFD_CAUSE_NAME_SHADOWING;
        finding.subject = tfd_path_base(tfd_view_style(r->view), module->path);
    } else if (!tfd_blame_is_foreign(r->view, module->place)) {
        return false;
    }
    return tfd_reading_add(r, finding);
}

static tfd_str find_loaded(const tfd_view *view, tfd_str name)
{
    for (size_t i = 0; i < view->facts->import.modules.count; i++)
        if (tfd_str_eq(view->facts->import.modules.items[i].name, name))
            return view->facts->import.modules.items[i].file;
    return TFD_STR("");
}

/* Keras takes its back end from KERAS_BACKEND, else from keras.json in the user's folder. */
static bool blame_keras_backend(const tfd_reading *r, tfd_str name)
{
    bool is_backend = tfd_str_is(name, "torch") || tfd_str_is(name, "jax") || tfd_str_is(name, "openvino");
    tfd_str value;
    bool is_set = tfd_view_variable(r->view, TFD_STR("KERAS_BACKEND"), &value);

    if (!is_backend || !tfd_path_has(tfd_view_style(r->view), tfd_reading_raising_file(r->exc), "/keras/"))
        return false;
    return tfd_reading_add(r, tfd_finding_of(TFD_CAUSE_ENV_SETTING,
                                             is_set ? TFD_STR("KERAS_BACKEND") : TFD_STR("keras.json"),
                                             TFD_W_NAMED, TFD_EFFECT_BREAKS));
}

/* A requirement that is not installed and whose modules lie below the same top-level name: "google" for
 * protobuf. */
static tfd_str missing_requirement(const tfd_view *view, tfd_str top)
{
    for (size_t i = 0; i < view->facts->requirements.count; i++) {
        const tfd_requirement *req = &view->facts->requirements.items[i];

        if (req->is_needed && req->applies != TFD_NO && req->found == TFD_NONE &&
            tfd_str_eq(top_of(tfd_kb_dist_module(view->kb, req->key)), top))
            return req->key;
    }
    return TFD_STR("");
}

/* "google.protobuf.internal" is protobuf's because "google.protobuf" is. */
static tfd_str dist_of_module(const tfd_view *view, tfd_str name)
{
    tfd_str key = tfd_kb_module_dist(view->kb, name);

    while (key.len == 0 && tfd_str_rfind_char(name, '.') != TFD_NPOS) {
        name = tfd_str_sub(name, 0, tfd_str_rfind_char(name, '.'));
        key = tfd_kb_module_dist(view->kb, name);
    }
    return key.len > 0 ? key : missing_requirement(view, name);
}

/* A requirement of a distribution that does not fit itself: that one has to be replaced. */
static bool blame_unfit_requirer(const tfd_reading *r, tfd_str key)
{
    const tfd_requirements *all = &r->view->facts->requirements;

    for (size_t i = 0; i < all->count; i++)
        if (tfd_str_eq(all->items[i].key, key) && all->items[i].is_needed &&
            tfd_view_is_unfit(r->view, all->items[i].by))
            return tfd_reading_add(r,
                                   tfd_blame_dist(r->view, all->items[i].by, TFD_W_NAMED, TFD_EFFECT_BREAKS));
    return false;
}

static bool blame_requirement(const tfd_reading *r, tfd_str name)
{
    tfd_str key = dist_of_module(r->view, name);

    if (key.len == 0) {
        char *text = tfd_arena_new(r->out->arena, char, name.len + 1);
        tfd_str top = top_of(name);

        if (!text)
            return false;
        for (size_t i = 0; i < top.len; i++)
            text[i] = top.ptr[i] == '_' ? '-' : tfd_char_lower(top.ptr[i]);
        key.ptr = text;
        key.len = top.len;
    }
    return blame_unfit_requirer(r, key) ||
           tfd_reading_add(r, tfd_blame_key(r->view, key, TFD_W_NAMED, TFD_EFFECT_BREAKS));
}

/* The caller is older than this Python. */
static bool blame_outdated(const tfd_reading *r)
{
    tfd_finding finding = tfd_reading_blame_file(r->view, tfd_reading_raising_file(r->exc), TFD_W_NAMED);

    if (finding.cause == TFD_CAUSE_TF_CORRUPT)
        finding.cause = TFD_CAUSE_TF_ABI_MISMATCH;
    return tfd_reading_add(r, finding);
}

/* A distribution that is not installed answers for the module that Python no longer has: setuptools for
 * distutils. */
static bool blame_successor(const tfd_reading *r, tfd_str name)
{
    tfd_str key = tfd_kb_module_dist(r->view->kb, name);

    return key.len > 0 && tfd_dist_find(r->view->facts, key) == TFD_NONE &&
           tfd_reading_add(r, tfd_blame_key(r->view, key, TFD_W_NAMED, TFD_EFFECT_BREAKS));
}

/* The module lies where it should; start-up code took its folder off sys.path. */
static bool blame_dropped(const tfd_reading *r, const tfd_module *module)
{
    size_t row = module ? module->place : TFD_NONE;
    tfd_finding finding =
        tfd_finding_of(TFD_CAUSE_PYTHONPATH_CONFLICT, TFD_STR(""), TFD_W_NAMED, TFD_EFFECT_BREAKS);

    finding.path = tfd_view_dropped_by(r->view, row);
    finding.subject = finding.path;
    return finding.path.len > 0 && tfd_reading_add(r, finding);
}

/* "import of x halted; None in sys.modules": somebody forbids the import (Lib/importlib/_bootstrap.py). */
static bool blame_blocker(const tfd_reading *r)
{
    tfd_finding finding =
        tfd_finding_of(TFD_CAUSE_PYTHONPATH_CONFLICT, TFD_STR(""), TFD_W_NAMED, TFD_EFFECT_BREAKS);

    if (!tfd_reading_says(r, "None in sys.modules"))
        return false;
    finding.path = tfd_view_startup_suspect(r->view);
    finding.subject = finding.path;
    return finding.path.len > 0 && tfd_reading_add(r, finding);
}

/* Imports what others name: Lib/importlib/__init__.py (import_module), runpy, pkgutil, pickle. */
static bool is_importer(const tfd_reading *r, tfd_str file)
{
    static const char *const ends[] = {"/importlib/__init__.py", "/runpy.py", "/pkgutil.py", "/pickle.py"};

    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
        if (tfd_path_ends(tfd_view_style(r->view), file, ends[i]))
            return true;
    return false;
}

/* Known as the standard library's, also where it was measured with another TensorFlow; or asked for by code
 * of the standard library, which needs nothing else for itself. */
static bool is_of_stdlib(const tfd_reading *r, const tfd_module *module, tfd_str name)
{
    const tfd_kb_imports *newest = tfd_kb_imports_find(r->view->kb, TFD_STR(""));
    const tfd_kb_module *known = newest ? tfd_kb_module_find(newest, name) : NULL;
    tfd_str file = tfd_reading_raising_file(r->exc);
    const tfd_place *asking = tfd_view_place(r->view, tfd_view_place_of(r->view, file));

    return (module && module->is_stdlib) || (known && known->stdlib) ||
           (asking && !is_importer(r, file) &&
            (asking->kind == TFD_PLACE_STDLIB || asking->kind == TFD_PLACE_DYNLOAD));
}

/* TensorFlow without metadata: check_install knows which of the ways of not being there it is. But if a part
 * of it was found and the rest was not, what is there is no whole TensorFlow. */
static bool blame_ownerless(const tfd_reading *r, tfd_str name)
{
    tfd_finding finding = tfd_blame_key(r->view, TFD_STR("tensorflow"), TFD_W_NAMED, TFD_EFFECT_BREAKS);

    finding.cause = TFD_CAUSE_TF_CORRUPT;
    return tfd_str_find_char(name, '.') == TFD_NPOS || tfd_reading_add(r, finding);
}

bool tfd_rule_no_module(const tfd_reading *r)
{
    tfd_str name = r->exc->name;
    tfd_str top = top_of(name);
    const tfd_module *module = find_module(r->view, top);
    const tfd_module *hidden = find_hidden(r->view, name);
    tfd_str parent = find_loaded(r->view, top);
    size_t place = parent.len > 0 ? tfd_view_place_of(r->view, parent) : TFD_NONE;

    if (!tfd_str_is(r->exc->type, "ModuleNotFoundError") || name.len == 0)
        return false;
    if (parent.len > 0 && top.len < name.len && tfd_blame_is_foreign(r->view, place))
        return tfd_reading_add(r, tfd_reading_blame_file(r->view, parent, TFD_W_NAMED));
    if (hidden && blame_hiding(r, hidden))
        return true;
    if (blame_blocker(r) || blame_dropped(r, module) || blame_keras_backend(r, top))
        return true;
    if (tfd_str_is(top, "tensorflow")) {
        if (r->view->facts->tensorflow == TFD_NONE)
            return blame_ownerless(r, name);
        return tfd_reading_add(
            r, tfd_blame_dist(r->view, r->view->facts->tensorflow, TFD_W_POINTS, TFD_EFFECT_BREAKS));
    }
    if (tfd_view_was_removed(r->view, top))
        return blame_successor(r, top) || blame_outdated(r);
    if (is_of_stdlib(r, module, top))
        return tfd_reading_add(
            r, tfd_finding_of(TFD_CAUSE_PYTHON_BROKEN, TFD_STR(""), TFD_W_NAMED, TFD_EFFECT_BREAKS));
    return blame_requirement(r, name);
}

/* "cannot import name 'x' from 'm' (path)": m is the wrong one, or of the wrong version; `path` tells which.
 */
bool tfd_rule_no_name(const tfd_reading *r)
{
    tfd_str path = r->exc->path;
    tfd_finding finding;

    if (!tfd_str_is(r->exc->type, "ImportError") || r->exc->name.len == 0)
        return false;
    if (path.len == 0)
        path = find_loaded(r->view, r->exc->name);
    if (path.len == 0) /* a namespace package has no file: whatever should have been there is not */
        return !tfd_str_is(top_of(r->exc->name), "tensorflow") && blame_requirement(r, r->exc->name);
    finding = tfd_reading_blame_file(r->view, path, TFD_W_POINTS + 15);
    /* TensorFlow's own files call each other: the other party is the odd one unless the caller is TensorFlow
     * too. */
    if (finding.cause == TFD_CAUSE_TF_CORRUPT) {
        tfd_finding caller = tfd_reading_blame_file(r->view, tfd_reading_raising_file(r->exc), TFD_W_POINTS);

        if (caller.cause != TFD_CAUSE_COUNT && caller.cause != TFD_CAUSE_TF_CORRUPT)
            finding = caller;
    }
    return tfd_reading_add(r, finding);
}

/* "module 'numpy' has no attribute …" where that module has no file: its folder lost __init__.py, or may not
 * be read. */
static bool rule_empty_namespace(const tfd_reading *r)
{
    tfd_str name = tfd_str_from(r->exc->object, sizeof "module " - 1);

    const tfd_module *module = find_module(r->view, name);

    if (!tfd_str_starts_z(r->exc->object, "module ") || tfd_str_is(top_of(name), "tensorflow"))
        return false;
    if (module && module->is_stdlib && module->is_closed)
        return tfd_reading_add(
            r, tfd_finding_of(TFD_CAUSE_PERMISSION_DENIED, module->path, TFD_W_NAMED, TFD_EFFECT_BREAKS));
    if (module && module->is_stdlib && module->kind == TFD_MODULE_NAMESPACE)
        return tfd_reading_add(
            r, tfd_finding_of(TFD_CAUSE_PYTHON_BROKEN, TFD_STR(""), TFD_W_NAMED, TFD_EFFECT_BREAKS));
    return dist_of_module(r->view, name).len > 0 && blame_requirement(r, name);
}

/* The caller requires another version of what it calls, and TensorFlow requires the one that is there. */
static bool is_odd_one(const tfd_view *view, size_t caller, size_t called)
{
    const tfd_requirements *all = &view->facts->requirements;

    for (size_t i = 0; called != TFD_NONE && i < all->count; i++)
        if (all->items[i].by == caller && all->items[i].found == called && all->items[i].applies != TFD_NO &&
            all->items[i].satisfied == TFD_NO)
            return !tfd_view_is_unfit(view, called);
    return false;
}

/* Of those on whose behalf it was called, from the innermost frame up to TensorFlow's own: jax asks through
 * jaxlib, and only one of the two says which version it wants. */
static bool find_odd_one(const tfd_reading *r, size_t called, tfd_finding *out)
{
    for (size_t i = r->exc->frame_count; i > 0; i--) {
        tfd_finding caller = tfd_reading_blame_file(r->view, r->exc->frames[i - 1].file, TFD_W_POINTS);

        if (caller.cause == TFD_CAUSE_TF_CORRUPT)
            return false;
        if (caller.dist != TFD_NONE && is_odd_one(r->view, caller.dist, called)) {
            *out = caller;
            return true;
        }
    }
    return false;
}

bool tfd_rule_attribute(const tfd_reading *r)
{
    tfd_str caller = tfd_reading_raising_file(r->exc);
    tfd_finding finding;

    if (!tfd_str_is(r->exc->type, "AttributeError"))
        return false;
    if (r->exc->object_file.len == 0)
        return rule_empty_namespace(r);
    finding = tfd_reading_blame_file(r->view, r->exc->object_file, TFD_W_POINTS);
    if (finding.cause != TFD_CAUSE_TF_CORRUPT) {
        (void)find_odd_one(r, finding.dist, &finding);
    } else if (caller.len > 0) {
        tfd_finding other = tfd_reading_blame_file(r->view, caller, TFD_W_POINTS);

        if (other.cause != TFD_CAUSE_COUNT && other.cause != TFD_CAUSE_TF_CORRUPT)
            finding = other;
    }
    return tfd_reading_add(r, finding);
}
