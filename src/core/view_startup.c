/* What code that runs while Python starts (.pth files, sitecustomize, usercustomize) did to variables and to
 * sys.path, and which file it was: by what the interpreter said of itself where the import was tried, else by
 * the forms of code that are understood. */
#include "core/view.h"

/* Read by the interpreter, the loader or the C library before start-up code runs: set there, they do nothing.
 */
static bool comes_too_late(tfd_str name)
{
    return tfd_str_starts_z(name, "PYTHON") || tfd_str_starts_z(name, "LD_") ||
           tfd_str_starts_z(name, "MALLOC_") || tfd_str_is(name, "GLIBC_TUNABLES");
}

/* The last row counts. */
static const tfd_start_variable *find_known(const tfd_facts *facts, tfd_str name)
{
    for (size_t i = facts->start_variables.count; i > 0; i--)
        if (tfd_str_eq(facts->start_variables.items[i - 1].name, name))
            return &facts->start_variables.items[i - 1];
    return NULL;
}

/* The file that changes a variable: by a form of code that is understood, by its name in the code, or because
 * no other file changes variables at all. Empty: several could have. */
static tfd_str find_culprit(const tfd_facts *facts, tfd_str name)
{
    const tfd_start_variable *known = find_known(facts, name);
    size_t count = 0;
    tfd_str only = TFD_STR("");

    if (known)
        return facts->startup_files.items[known->startup].path;
    for (size_t i = 0; i < facts->startup_files.count; i++) {
        const tfd_startup_file *one = &facts->startup_files.items[i];

        if (one->changes_variables.len == 0)
            continue;
        if (tfd_str_find(one->changes_variables, name) != TFD_NPOS)
            return one->path;
        only = one->path;
        count++;
    }
    return count == 1 ? only : TFD_STR("");
}

tfd_variable tfd_view_import_variable(const tfd_view *view, tfd_str name)
{
    const tfd_facts *facts = view->facts;
    const tfd_start_variable *known = find_known(facts, name);
    tfd_variable out = {false, false, {"", 0}, {"", 0}};

    out.is_set = tfd_view_variable(view, name, &out.value);
    if (comes_too_late(name))
        return out;
    if (facts->import.variables.complete) {
        for (size_t i = 0; i < facts->import.variables.count; i++) {
            const tfd_import_variable *one = &facts->import.variables.items[i];

            if (!tfd_str_eq(one->name, name))
                continue;
            out.is_set = one->is_set;
            out.value = one->value;
            out.by_startup = true;
            out.file = find_culprit(facts, name);
        }
    } else if (known) {
        out.is_set = known->is_set;
        out.value = known->value;
        out.by_startup = true;
        out.file = facts->startup_files.items[known->startup].path;
    }
    return out;
}

static bool is_on_real_path(const tfd_view *view, tfd_str path)
{
    const tfd_strs *real = &view->facts->import.sys_path;

    for (size_t i = 0; i < real->count; i++) {
        tfd_str one = real->items[i];

        while (one.len > 1 && tfd_path_is_sep(tfd_view_style(view), one.ptr[one.len - 1]))
            one.len--;
        if (tfd_path_eq(tfd_view_style(view), one, path))
            return true;
    }
    return false;
}

tfd_str tfd_view_loaded_at_start(const tfd_view *view, size_t row)
{
    const tfd_facts *facts = view->facts;
    const tfd_object *object = tfd_view_object(view, row);

    for (size_t i = 0; object && i < facts->start_loads.count; i++) {
        const tfd_start_load *one = &facts->start_loads.items[i];

        if (!one->is_dir && tfd_path_eq(tfd_view_style(view), one->path, object->path))
            return facts->startup_files.items[one->startup].path;
    }
    return TFD_STR("");
}

bool tfd_view_is_startup_suspect(const tfd_startup_file *file)
{
    return file->has_imports && (!file->understood || file->changes_python.len > 0);
}

tfd_str tfd_view_startup_suspect(const tfd_view *view)
{
    const tfd_facts *facts = view->facts;

    for (size_t i = 0; i < facts->startup_files.count; i++)
        if (tfd_view_is_startup_suspect(&facts->startup_files.items[i]))
            return facts->startup_files.items[i].path;
    return TFD_STR("");
}

tfd_str tfd_view_brought_by(const tfd_view *view, tfd_str path)
{
    const tfd_strs *real = &view->facts->import.sys_path;

    if (tfd_view_place_of(view, path) != TFD_NONE)
        return TFD_STR("");
    for (size_t i = 0; i < real->count; i++)
        if (real->items[i].len > 0 && tfd_path_is_below(tfd_view_style(view), path, real->items[i]))
            return tfd_view_startup_suspect(view);
    return TFD_STR("");
}

tfd_str tfd_view_dropped_by(const tfd_view *view, size_t row)
{
    const tfd_place *place = tfd_view_place(view, row);
    bool is_own = place && (place->kind == TFD_PLACE_STDLIB || place->kind == TFD_PLACE_DYNLOAD ||
                            place->kind == TFD_PLACE_SITE || place->kind == TFD_PLACE_BASE_SITE);

    if (!is_own || !place->exists)
        return TFD_STR("");
    if (!view->facts->import.sys_path.complete)
        return place->dropped_by;
    if (is_on_real_path(view, place->path))
        return TFD_STR("");
    return place->dropped_by.len > 0 ? place->dropped_by : tfd_view_startup_suspect(view);
}
