/* Failures that code which runs while Python starts has prepared: an import hook of its own that refuses, a
 * limit that it lowered, finders that it took away. */
#include "checks/exception_rules.h"

static bool blame(const tfd_reading *r, const tfd_startup_file *file)
{
    tfd_finding finding =
        tfd_finding_of(TFD_CAUSE_PYTHONPATH_CONFLICT, file->path, TFD_W_NAMED, TFD_EFFECT_BREAKS);

    finding.path = file->path;
    return tfd_reading_add(r, finding);
}

/* The start-up file whose code has this word. */
static const tfd_startup_file *find_word(const tfd_view *view, const char *word)
{
    for (size_t i = 0; i < view->facts->startup_files.count; i++)
        if (tfd_str_find_z(view->facts->startup_files.items[i].changes_python, word) != TFD_NPOS)
            return &view->facts->startup_files.items[i];
    return NULL;
}

/* warnings.simplefilter("error"), warnings.filterwarnings('error', …) */
static const tfd_startup_file *find_filter(const tfd_view *view)
{
    static const char *const words[] = {"filter('error", "filter(\"error", "warnings('error",
                                        "warnings(\"error"};
    const tfd_startup_file *file = NULL;

    for (size_t i = 0; !file && i < sizeof words / sizeof words[0]; i++)
        file = find_word(view, words[i]);
    return file;
}

/* Its own code raised, long after it ran: it stands between the program and the import system. */
static const tfd_startup_file *find_raising(const tfd_reading *r)
{
    tfd_str file = tfd_reading_raising_file(r->exc);

    for (size_t i = 0; i < r->view->facts->startup_files.count; i++)
        if (tfd_path_eq(tfd_view_style(r->view), r->view->facts->startup_files.items[i].path, file))
            return &r->view->facts->startup_files.items[i];
    return NULL;
}

/* A module that lies where it should on the real sys.path, and Python finds none of that name. */
static bool is_found_here(const tfd_reading *r, tfd_str name)
{
    const tfd_modules *all = &r->view->facts->modules;

    for (size_t i = 0; i < all->count; i++) {
        const tfd_module *one = &all->items[i];

        if (tfd_str_eq(one->name, name))
            return one->place != TFD_NONE && one->place == one->wanted &&
                   (one->kind == TFD_MODULE_PACKAGE || one->kind == TFD_MODULE_SOURCE) &&
                   tfd_view_dropped_by(r->view, one->place).len == 0;
    }
    return false;
}

/* "module 'tensorflow' has no attribute …": what is in use has no file, though there is one to be found. */
static bool is_stand_in(const tfd_reading *r)
{
    static const char prefix[] = "module ";

    return tfd_str_is(r->exc->type, "AttributeError") && r->exc->object_file.len == 0 &&
           tfd_str_starts_z(r->exc->object, prefix) &&
           is_found_here(r, tfd_str_from(r->exc->object, sizeof prefix - 1));
}

bool tfd_rule_startup(const tfd_reading *r)
{
    const tfd_startup_file *file = find_raising(r);
    bool has_limit = tfd_view_is_space_tight(r->view, r->view->facts->native_bytes);

    if (!file && tfd_str_is(r->exc->type, "RecursionError"))
        file = find_word(r->view, "setrecursionlimit");
    if (!file && !has_limit &&
        (tfd_str_is(r->exc->type, "MemoryError") || tfd_reading_says(r, "failed to map segment")))
        file = find_word(r->view, "setrlimit");
    if (!file && tfd_str_is(r->exc->type, "ModuleNotFoundError") && is_found_here(r, r->exc->name)) {
        file = find_word(r->view, "meta_path");
        if (!file)
            file = find_word(r->view, "path_hooks");
    }
    if (!file && tfd_str_ends_z(r->exc->type, "Warning"))
        file = find_filter(r->view);
    if (!file && is_stand_in(r))
        file = find_word(r->view, "sys.modules[");
    return file && blame(r, file);
}
